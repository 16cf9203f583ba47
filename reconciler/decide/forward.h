// The walk forward: entering nodes, judging the active ones, leaving them.
#pragma once

#include "reconciler/decide/context.h"
#include "reconciler/decide/fold.h"

namespace sluice::decide {

// One pass over the graph for the run in progress. May turn back.
void WalkForward(Context& context);

// Whether moving forward is blocked: by a person's pause, a stall, or because what is seen may be old.
bool ForwardBlocked(const Context& context);
// Why nodes are passed without their condition in this run: "first install", "fast-track", "promote by ann";
// "" if they are not.
std::string SkipReason(const Status& status);
// Since when an approval is waited for, if one is.
std::optional<TimePoint> PauseEntered(const Context& context);
// When the rollout's deadline is over; none while the time doesn't count.
std::optional<TimePoint> DeadlineOf(const Context& context);

}  // namespace sluice::decide
