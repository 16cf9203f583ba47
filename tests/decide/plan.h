// Graphs for the core's tests, built node by node as the compiler lowers them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "compiler/graph/graph.h"

namespace sluice::decide::test {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

enum class Capacity { kFull, kShared, kPods, kSwitch };

// A rollout of service `checkout` in namespace `shop`. Not a fluent toy: every call appends the nodes that the
// compiler would.
class Plan {
 public:
  explicit Plan(Capacity capacity = Capacity::kFull, std::int32_t replicas = 10);

  // Nodes for "weight share": scale and traffic, or scale alone where shares are made by pods.
  Plan& Weight(const std::string& step, int percent);
  Plan& Match(const std::string& step, const std::string& header);
  Plan& Hold(const std::string& step, Duration duration, bool guarded = true);
  Plan& Check(const std::string& step, Duration within);
  // Another gate of the same kind, called `name`; its index.
  std::uint32_t Gate(const std::string& name);
  Plan& Pause(const std::string& step, Duration within, int quorum = 1);
  Plan& Run(const std::string& step, Duration within, int retries = 0);
  Plan& Notify(const std::string& step);
  // From the plan's pods to `most` of them, as an autoscaler counts them.
  Plan& Autoscale(std::int32_t most);
  // Promotion and what follows; hashes and keys. Last.
  graph::Graph Build(const std::string& revision);

  graph::Graph graph;

 private:
  graph::Node& Append(const std::string& path, const std::string& step);
  graph::Pods PodsAt(const Number& share) const;
  Capacity capacity_;
  graph::Pods pods_;
};

// An object of a router: `object` in the cluster, with the split's backends, matches and mirrors as they are.
graph::RouterObject BackendsIn(const std::string& name, const std::string& object, graph::ExpressionPtr when = nullptr);
// Over `split`: more than one revision is in it, be it with 0%.
graph::ExpressionPtr WhileThereAreTwo();

graph::Workload WorkloadFor(const graph::Graph& graph, const std::string& revision);

// The plan most stories use: 10% and 30% held for 5m under a gate, an approval, 50% held and checked, all.
graph::Graph Canary(const std::string& revision, Capacity capacity = Capacity::kFull, std::int32_t replicas = 10);
graph::Graph BlueGreen(const std::string& revision);

}  // namespace sluice::decide::test
