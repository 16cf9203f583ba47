// The promises of the core, as code: checked after every decision of every test, simulation and exploration.
//
// I1  a raised share finds ready pods; none goes to a revision without an endpoint
// I2  ready pods don't fall below the minimum by us, specs don't rise above the maximum
// I3  the candidate's share never exceeds that of the furthest node entered; order is kept
// I4  after a failure the candidate's share never rises, is 0 once stable can carry it, and its pods drain first
// I6  only objects with an identity go, never those of a revision with a role or traffic
// I7  every effect is implied by the status that is persisted before it
// I8  every write carries version and epoch
// I5 (rest) and I9 (a way out) are about a whole run: IsAtRest and HasWayOut are their halves for one moment.
#pragma once

#include <string>
#include <vector>

#include "reconciler/decide/decide.h"

namespace sluice::decide {

// One sentence for each promise that this decision breaks; empty if all are kept.
std::vector<std::string> Violations(const graph::Graph& graph, const Status& before, const Observed& seen,
                                    TimePoint now, const Decision& decision);

// The end of a run: settled, idle or a named hold that waits for someone.
bool IsAtRest(const Status& status);
// Whether something leads out of this state: it is at rest with a named way out, or a timer runs, or the
// decision did something.
bool HasWayOut(const Decision& decision);

}  // namespace sluice::decide
