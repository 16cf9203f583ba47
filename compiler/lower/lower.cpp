#include "compiler/lower/lower.h"

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "compiler/graph/codec.h"
#include "compiler/graph/identity.h"
#include "compiler/graph/names.h"
#include "compiler/graph/validate.h"
#include "compiler/graph/walk.h"
#include "compiler/lower/deadline.h"
#include "compiler/lower/mistakes.h"
#include "compiler/lower/nodes.h"
#include "compiler/lower/order.h"
#include "compiler/lower/router.h"
#include "compiler/manifest/patch.h"
#include "compiler/manifest/workload.h"

namespace sluice::lower {
namespace {

// A RolloutBundle holds the graph twice over at most (etcd takes 1.5 MiB an object by default).
constexpr std::size_t kMaxGraphBytes = 512 * 1024;

graph::Policies MakePolicies(const check::Rollout& rollout) {
  graph::Policies policies;
  policies.deadline = rollout.deadline ? rollout.deadline->value : policies.deadline;
  policies.deadline_else = rollout.deadline_else.value_or(policies.deadline_else);
  policies.drain = rollout.drain ? rollout.drain->value : policies.drain;
  policies.keep_previous = rollout.keep_previous ? rollout.keep_previous->value : policies.keep_previous;
  policies.fast_track = rollout.fast_track ? rollout.fast_track->value : policies.fast_track;
  policies.tolerance = rollout.tolerance ? rollout.tolerance->value : policies.tolerance;
  // What was there before stays.
  policies.delete_on_removal = rollout.delete_on_removal && !rollout.service->adopted;
  const graph::Allowance allowance = manifest::AllowanceOf(*rollout.service);
  policies.surge = allowance.surge;
  policies.unavailable = allowance.unavailable;
  const bool by_pods = rollout.router->router.shares_by_pods;
  policies.capacity_shared = by_pods || (rollout.capacity_shared && rollout.capacity_shared->value);
  return policies;
}

CapacityRules MakeRules(const graph::Graph& graph) {
  CapacityRules rules;
  rules.capacity = graph.router.shares_by_pods      ? Capacity::kPods
                   : graph.policies.capacity_shared ? Capacity::kShared
                                                    : Capacity::kFull;
  rules.limits = {graph.workload.replicas, graph.policies.surge, graph.policies.unavailable};
  if (graph.autoscaler) {
    const std::int32_t most = graph.autoscaler->max;
    const graph::Allowance allowance = graph::AllowanceOf(graph.autoscaler->surge, graph.autoscaler->unavailable, most);
    rules.most = {most, allowance.surge, allowance.unavailable};
  }
  return rules;
}

std::optional<graph::Autoscaler> MakeAutoscaler(const check::Service& service) {
  if (!service.autoscaling) {
    return std::nullopt;
  }
  return graph::Autoscaler{service.replicas.value, service.autoscaling->max.value, manifest::SurgeOf(service),
                           manifest::UnavailableOf(service)};
}

// A shared capacity moves pods and traffic in as many rounds as its pods take: a graph with an autoscaler would have
// another shape for each number of them.
bool CheckAutoscaler(const check::Rollout& rollout, diagnostics::Emitter& emitter) {
  const check::Patch* patch = manifest::FindPatch(*rollout.service, graph::kAutoscalerKind);
  if (patch != nullptr && rollout.router->router.shares_by_pods && !patch->value.Path({"spec", "metrics"}).is_none()) {
    emitter
        .Report(diagnostics::kSharedAutoscaler, patch->span,
                fmt::format("where pods make the shares, `{}` can only be counted by its CPU or memory",
                            rollout.service->name))
        .Label(rollout.span, "by this rollout, without a route")
        .Note(
            "while it runs no autoscaler may move the shares: Sluice counts the pods of both revisions by what "
            "`replicas … at` says");
    return false;
  }
  if (!rollout.service->autoscaling || !rollout.capacity_shared || !rollout.capacity_shared->value ||
      rollout.router->router.shares_by_pods) {
    return true;
  }
  emitter
      .Report(diagnostics::kSharedAutoscaler, rollout.capacity_shared->span,
              fmt::format("`capacity shared` needs a fixed number of pods, and service `{}` has an autoscaler",
                          rollout.service->name))
      .Label(rollout.service->autoscaling->span, "the autoscaler")
      .Note(
          "leave `capacity` out: stable keeps its pods until the promotion has drained; or give the service a number "
          "of `replicas`");
  return false;
}

void PruneFunctions(graph::Graph& graph, const graph::FunctionTable& all) {
  graph::VisitExpressions(
      graph, [&](const graph::Expression& expression) { graph::CollectFunctions(expression, all, graph.functions); });
}

bool CheckSize(const check::Rollout& rollout, const graph::Graph& graph, diagnostics::Emitter& emitter) {
  const std::size_t size = graph::EncodeGraph(graph, false).size();
  if (size <= kMaxGraphBytes) {
    return true;
  }
  emitter
      .Report(diagnostics::kGraphTooLarge, rollout.span,
              fmt::format("the graph of rollout `{}` has {} KiB, more than {}", rollout.name, size / 1024,
                          kMaxGraphBytes / 1024))
      .Note("it is stored as one object in the cluster: fewer steps, or smaller objects in the router");
  return false;
}

bool CheckPorts(const check::Rollout& rollout, diagnostics::Emitter& emitter) {
  if (rollout.router->router.shares_by_pods || !rollout.service->ports.empty()) {
    return true;
  }
  emitter
      .Report(diagnostics::kServiceWithoutPort, rollout.deploy_span.known() ? rollout.deploy_span : rollout.span,
              fmt::format("service `{}` has no port for router `{}` to send traffic to", rollout.service->name,
                          rollout.router->router.name))
      .Label(rollout.service->span, "add `port http 8080`");
  return false;
}

// Pods of all revisions are those of one StatefulSet, which no Service of a revision's own leads to.
bool CheckPartition(const check::Rollout& rollout, diagnostics::Emitter& emitter) {
  const std::string name = rollout.service->adopted->deployment.Path({"metadata", "name"}).ToText();
  if (rollout.router->router.shares_by_pods) {
    return true;
  }
  emitter
      .Report(diagnostics::kAdoptionRefused, rollout.through_span.known() ? rollout.through_span : rollout.span,
              fmt::format("router `{}` can't tell the revisions of StatefulSet `{}` apart", rollout.router->router.name,
                          name))
      .Label(rollout.service->adopted->span, "its pods are taken over by this")
      .Note(
          "they change in their places, and a revision's share is its part of them: leave `through` out, or write "
          "`via routers.replicas()` in the route")
      .Emit();
  return false;
}

// A router that writes Service NAME itself selects pods by labels that those that run already don't have.
bool CheckAdoption(const check::Rollout& rollout, diagnostics::Emitter& emitter) {
  if (rollout.service->adopted && rollout.service->adopted->by_partition) {
    return CheckPartition(rollout, emitter);
  }
  if (!rollout.service->adopted || rollout.router->router.address != graph::Router::Address::kRouter) {
    return true;
  }
  emitter
      .Report(diagnostics::kAdoptionRefused, rollout.through_span.known() ? rollout.through_span : rollout.span,
              fmt::format("router `{}` writes Service `{}` itself, which leads to pods that run already",
                          rollout.router->router.name, rollout.service->name))
      .Label(rollout.service->adopted->span, "these")
      .Note("take over the workload without a route, by pods, or through a gateway")
      .Emit();
  return false;
}

std::optional<graph::Graph> LowerOne(const check::Rollout& rollout, bool whole, const graph::FunctionTable& functions,
                                     const source::SourceSet& sources, diagnostics::Emitter& emitter) {
  if (rollout.service == nullptr || !rollout.router) {
    OrderSteps(rollout, emitter);  // a cycle stands for itself; the rest was reported
    return std::nullopt;
  }
  if (rollout.steps.size() > kMaxSteps) {
    emitter
        .Report(diagnostics::kTooManySteps, rollout.span,
                fmt::format("rollout `{}` has {} steps, more than {}", rollout.name, rollout.steps.size(), kMaxSteps))
        .Emit();
    return std::nullopt;
  }
  graph::Graph graph;
  graph.rollout = rollout.name;
  graph.rollout_namespace = rollout.service->namespace_;
  graph.service = rollout.service->name;
  graph.source = rollout.span.known() ? sources.file(rollout.span.file).path() : "";
  graph.policies = MakePolicies(rollout);
  graph.router = BindRouter(rollout, functions);
  graph.workload =
      manifest::MakeWorkload(*rollout.service, {rollout.name, graph.router.shares_by_pods, graph.policies.drain});
  graph.stable_service = manifest::MakeStableService(*rollout.service, rollout.name);
  graph.autoscaler = MakeAutoscaler(*rollout.service);
  graph.adopts = manifest::MakeAdoption(*rollout.service);
  graph.hold_on_failure = rollout.hold_on_failure;

  bool well = CheckPorts(rollout, emitter);
  well = CheckAdoption(rollout, emitter) && well;
  well = CheckAutoscaler(rollout, emitter) && well;
  well = AddNodes(rollout, whole, MakeRules(graph), sources, graph, emitter) && well;
  if (!well) {
    // A wrong share does not change how long the steps take.
    CheckDeadline(rollout, graph, sources, emitter);
    return std::nullopt;
  }
  PruneFunctions(graph, functions);
  well = CheckRouter(rollout, graph, emitter) && well;
  well = CheckDeadline(rollout, graph, sources, emitter) && well;
  if (!well) {
    return std::nullopt;
  }
  graph::SetIdentities(graph);
  if (!CheckSize(rollout, graph, emitter)) {
    return std::nullopt;
  }
  return graph;
}

}  // namespace

std::vector<graph::Graph> Lower(const check::CheckedPlanSet& plans, const source::SourceSet& sources,
                                diagnostics::Emitter& emitter) {
  std::vector<graph::Graph> graphs;
  const Mistakes before(plans, emitter);
  for (const auto& rollout : plans.rollouts) {
    if (auto graph = LowerOne(*rollout, !before.Touch(*rollout), plans.functions, sources, emitter)) {
      graphs.push_back(*std::move(graph));
    }
  }
  std::stable_sort(graphs.begin(), graphs.end(), [](const graph::Graph& a, const graph::Graph& b) {
    return std::tie(a.rollout, a.rollout_namespace) < std::tie(b.rollout, b.rollout_namespace);
  });
  return graphs;
}

}  // namespace sluice::lower
