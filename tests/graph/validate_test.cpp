#include "compiler/graph/validate.h"

#include <functional>

#include <catch2/catch.hpp>

namespace sluice::graph {
namespace {

Node Make(const std::string& path, decltype(Node::does) does, std::vector<NodeId> after) {
  Node node;
  node.path = path;
  node.does = std::move(does);
  node.after = std::move(after);
  return node;
}

Graph Valid() {
  Graph graph;
  graph.rollout = "r";
  graph.gates.resize(1);
  graph.nodes = {Make("r/a/scale", ScaleNode{{10, 1}, 10, 11, Number::Ratio(1, 10), Number::Ratio(1, 10)}, {}),
                 Make("r/a/traffic", TrafficNode{Number::Ratio(1, 10), {}, Number(0)}, {0}),
                 Make("r/a/hold", HoldNode{Duration(600'000), GateTree{}}, {1}),
                 Make("r/b/check", CheckNode{GateTree{}}, {1}),
                 Make("r/promote", PromoteNode{}, {2, 3}),
                 Make("r/retire", RetireNode{}, {4})};
  graph.nodes[3].bound = Duration(900'000);
  return graph;
}

TEST_CASE("a right graph is valid") {
  const Result<void> result = Validate(Valid());
  CAPTURE(result.ok() ? "" : result.error().message);
  CHECK(result.ok());
}

TEST_CASE("what is wrong with a graph is named with its node") {
  struct Case {
    std::string message;
    std::function<void(Graph&)> change;
  };
  const Case cases[] = {
      {"a graph without nodes", [](Graph& g) { g.nodes.clear(); }},
      {"schema 7", [](Graph& g) { g.schema = 7; }},
      {"node r/a/scale: its path is empty or another node's", [](Graph& g) { g.nodes[1].path = "r/a/scale"; }},
      {"not before it", [](Graph& g) { g.nodes[1].after = {2}; }},
      {"not before it", [](Graph& g) { g.nodes[1].after = {1}; }},
      {"node r/a/hold: a second entry", [](Graph& g) { g.nodes[2].after.clear(); }},
      {"it never promotes", [](Graph& g) { g.nodes[4].does = HoldNode{}; }},
      {"node r/retire: a second promotion", [](Graph& g) { g.nodes[5].does = PromoteNode{}; }},
      {"node r/a/hold: there is no gate 3", [](Graph& g) { std::get<HoldNode>(g.nodes[2].does).guard->gate = 3; }},
      {"watch: there is no gate 9",
       [](Graph& g) {
         g.watch = GateTree{};
         g.watch->gate = 9;
       }},
      {"a combination of gates without gates",
       [](Graph& g) {
         g.watch = GateTree{};
         g.watch->kind = GateTree::Kind::kAnd;
       }},
      {"node r/b/check: it waits without a bound", [](Graph& g) { g.nodes[3].bound.reset(); }},
      {"passing does not lead on", [](Graph& g) { g.nodes[3].outcomes[0] = Disposition::kHold; }},
      {"an outcome leads nowhere", [](Graph& g) { g.nodes[3].outcomes[1] = static_cast<Disposition>(9); }},
      {"its pods contradict each other", [](Graph& g) { std::get<ScaleNode>(g.nodes[0].does).max_pods = 5; }},
      {"a share is not in 0..1", [](Graph& g) { std::get<TrafficNode>(g.nodes[1].does).share = Number(2); }},
      {"there is no traffic to move", [](Graph& g) { g.router.shares_by_pods = true; }},
      {"side by side with r/a/traffic",
       [](Graph& g) {
         g.nodes[2].does = ScaleNode{{1, 1}, 0, 2, {}, {}, {}}, g.nodes[2].after = {0};
       }},
      {"after the promotion", [](Graph& g) { g.nodes[5].does = TrafficNode{}; }},
      {"its autoscaler's numbers contradict each other",
       [](Graph& g) {
         g.autoscaler = Autoscaler{5, 4, {}, {}};
       }},
      {"its autoscaler's numbers contradict each other",
       [](Graph& g) {
         g.autoscaler = Autoscaler{0, 4, {}, {}};
       }},
      {"its pods contradict each other",
       [](Graph& g) {
         std::get<ScaleNode>(g.nodes[0].does).least = {{false, Number(-1)}};
       }},
      {"no message or no receiver", [](Graph& g) { g.nodes[2].does = NotifyNode{}; }},
      {"it takes up to 15m, its deadline is 10m", [](Graph& g) { g.policies.deadline = Duration(600'000); }},
  };
  for (const Case& c : cases) {
    CAPTURE(c.message);
    Graph graph = Valid();
    c.change(graph);
    const Result<void> result = Validate(graph);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == ErrorCode::kInvalid);
    CHECK_THAT(result.error().message, Catch::Matchers::Contains(c.message));
  }
}

TEST_CASE("the longest path counts holds and checks, not approvals or pods") {
  Graph graph = Valid();
  CHECK(LongestPath(graph) == Duration(900'000));
  const auto parts = LongestPathParts(graph);
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].node == 3);
  graph.nodes[3].does = PauseNode{"sre", 1};
  CHECK(LongestPath(graph) == Duration(600'000));
}

}  // namespace
}  // namespace sluice::graph
