#include "reconciler/decide/promotion.h"

#include <algorithm>

#include <fmt/format.h>

#include "reconciler/decide/autoscale.h"
#include "reconciler/decide/forward.h"
#include "reconciler/decide/history.h"
#include "reconciler/decide/objects.h"
#include "reconciler/decide/revision.h"
#include "reconciler/decide/split.h"

namespace sluice::decide {
namespace {

bool AllPodsReady(const Context& context) {
  const Status& status = context.status;
  const bool ready =
      HasPods(context, status.candidate, context.replicas()) && Ready(context, status.candidate) >= context.replicas();
  const bool alone = !context.by_pods() || status.stable.empty() || SpecPods(context, status.stable) == 0;
  return ready && alone;
}

// Where pods are bounded the share can only follow the pods, up to all of it.
void ShareFollowsPods(Context& context) {
  const Status& status = context.status;
  if (context.by_pods() || !context.bounded() || status.stable.empty()) {
    return;
  }
  const Number able = ShareCarriedBy(context, Ready(context, status.candidate));
  if (able > ShareOf(context, status.candidate) && able < Number(1)) {
    Apply(context, SplitFor(context, able, {}, Number(0)));
  }
}

void PassPointOfNoReturn(Context& context) {
  Status& status = context.status;
  const Revision revision = status.candidate;
  EndRun(context, "promoted", SkipReason(status));
  status.stable = revision;
  std::erase(status.promoted, revision);
  status.promoted.insert(status.promoted.begin(), revision);
  status.candidate.clear();
  status.promoted_at = context.now;
  status.paused = false;
  status.paused_until.reset();
  status.unready_since.reset();
  context.Event(false, "Promoted", fmt::format("revision {} is stable", revision));
}

}  // namespace

bool IsPromoted(const Status& status) { return status.phase == Phase::kProgressing && status.candidate.empty(); }

void AimAtPromotion(Context& context) {
  const Status& status = context.status;
  context.target[status.candidate] = context.replicas();
  if (!context.bounded() || status.stable.empty()) {
    return;
  }
  context.target[status.stable] = 0;
  context.floor[status.stable] = context.by_pods() ? 0 : NeedOf(context, ShareInFlight(context, status.stable));
  context.min_ready = std::max(0, context.replicas() - context.graph.policies.unavailable);
  context.max_pods = context.replicas() + context.graph.policies.surge;
}

std::optional<NodeEnd> JudgePromote(Context& context, const graph::Node& node, NodeRecord& record) {
  Status& status = context.status;
  if (!IsPromoted(status)) {
    AimAtPromotion(context);
    const TimePoint due = record.deadline.value_or(record.entered_at + kReadyBound);
    if (!AllPodsReady(context)) {
      ShareFollowsPods(context);
      const std::string trouble = TroubleOf(context, status.candidate);
      const std::string why = fmt::format("{} of {} candidate pods are ready{}{}", Endpoints(context, status.candidate),
                                          context.replicas(), trouble.empty() ? "" : ": ", trouble);
      if (context.now >= due) {
        return NodeEnd{graph::Outcome::kTimeout, why};
      }
      context.Say("promotion waits: " + why, node.path, due, trouble);
      return std::nullopt;
    }
    const Split only{{{status.candidate, Number(1)}}, {}, Number(0)};
    if (!context.by_pods() && !IsApplied(context, only)) {
      if (ForwardBlocked(context)) {
        return std::nullopt;
      }
      Apply(context, only);
    }
    if (!context.by_pods() && !status.applied.settled_at) {
      if (context.now >= due + kSettleBound) {
        return NodeEnd{graph::Outcome::kTimeout, "the route did not settle"};
      }
      context.Say("promotion waits for the route to settle", node.path, due + kSettleBound);
      return std::nullopt;
    }
    if (ForwardBlocked(context)) {
      return std::nullopt;
    }
    if (context.by_pods()) {
      status.applied.shares = {{status.candidate, Number(1)}};
      status.applied.previous = status.applied.shares;
      status.applied.settled_at = context.now;
    }
    PassPointOfNoReturn(context);
  }
  if (!StableServiceMoved(context, status.stable)) {
    context.Say(
        fmt::format("waits for Service {} to hold exactly the pods of {}", context.graph.service, status.stable),
        node.path);
    return std::nullopt;
  }
  record.settled_at = context.now;
  return NodeEnd{graph::Outcome::kPass, fmt::format("{} is stable", status.stable)};
}

std::optional<NodeEnd> JudgeRetire(Context& context, const graph::Node& node) {
  for (const auto& [revision, observed] : context.seen.revisions) {
    if (revision != context.status.stable && observed.deployment && observed.deployment->spec_replicas > 0) {
      context.Say(fmt::format("the pods of {} drain", revision), node.path);
      return std::nullopt;
    }
  }
  return NodeEnd{graph::Outcome::kPass, ""};
}

}  // namespace sluice::decide
