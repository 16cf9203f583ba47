// What git wants now against what is under way: starting, superseding, reverting.
#pragma once

#include "reconciler/decide/context.h"

namespace sluice::decide {

// The revision that is to be stable in the end; "" if there is none (removed before a first promotion).
Revision Wanted(const Context& context);

// Follows a change of what is wanted: a new revision pre-empts everything at once, the present candidate
// leaves with whatever share stable cannot carry; stable's own revision is a way back.
void FollowGit(Context& context);

// Moves to stable what leaving revisions still carry, as far as it can.
void RelieveLeaving(Context& context);

}  // namespace sluice::decide
