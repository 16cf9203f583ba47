#include "tests/decide/plan.h"

#include <algorithm>

#include "compiler/graph/capacity.h"
#include "compiler/graph/expression.h"
#include "compiler/graph/identity.h"
#include "compiler/graph/names.h"

namespace sluice::decide::test {
namespace {

using graph::ExpressionPtr;
using graph::MakeLiteral;
using graph::MakeNode;
using graph::MakeRoot;
using graph::Operation;
using graph::Value;

Value Object(std::initializer_list<std::pair<std::string, Value>> fields) {
  graph::Map map;
  for (const auto& [key, value] : fields) {
    map.Set(key, value);
  }
  return Value(std::move(map));
}

ExpressionPtr Member(ExpressionPtr of, const std::string& name) {
  return MakeNode(Operation::kMember, {std::move(of)}, name);
}

ExpressionPtr Map(std::vector<std::pair<std::string, ExpressionPtr>> fields) {
  std::vector<ExpressionPtr> operands;
  for (auto& [key, value] : fields) {
    operands.push_back(MakeLiteral(Value(key)));
    operands.push_back(std::move(value));
  }
  return MakeNode(Operation::kMap, std::move(operands));
}

// One object; settled when its status follows its generation.
graph::Router GatewayLike() {
  graph::Router router;
  router.name = "gateway";
  router.objects.push_back(BackendsIn("route", "shop"));
  const ExpressionPtr object = Member(MakeRoot("object"), "route");
  router.settled_when = MakeNode(
      Operation::kEqual, {Member(Member(object, "status"), "seen"), Member(Member(object, "metadata"), "generation")});
  router.lag = Duration{2000};
  return router;
}

graph::Gate ErrorRate() {
  graph::Gate gate;
  gate.name = "error-rate(max: 1%)";
  gate.measures.emplace_back();
  gate.pass = MakeNode(Operation::kLessEqual, {MakeRoot("value"), MakeLiteral(Value::Percent(Number::Ratio(1, 100)))});
  gate.window = minutes(1);
  gate.every = seconds(30);
  gate.fail_count = 2;
  gate.fail_of = 3;
  gate.no_data_for = minutes(3);
  gate.no_data_else = graph::Disposition::kFail;
  gate.error_for = minutes(4);
  gate.error_else = graph::Disposition::kHold;
  gate.key = graph::GateKey(gate);
  return gate;
}

}  // namespace

graph::RouterObject BackendsIn(const std::string& name, const std::string& object, ExpressionPtr when) {
  const ExpressionPtr split = MakeRoot("split");
  graph::RouterObject route;
  route.name = name;
  route.when = std::move(when);
  route.manifest = Map({{"apiVersion", MakeLiteral(Value("gateway.networking.k8s.io/v1"))},
                        {"kind", MakeLiteral(Value("HTTPRoute"))},
                        {"metadata", MakeLiteral(Object({{"name", Value(object)}, {"namespace", Value("shop")}}))},
                        {"spec", Map({{"backends", Member(split, "backends")},
                                      {"matches", Member(split, "matches")},
                                      {"mirrors", Member(split, "mirrors")}})}});
  return route;
}

ExpressionPtr WhileThereAreTwo() {
  return MakeNode(Operation::kGreater, {MakeNode(Operation::kBuiltin, {Member(MakeRoot("split"), "backends")}, "count"),
                                        MakeLiteral(Value(1))});
}

graph::Workload WorkloadFor(const graph::Graph& graph, const std::string& revision) {
  graph::Workload workload;
  workload.revision = revision;
  workload.revision_digest = "r1:" + revision;
  workload.image = "ghcr.io/acme/checkout:" + revision;
  workload.version = revision;
  workload.replicas = graph.workload.replicas;
  const Value labels = Object({{graph::kServiceLabel, Value("checkout")}, {graph::kRevisionLabel, Value(revision)}});
  const Value metadata =
      Object({{"name", Value("checkout-" + revision)}, {"namespace", Value("shop")}, {"labels", labels}});
  workload.deployment = Object({{"apiVersion", Value("apps/v1")},
                                {"kind", Value("Deployment")},
                                {"metadata", metadata},
                                {"spec", Object({{"template", Object({{"image", Value(workload.image)}})}})}});
  if (!graph.router.shares_by_pods) {
    workload.service = Object({{"apiVersion", Value("v1")},
                               {"kind", Value("Service")},
                               {"metadata", metadata},
                               {"spec", Object({{"selector", labels}})}});
  }
  return workload;
}

Plan::Plan(Capacity capacity, std::int32_t replicas) : capacity_(capacity), pods_{replicas, 0} {
  graph.rollout = "checkout";
  graph.rollout_namespace = "shop";
  graph.service = "checkout";
  graph.workload.replicas = replicas;
  graph.policies.surge = std::max(1, (replicas + 3) / 4);
  graph.policies.deadline = hours(72);
  graph.policies.fast_track = 2;
  graph.policies.capacity_shared = capacity == Capacity::kShared;
  graph.router = GatewayLike();
  if (capacity == Capacity::kPods) {
    graph.router = {};
    graph.router.name = "replicas";
    graph.router.shares_by_pods = true;
    graph.router.address = graph::Router::Address::kPods;
  } else if (capacity == Capacity::kSwitch) {
    graph.router.address = graph::Router::Address::kRouter;
  }
  graph.stable_service = Object({{"apiVersion", Value("v1")},
                                 {"kind", Value("Service")},
                                 {"metadata", Object({{"name", Value("checkout")}, {"namespace", Value("shop")}})},
                                 {"spec", Object({{"selector", Object({{graph::kServiceLabel, Value("checkout")}})},
                                                  {"ports", Value(graph::List{Object({{"port", Value(80)}})})}})}});
  graph.gates.push_back(ErrorRate());
}

graph::Node& Plan::Append(const std::string& path, const std::string& step) {
  graph::Node& node = graph.nodes.emplace_back();
  node.path = "checkout/" + path;
  node.step = step;
  if (graph.nodes.size() > 1) {
    node.after = {static_cast<graph::NodeId>(graph.nodes.size() - 2)};
  }
  return node;
}

graph::Pods Plan::PodsAt(const Number& share) const {
  const graph::PodLimits limits{graph.workload.replicas, graph.policies.surge, graph.policies.unavailable};
  if (capacity_ == Capacity::kPods) {
    return graph::NearestPods(share, limits);
  }
  const std::int32_t candidate = graph::PodsOf(share, limits.replicas);
  if (capacity_ == Capacity::kShared) {
    return {graph::PodsOf(Number(1) - share, limits.replicas), candidate};
  }
  return {limits.replicas, candidate};
}

Plan& Plan::Weight(const std::string& step, int percent) {
  const Number share = Number::Ratio(percent, 100);
  graph::ScaleNode scale;
  scale.pods = PodsAt(share);
  scale.share = share;
  scale.achieved = graph::AchievedShare(scale.pods);
  scale.min_ready = graph.workload.replicas - graph.policies.unavailable;
  scale.max_pods = std::max(scale.pods.stable + scale.pods.candidate, graph.workload.replicas + graph.policies.surge);
  graph::ScaleNode growth = scale;
  if (capacity_ == Capacity::kShared) {
    growth.pods.stable = pods_.stable;
    growth.max_pods = std::max(scale.max_pods, growth.pods.stable + growth.pods.candidate);
  }
  Append(step + "/scale", step).does = growth;
  graph.nodes.back().bound = minutes(10);
  if (capacity_ != Capacity::kPods) {
    Append(step + "/traffic", step).does = graph::TrafficNode{share, {}, Number(0)};
    graph.nodes.back().bound = minutes(10);
  }
  if (capacity_ == Capacity::kShared) {
    Append(step + "/shrink", step).does = scale;
    graph.nodes.back().bound = minutes(10);
  }
  pods_ = scale.pods;
  return *this;
}

Plan& Plan::Match(const std::string& step, const std::string& header) {
  graph::ScaleNode scale;
  scale.pods = {graph.workload.replicas, 1};
  scale.min_ready = graph.workload.replicas;
  scale.max_pods = graph.workload.replicas + 1;
  Append(step + "/scale", step).does = scale;
  graph::TrafficNode traffic;
  traffic.matches.push_back({{{"header", header, "is", {"always"}}}});
  Append(step + "/traffic", step).does = traffic;
  return *this;
}

Plan& Plan::Hold(const std::string& step, Duration duration, bool guarded) {
  graph::HoldNode hold{duration, std::nullopt};
  if (guarded) {
    hold.guard = graph::GateTree{};
  }
  graph::Node& node = Append(step + "/hold", step);
  node.does = hold;
  node.outcomes[static_cast<int>(graph::Outcome::kNoData)] = graph::Disposition::kFail;
  node.outcomes[static_cast<int>(graph::Outcome::kError)] = graph::Disposition::kHold;
  if (guarded) {
    node.bound = duration + Duration(minutes(15));
  }
  return *this;
}

Plan& Plan::Check(const std::string& step, Duration within) {
  graph::Node& node = Append(step + "/check", step);
  node.does = graph::CheckNode{graph::GateTree{}};
  node.bound = within;
  return *this;
}

std::uint32_t Plan::Gate(const std::string& name) {
  graph::Gate gate = ErrorRate();
  gate.name = name;
  gate.measures.front().name = "";
  gate.measures.front().request.method = name;  // another content, so another key
  gate.key = graph::GateKey(gate);
  graph.gates.push_back(gate);
  return static_cast<std::uint32_t>(graph.gates.size() - 1);
}

Plan& Plan::Pause(const std::string& step, Duration within, int quorum) {
  graph::Node& node = Append(step + "/pause", step);
  node.does = graph::PauseNode{"sre", quorum};
  node.bound = within;
  return *this;
}

Plan& Plan::Run(const std::string& step, Duration within, int retries) {
  graph::RunNode run;
  run.job = MakeNode(Operation::kMap,
                     {MakeLiteral(Value("apiVersion")), MakeLiteral(Value("batch/v1")), MakeLiteral(Value("kind")),
                      MakeLiteral(Value("Job")), MakeLiteral(Value("metadata")),
                      MakeLiteral(Object({{"namespace", Value("shop")}})), MakeLiteral(Value("spec")),
                      MakeNode(Operation::kMap, {MakeLiteral(Value("target")),
                                                 MakeNode(Operation::kMember, {MakeRoot("candidate")}, "address")})});
  run.retries = retries;
  graph::Node& node = Append(step + "/run", step);
  node.does = run;
  node.bound = within;
  return *this;
}

Plan& Plan::Notify(const std::string& step) {
  graph::NotifyNode notify;
  notify.message = MakeLiteral(Value("at " + step));
  notify.channel = "releases";
  Append(step + "/notify", step).does = notify;
  return *this;
}

Plan& Plan::Autoscale(std::int32_t most) {
  const auto pods = [](std::int32_t count) { return graph::Amount{false, Number(count)}; };
  graph.autoscaler =
      graph::Autoscaler{graph.workload.replicas, most, pods(graph.policies.surge), pods(graph.policies.unavailable)};
  return *this;
}

graph::Graph Plan::Build(const std::string& revision) {
  Append("promote", "").does = graph::PromoteNode{};
  Append("retire", "").does = graph::RetireNode{graph.policies.keep_previous};
  graph::Node failure;
  failure.path = "checkout/on-failure/notify";
  graph::NotifyNode notify;
  notify.message = MakeNode(Operation::kInterpolate, {MakeLiteral(Value("failed: ")), MakeRoot("reason")});
  failure.does = notify;
  graph.on_failure.push_back(failure);
  graph.workload = WorkloadFor(graph, revision);
  if (graph.autoscaler) {
    graph.workload.companions.push_back(Object(
        {{"apiVersion", Value(graph::kAutoscalerApiVersion)},
         {"kind", Value(graph::kAutoscalerKind)},
         {"metadata", *graph.workload.deployment.as_map()->Find("metadata")},
         {"spec",
          Object({{"scaleTargetRef", Object({{"name", Value("checkout-" + revision)}})},
                  {"metrics", Value(graph::List{Object(
                                  {{"type", Value("Resource")},
                                   {"resource", Object({{"name", Value("cpu")},
                                                        {"target", Object({{"averageUtilization", Value(70)}})}})}})})},
                  {"minReplicas", Value(graph.autoscaler->min)},
                  {"maxReplicas", Value(graph.autoscaler->max)}})}}));
  }
  graph::SetIdentities(graph);
  return graph;
}

graph::Graph Canary(const std::string& revision, Capacity capacity, std::int32_t replicas) {
  Plan plan(capacity, replicas);
  plan.Weight("ramp[10%]", 10).Hold("ramp[10%]", minutes(5));
  plan.Weight("ramp[30%]", 30).Hold("ramp[30%]", minutes(5));
  plan.Notify("sign-off").Pause("sign-off", hours(24));
  plan.Weight("half", 50).Hold("half", minutes(10)).Check("half", minutes(20));
  plan.Weight("full", 100);
  return plan.Build(revision);
}

graph::Graph BlueGreen(const std::string& revision) {
  Plan plan(Capacity::kSwitch, 4);
  graph::ScaleNode preview;
  preview.pods = {4, 4};
  preview.max_pods = 8;
  plan.graph.nodes.emplace_back();
  plan.graph.nodes.back().path = "checkout/preview/scale";
  plan.graph.nodes.back().step = "preview";
  plan.graph.nodes.back().does = preview;
  plan.Hold("preview", minutes(5), false);
  plan.Weight("switch", 100).Hold("switch", minutes(5));
  return plan.Build(revision);
}

}  // namespace sluice::decide::test
