#include "reconciler/decide/invariants.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reconciler/decide/autoscale.h"
#include "reconciler/decide/context.h"
#include "reconciler/decide/hold.h"
#include "reconciler/decide/promise_checker.h"

namespace sluice::decide {

std::vector<std::string> Violations(const graph::Graph& graph, const Status& before, const Observed& seen,
                                    TimePoint now, const Decision& decision) {
  if (!seen.complete) {
    return decision.actions.empty() ? std::vector<std::string>()
                                    : std::vector<std::string>{"I6: it acts before the first lists are complete"};
  }
  // The graph in force is the accepted one while an edit waits.
  const bool deferred = seen.accepted != nullptr && decision.status.accepted_digest != seen.digest;
  const graph::Graph& planned = deferred ? *seen.accepted : graph;
  const std::optional<graph::Graph> resized = ResizedToDemand(planned, before, seen, now);
  const graph::Graph& in_force = resized ? *resized : planned;
  Decision scratch;
  Status was = before;
  Status is = decision.status;
  PromiseChecker checker{in_force,
                         before,
                         decision,
                         {in_force, seen, now, scratch, was, {}, {}, 0, {}, {}, {}, deferred},
                         {in_force, seen, now, scratch, is, {}, {}, 0, {}, {}, {}, deferred},
                         {}};
  CheckShares(checker);
  CheckNames(checker);
  CheckLostEndpoints(checker);
  CheckPods(checker);
  CheckPartition(checker);
  CheckAutoscalers(checker);
  CheckOrder(checker);
  CheckWayBack(checker);
  CheckDeletes(checker);
  CheckEffects(checker);
  CheckHistory(checker);
  return std::move(checker.broken);
}

bool IsAtRest(const Status& status) {
  return status.phase == Phase::kSettled || status.phase == Phase::kIdle || status.phase == Phase::kWaiting;
}

bool HasWayOut(const Decision& decision) {
  const Status& status = decision.status;
  if (status.phase == Phase::kSettled || status.phase == Phase::kIdle) {
    return true;
  }
  const bool named = status.hold != Hold::kNone && !WayOutOf(status.hold).command.empty();
  return named || decision.wake_at.has_value() || !decision.actions.empty();
}

}  // namespace sluice::decide
