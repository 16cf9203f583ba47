#include "compiler/graph/identity.h"

#include <set>

#include <catch2/catch.hpp>

#include "tests/graph/generator.h"

namespace sluice::graph {
namespace {

Graph Canary() {
  Graph graph;
  graph.rollout = "checkout";
  const auto add = [&](const std::string& path, decltype(Node::does) does) {
    Node node;
    node.path = path;
    node.does = std::move(does);
    if (!graph.nodes.empty()) {
      node.after = {static_cast<NodeId>(graph.nodes.size() - 1)};
    }
    graph.nodes.push_back(node);
  };
  Gate gate;
  gate.name = "healthy";
  gate.key = "0123456789abcdef";
  graph.gates = {gate};
  add("checkout/a/scale", ScaleNode{{10, 1}, 10, 11, Number::Ratio(1, 10), Number::Ratio(1, 10)});
  add("checkout/a/traffic", TrafficNode{Number::Ratio(1, 10), {}, Number(0)});
  add("checkout/a/hold", HoldNode{Duration(60'000), GateTree{}});
  add("checkout/promote", PromoteNode{});
  SetIdentities(graph);
  return graph;
}

TEST_CASE("hashes say what they are") {
  for (const Node& node : Canary().nodes) {
    for (const std::string& hash : {node.effect, node.intent, node.prefix}) {
      CHECK(hash.size() == 35);
      CHECK(hash.substr(0, 3) == "h1:");
    }
    CHECK(std::set<std::string>{node.effect, node.intent, node.prefix}.size() == 3);
  }
}

TEST_CASE("the hashes of version 1 never change") {
  const Graph graph = Canary();
  CHECK(graph.nodes[1].effect == "h1:51904da1d07455c3ec3a9312527ef5f9");
  CHECK(graph.nodes[2].intent == "h1:2dc011ccadd82bea91e7308fddf5738a");
  CHECK(graph.nodes[3].prefix == "h1:bef38c82bf5ac2f2660475626e6629c4");
}

TEST_CASE("an effect is what a node does, an intent also how it is left") {
  const Graph before = Canary();
  Graph after = before;
  std::get<HoldNode>(after.nodes[2].does).duration = Duration(120'000);
  SetIdentities(after);
  CHECK(after.nodes[2].effect == before.nodes[2].effect);
  CHECK(after.nodes[2].intent != before.nodes[2].intent);
  CHECK(after.nodes[3].prefix == before.nodes[3].prefix);

  after = before;
  std::get<TrafficNode>(after.nodes[1].does).share = Number::Ratio(1, 5);
  SetIdentities(after);
  CHECK(after.nodes[1].effect != before.nodes[1].effect);
  CHECK(after.nodes[2].effect == before.nodes[2].effect);
  CHECK(after.nodes[2].prefix != before.nodes[2].prefix);

  after = before;
  after.nodes[2].bound = Duration(1);
  SetIdentities(after);
  CHECK(after.nodes[2].intent != before.nodes[2].intent);
}

TEST_CASE("paths, spans and the place of a gate in the graph don't count") {
  const Graph before = Canary();
  Graph after = before;
  after.spans.push_back({"x.plan", 9, 9});
  for (Node& node : after.nodes) {
    node.path += "-renamed";
    node.step = "other";
  }
  Gate other;
  other.key = "fedcba9876543210";
  after.gates.insert(after.gates.begin(), other);
  std::get<HoldNode>(after.nodes[2].does).guard->gate = 1;
  SetIdentities(after);
  for (std::size_t i = 0; i < before.nodes.size(); ++i) {
    CHECK(after.nodes[i].effect == before.nodes[i].effect);
    CHECK(after.nodes[i].intent == before.nodes[i].intent);
    CHECK(after.nodes[i].prefix == before.nodes[i].prefix);
  }
}

TEST_CASE("a gate's key is over its content but for the key") {
  Gate gate = Canary().gates[0];
  const std::string key = GateKey(gate);
  CHECK(key.size() == 16);
  gate.key = "other";
  CHECK(GateKey(gate) == key);
  gate.window = Duration(5);
  CHECK(GateKey(gate) != key);
}

}  // namespace
}  // namespace sluice::graph
