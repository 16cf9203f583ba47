#include "reconciler/decide/autoscale.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "compiler/graph/resize.h"
#include "reconciler/decide/objects.h"
#include "reconciler/decide/revision.h"

namespace sluice::decide {
namespace {

// Of what autoscalers take for no change (horizontal-pod-autoscaler-tolerance).
const Number kTolerated = Number::Ratio(11, 10);

// Of autoscalers' measurements no watch tells: horizontal-pod-autoscaler-sync-period.
constexpr Duration kMeasuredEvery{15'000};
// So long after requests or pods moved measurements may still be of before: a kubelet's and metrics-server's
// resolution, and an autoscaler's own period, each up to 15 s or set higher.
constexpr Duration kMeasured{120'000};

std::int32_t Recorded(const Status& status, const Revision& revision) {
  const auto pods = status.applied.pods.find(revision);
  return pods == status.applied.pods.end() ? 0 : pods->second;
}

std::int32_t SpecOf(const Observed& observed, const Revision& revision) {
  const auto seen = observed.revisions.find(revision);
  const bool there = seen != observed.revisions.end() && seen->second.deployment;
  return there ? std::max(0, seen->second.deployment->spec_replicas) : 0;
}

graph::List ItemsOf(const graph::Value& value) { return value.as_list() == nullptr ? graph::List() : *value.as_list(); }

const ObservedObject* SeenAutoscaler(const Observed& observed, const Revision& revision) {
  const auto seen = observed.revisions.find(revision);
  if (seen == observed.revisions.end()) {
    return nullptr;
  }
  for (const auto& [name, companion] : seen->second.companions) {
    if (name.kind == graph::kAutoscalerKind) {
      return &companion;
    }
  }
  return nullptr;
}

std::int32_t CountAt(const graph::Value& object, std::initializer_list<std::string_view> path) {
  const graph::Value value = object.Path(path);
  const auto* count = value.as_quantity();
  return count == nullptr ? 0
                          : static_cast<std::int32_t>(std::clamp<std::int64_t>(count->number.Floor(), 0, INT32_MAX));
}

// The pods that stable has; where somebody took its Deployment away, those that it had.
std::int32_t PodsOfStable(const Status& status, const Observed& observed) {
  if (const std::int32_t spec = SpecOf(observed, status.stable); spec > 0) {
    return spec;
  }
  const ObservedObject* autoscaler = SeenAutoscaler(observed, status.stable);
  const std::int32_t desired = autoscaler == nullptr ? 0 : CountAt(autoscaler->object, {"status", "desiredReplicas"});
  return std::max(desired, Recorded(status, status.stable));
}

// Pods that a revision's requests keep busy at the use that the plan wants of one: what its autoscaler would count if
// it were free to (KEP-853 and the algorithm's page: pods × use / target). 0 where nothing is measured.
//
// What it recommends is no such measure: it is the largest of some minutes (scaleDown.stabilizationWindowSeconds), and
// so of pods that the split has taken away since.
Number BusyPods(const Observed& observed, const Revision& revision) {
  const auto seen = observed.revisions.find(revision);
  const ObservedObject* autoscaler = SeenAutoscaler(observed, revision);
  if (autoscaler == nullptr || !seen->second.deployment) {
    return Number(0);
  }
  const std::int32_t measured_pods =
      std::min(seen->second.deployment->ready, CountAt(autoscaler->object, {"status", "currentReplicas"}));
  const graph::Value wanted = autoscaler->object.Path({"spec", "metrics"});
  const graph::Value current = autoscaler->object.Path({"status", "currentMetrics"});
  Number busy;
  for (const graph::Value& metric : ItemsOf(wanted)) {
    const graph::Value name = metric.Path({"resource", "name"});
    const std::int32_t target = CountAt(metric, {"resource", "target", "averageUtilization"});
    for (const graph::Value& measured : ItemsOf(current)) {
      const std::int32_t use = CountAt(measured, {"resource", "current", "averageUtilization"});
      if (target > 0 && !name.is_none() && measured.Path({"resource", "name"}) == name) {
        const Number pods = Number(std::max(0, measured_pods)) * Number::Ratio(use, target);
        busy = pods > busy ? pods : busy;
      }
    }
  }
  return busy;
}

// Where a plan with a number of pods became one with an autoscaler in the middle of a move: stable may have given up
// some of them by then.
std::int32_t PodsBefore(const graph::Graph& graph, const Status& status, const Observed& observed) {
  std::int32_t pods = observed.accepted == nullptr ? 0 : observed.accepted->workload.replicas;
  if (graph.router.shares_by_pods || graph.policies.capacity_shared) {
    pods = std::max(pods, Recorded(status, status.stable) + Recorded(status, status.candidate));
  }
  return std::max(pods, PodsOfStable(status, observed));
}

// When measurements are of what stands now.
TimePoint MeasuredAt(const graph::Graph& graph, const Status& status) {
  const Applied& applied = status.applied;
  const auto& moved = graph.router.shares_by_pods ? applied.pods_at : applied.written_at;
  return moved ? *moved + kMeasured : TimePoint{};
}

std::int32_t Demand(const graph::Graph& graph, const Status& status, const Observed& observed, TimePoint now) {
  const graph::Autoscaler& autoscaler = *graph.autoscaler;
  std::int64_t demand = status.demand;
  if (status.demand == 0) {
    demand = Moves(status) ? PodsBefore(graph, status, observed) : PodsOfStable(status, observed);
  } else if (!Moves(status)) {
    // It waits for measurements; what autoscalers ask for beyond it they get.
  } else if (!graph.router.shares_by_pods) {
    demand = std::max(status.demand, SpecOf(observed, status.stable));
  } else if (now >= MeasuredAt(graph, status)) {
    const Number busy = BusyPods(observed, status.stable) + BusyPods(observed, status.candidate);
    if (!busy.overflowed() && busy > Number(demand) * kTolerated) {
      demand = busy.Ceil();
    }
  }
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(demand, autoscaler.min, std::max(autoscaler.min, autoscaler.max)));
}

struct Bounds {
  std::int32_t min = 1, max = 1;
};

Bounds BoundsOf(const Context& context, const Revision& revision, std::int32_t pods) {
  const Status& status = context.status;
  const graph::Autoscaler& plan = *context.graph.autoscaler;
  if (status.demand == 0 && revision == status.stable) {
    return {plan.min, std::max(plan.min, plan.max)};
  }
  if (!context.by_pods() || !Moves(status)) {
    const auto target = context.target.find(revision);
    const auto floor = context.floor.find(revision);
    const std::int32_t aim = target == context.target.end() || target->second == 0 ? pods : target->second;
    const std::int32_t least = std::max(aim, floor == context.floor.end() ? 0 : std::min(floor->second, pods));
    return {least, std::max(least, plan.max)};
  }
  // The pods are the share: nobody else counts them before the move is over.
  return {pods, pods};
}

}  // namespace

bool Moves(const Status& status) { return status.phase == Phase::kProgressing || status.phase == Phase::kGoingBack; }

std::optional<graph::Graph> ResizedToDemand(const graph::Graph& graph, const Status& status, const Observed& observed,
                                            TimePoint now) {
  if (!graph.autoscaler) {
    return std::nullopt;
  }
  const std::int32_t demand = Demand(graph, status, observed, now);
  return demand == graph.workload.replicas ? std::nullopt : std::optional(graph::Resized(graph, demand));
}

void KeepDemand(Context& context) {
  Status& status = context.status;
  const TimePoint due = MeasuredAt(context.graph, status);
  const bool pinned = Moves(status) || (status.demand > 0 && context.now < due);
  status.demand = context.graph.autoscaler && pinned ? context.replicas() : 0;
  if (status.demand == 0) {
    return;
  }
  if (!Moves(status)) {
    context.Wake(due);
  } else if (context.by_pods()) {
    context.Wake(context.now + kMeasuredEvery);
  }
}

bool KeepsPods(const Context& context, const Revision& revision, std::int32_t pods) {
  const ObservedObject* autoscaler = SeenAutoscaler(context.seen, revision);
  return autoscaler == nullptr || !context.graph.autoscaler ||
         CountAt(autoscaler->object, {"spec", "minReplicas"}) >= std::min(pods, SpecPods(context, revision));
}

bool HasPods(const Context& context, const Revision& revision, std::int32_t pods) {
  const std::int32_t has = SpecPods(context, revision);
  return has == pods || (has > pods && context.graph.autoscaler && !context.by_pods());
}

std::int32_t PodsToAsk(const Context& context, const Revision& revision, std::int32_t target) {
  const auto& autoscaler = context.graph.autoscaler;
  if (!autoscaler || (context.by_pods() && Moves(context.status)) || target == 0) {
    return target;
  }
  return std::max(target, std::min(SpecPods(context, revision), autoscaler->max));
}

graph::Value AutoscalerFor(const Context& context, const Revision& revision, std::int32_t pods) {
  const std::vector<graph::Value>& companions = context.graph.workload.companions;
  const auto found = std::find_if(companions.begin(), companions.end(), [](const graph::Value& object) {
    return object.Field("kind") == graph::Value(graph::kAutoscalerKind);
  });
  if (!context.graph.autoscaler || found == companions.end() || pods == 0) {
    return {};
  }
  const Bounds bounds = BoundsOf(context, revision, pods);
  const graph::Value name(context.graph.service + "-" + revision);
  graph::Value object = With(*found, {"metadata", "name"}, name);
  object = With(object, {"metadata", "labels", graph::kRevisionLabel}, graph::Value(revision));
  object = With(object, {"spec", "scaleTargetRef", "name"}, name);
  object = With(object, {"spec", "minReplicas"}, graph::Value(bounds.min));
  return With(object, {"spec", "maxReplicas"}, graph::Value(bounds.max));
}

void SayBlindAutoscaler(Context& context) {
  const ObservedObject* autoscaler = SeenAutoscaler(context.seen, context.status.stable);
  if (!context.graph.autoscaler || autoscaler == nullptr) {
    return;
  }
  for (const graph::Value& condition : ItemsOf(autoscaler->object.Path({"status", "conditions"}))) {
    const std::string reason = condition.Field("reason").ToText();
    const bool blind = condition.Field("type") == graph::Value("ScalingActive") &&
                       condition.Field("status") == graph::Value("False") && reason != "ScalingDisabled";
    if (blind) {
      const std::string text = fmt::format("the autoscaler of {} counts nothing: {}", context.status.stable, reason);
      context.Say(text, {}, {}, text);
    }
  }
}

}  // namespace sluice::decide
