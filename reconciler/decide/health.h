// What can end or set back a run from outside of its nodes: lost endpoints, pods that fall below the need, the
// watch, deadlines, a pause that nobody ends.
#pragma once

#include <string>

#include "reconciler/decide/context.h"

namespace sluice::decide {

// True if the walk may go on.
bool CheckHealth(Context& context);

// An outcome led to `hold`: forward is blocked until someone acts, at most to the deadline.
void Stall(Context& context, const std::string& reason, const std::string& node);

// The run failed. `by_step`: the plan's `on failure` may begin with `hold`.
void FailRun(Context& context, const std::string& reason, const std::string& node, bool by_step);

}  // namespace sluice::decide
