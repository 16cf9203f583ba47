#include "reconciler/decide/forward.h"

#include <algorithm>

#include <fmt/format.h>

#include "reconciler/decide/back.h"
#include "reconciler/decide/gates.h"
#include "reconciler/decide/health.h"
#include "reconciler/decide/history.h"
#include "reconciler/decide/nodes.h"
#include "reconciler/decide/outbox.h"
#include "reconciler/decide/promotion.h"
#include "reconciler/decide/revision.h"
#include "reconciler/decide/split.h"

namespace sluice::decide {
namespace {

// Nodes that a first install, a fast-track and `promote` pass by. A Job belongs to what a revision needs, and ran where
// the revision was promoted before.
bool Skippable(const Status& status, const graph::Node& node) {
  if (std::holds_alternative<graph::RunNode>(node.does)) {
    return status.fast_track;
  }
  return !std::holds_alternative<graph::PromoteNode>(node.does) &&
         !std::holds_alternative<graph::RetireNode>(node.does) && !std::holds_alternative<graph::NotifyNode>(node.does);
}

// Leaves an active node. False if that ended the walk.
bool LeaveNode(Context& context, Walk& walk, graph::NodeId id, const NodeEnd& end) {
  Status& status = context.status;
  const graph::Node& node = context.graph.nodes[id];
  const graph::Disposition leads_to = end.outcome == graph::Outcome::kPass
                                          ? graph::Disposition::kNext
                                          : node.outcomes[static_cast<std::size_t>(end.outcome)];
  const bool held = leads_to == graph::Disposition::kFail && context.graph.hold_on_failure;
  const bool goes_on = leads_to == graph::Disposition::kNext || leads_to == graph::Disposition::kContinue;
  if (!goes_on) {
    status.cause = end.outcome;
  }
  if (leads_to == graph::Disposition::kHold || held) {
    Stall(context, end.evidence, node.path);
    return false;
  }
  if (std::holds_alternative<graph::PauseNode>(node.does)) {
    // A person's pause on top of it is counted when that ends.
    const TimePoint until = status.paused ? status.paused_at.value_or(context.now) : context.now;
    status.excluded += until - status.nodes[node.path].entered_at;
  }
  FinishNode(context, node, end.outcome, end.evidence);
  walk.Finish(id);
  if (goes_on) {
    return true;
  }
  FailRun(context, fmt::format("{}: {}", node.path, end.evidence), node.path, leads_to == graph::Disposition::kFail);
  return false;
}

void PassBy(Context& context, Walk& walk, graph::NodeId id, const std::string& exception) {
  const graph::Node& node = context.graph.nodes[id];
  if (!walk.IsActive(id)) {
    EnterNode(context, node);
  }
  FinishNode(context, node, graph::Outcome::kPass, "", exception);
  walk.Finish(id);
}

// Enters what can be entered and judges what is active, in the order of the graph. A single pass is enough:
// `after` only points back.
void Visit(Context& context, Walk& walk) {
  const std::string skip = SkipReason(context.status);
  for (graph::NodeId id = 0; id < context.graph.nodes.size(); ++id) {
    const graph::Node& node = context.graph.nodes[id];
    const bool enters = walk.IsFrontier(id) && !ForwardBlocked(context);
    if (!enters && !walk.IsActive(id)) {
      continue;
    }
    if (!skip.empty() && Skippable(context.status, node) && !ForwardBlocked(context)) {
      PassBy(context, walk, id, skip);
      continue;
    }
    if (enters) {
      EnterNode(context, node);
      walk.Enter(id);
    }
    NodeRecord& record = context.status.nodes[node.path];
    const std::optional<NodeEnd> end = JudgeNode(context, node, record);
    if (end && !LeaveNode(context, walk, id, *end)) {
      return;
    }
  }
}

// Where one quota bounds both roles, stable's pods that don't become ready must not keep the candidate's room.
bool StableIsStuck(const Context& context) {
  const Status& status = context.status;
  const auto& changed = status.applied.pods_at;
  return Endpoints(context, status.stable) < SpecPods(context, status.stable) && changed &&
         context.now >= *changed + kRescue;
}

void AimStable(Context& context, const Fold& fold) {
  const Status& status = context.status;
  std::int32_t target = context.bounded() ? fold.pods.stable : context.replicas();
  std::int32_t floor = context.by_pods() ? 0 : NeedOf(context, ShareInFlight(context, status.stable));
  if (context.max_pods && SpecPods(context, status.candidate) < fold.pods.candidate) {
    std::int32_t room = *context.max_pods - fold.pods.candidate;
    for (const auto& [revision, observed] : context.seen.revisions) {
      if (revision != status.stable && revision != status.candidate) {
        room -= SpecPods(context, revision);
      }
    }
    const bool stuck = StableIsStuck(context);
    if (status.applied.pods_at) {
      context.Wake(*status.applied.pods_at + kRescue);
    }
    const std::int32_t ready = Endpoints(context, status.stable);
    target = std::min(target, std::max(stuck ? ready : SpecPods(context, status.stable), room));
    floor = stuck ? std::min(floor, ready) : floor;
  }
  context.target.emplace(status.stable, std::max(0, target));
  context.floor.emplace(status.stable, floor);
}

// A first install has no pods before the Jobs that the plan runs before it scales.
bool WaitsForJob(const Context& context, const Walk& walk) {
  for (graph::NodeId id = 0; id < context.graph.nodes.size(); ++id) {
    const graph::Node& node = context.graph.nodes[id];
    if (std::holds_alternative<graph::ScaleNode>(node.does) && walk.IsDone(id)) {
      return false;
    }
    if (std::holds_alternative<graph::RunNode>(node.does) && walk.IsActive(id)) {
      return true;
    }
  }
  return false;
}

// Fills in what the nodes done so far say, where nothing more urgent was decided.
void AimPods(Context& context, const Walk& walk) {
  const Status& status = context.status;
  if (IsPromoted(status) || status.first_install) {
    if (context.bounded() && !context.max_pods) {
      // What an earlier first install left gives its room up pod by pod.
      context.min_ready = std::max(context.min_ready, context.replicas() - context.graph.policies.unavailable);
      context.max_pods = context.replicas() + context.graph.policies.surge;
    }
    if (IsPromoted(status) || !WaitsForJob(context, walk)) {
      context.target.emplace(IsPromoted(status) ? status.stable : status.candidate, context.replicas());
    }
    return;
  }
  const Fold fold = FoldNodes(context, walk);
  if (fold.scaled) {
    context.target.emplace(status.candidate, fold.pods.candidate);
  }
  if (!context.by_pods()) {
    context.floor.emplace(status.candidate, NeedOf(context, ShareInFlight(context, status.candidate)));
  }
  if (context.bounded()) {
    context.min_ready = std::max(context.min_ready, context.replicas() - context.graph.policies.unavailable);
    context.max_pods = std::max(context.replicas() + context.graph.policies.surge, fold.max_pods);
  }
  AimStable(context, fold);
}

// The run is promoted and nothing is left of it but messages.
void FinishTail(Context& context, const Walk& walk) {
  Status& status = context.status;
  for (graph::NodeId id = 0; id < context.graph.nodes.size(); ++id) {
    if (!walk.IsDone(id) && !walk.IsBehind(id)) {
      return;
    }
  }
  if (!RunVerbs(context, context.graph.on_success, "", "")) {
    return;
  }
  status.phase = Phase::kSettled;
  status.first_install = false;
  status.fast_track = false;
  status.skip_to_end = false;
  context.Event(false, "Settled", fmt::format("revision {} runs alone", status.stable));
}

// A lower share of the candidate applies at once, as far as stable can carry the rest; a higher one only by
// entering its node.
void LowerShare(Context& context, const Walk& walk) {
  const Status& status = context.status;
  if (context.by_pods() || !CandidateExposed(context) || !SkipReason(status).empty() || status.stable.empty()) {
    return;
  }
  const Fold fold = FoldNodes(context, walk);
  const Number share = ShareOf(context, status.candidate);
  if (fold.traffic != nullptr && share <= fold.share) {
    return;
  }
  const bool nothing = fold.traffic == nullptr;
  const std::vector<graph::Match> matches = nothing ? std::vector<graph::Match>() : status.applied.matches;
  const Number mirror = nothing ? Number(0) : status.applied.mirror;
  Number lower = fold.share < share ? fold.share : share;
  const Number freed = share - lower;
  const Number able = ShareCarriedBy(context, Ready(context, status.stable));
  const Number has = ShareOf(context, status.stable);
  if (has + freed > able) {
    const Number gain = able > has ? able - has : Number(0);
    lower = share - (gain < freed ? gain : freed);
  }
  Split split = SplitFor(context, lower, matches, mirror);
  if (!IsApplied(context, split)) {
    Apply(context, std::move(split));
  }
}

}  // namespace

bool ForwardBlocked(const Context& context) {
  return context.status.paused || context.status.stalled || !context.seen.unseen.empty();
}

std::string SkipReason(const Status& status) {
  if (status.first_install) {
    return "first install";
  }
  if (status.fast_track) {
    return "fast-track";
  }
  return status.skip_to_end ? "promote by " + status.skip_by : std::string();
}

std::optional<TimePoint> PauseEntered(const Context& context) {
  for (const graph::Node& node : context.graph.nodes) {
    if (!std::holds_alternative<graph::PauseNode>(node.does)) {
      continue;
    }
    const auto record = context.status.nodes.find(node.path);
    if (record != context.status.nodes.end() && record->second.state == NodeState::kActive) {
      return record->second.entered_at;
    }
  }
  return std::nullopt;
}

std::optional<TimePoint> DeadlineOf(const Context& context) {
  const Status& status = context.status;
  if (status.paused || PauseEntered(context) || !status.run_started_at) {
    return std::nullopt;
  }
  return *status.run_started_at + context.graph.policies.deadline + status.excluded;
}

void WalkForward(Context& context) {
  Status& status = context.status;
  if (!context.seen.unseen.empty()) {
    context.Say(context.seen.unseen, {}, {}, context.seen.unseen);
    context.Wake(context.now + kLookAgain);
  }
  Walk walk(context.graph, status);
  if (IsPromoted(status)) {
    Visit(context, walk);
    AimPods(context, walk);
    FinishTail(context, walk);
    return;
  }
  if (!CheckHealth(context)) {
    if (status.phase == Phase::kProgressing) {
      AimPods(context, Walk(context.graph, status));  // it stays where it is, and within its bounds
    }
    return;
  }
  walk = Walk(context.graph, status);
  LowerShare(context, walk);
  if (!status.stalled) {
    Visit(context, walk);
  }
  if (status.phase == Phase::kProgressing) {
    AimPods(context, walk);
  }
  if (status.phase == Phase::kProgressing && IsPromoted(status)) {
    FinishTail(context, walk);
  }
}

}  // namespace sluice::decide
