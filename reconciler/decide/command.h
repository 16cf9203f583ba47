// What people say: approve, reject, pause, resume, abort, retry, promote, undo.
#pragma once

#include "reconciler/decide/context.h"

namespace sluice::decide {

// Takes each command that was not taken before, once, by uid; one that doesn't fit is refused with a reason.
void TakeCommands(Context& context);

}  // namespace sluice::decide
