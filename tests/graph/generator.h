// Graphs from a seed, for properties: every kind of node, gates, expressions, functions.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "compiler/graph/graph.h"
#include "compiler/graph/identity.h"

namespace sluice::graph {

class GraphGenerator {
 public:
  explicit GraphGenerator(std::uint32_t seed) : random_(seed) {}

  Graph Make() {
    Graph graph;
    graph.rollout = Text();
    graph.rollout_namespace = "shop";
    graph.service = "checkout";
    graph.source = "shop/checkout.plan";
    graph.workload = Workload{"1a2b3c4d", "r1:" + std::string(64, 'a'), Text(), Text(), Int(1, 50), Object(3),
                              Object(2),  {Object(2), Object(1)}};
    graph.stable_service = Object(2);
    graph.router = Router{"gateway", Flip(), static_cast<Router::Address>(Int(0, 2)), {}, Maybe(3), Time(), Time()};
    graph.router.objects.push_back({"route", Maybe(3), Some(4)});
    graph.policies.deadline = Duration(30LL * 24 * 3600 * 1000);
    graph.policies.tolerance = Ratio();
    if (Flip()) {
      graph.autoscaler = Autoscaler{Int(1, 9), Int(9, 99), {true, Ratio()}, {false, Number(Int(0, 3))}};
    }
    for (int i = Int(1, 3); i > 0; --i) {
      graph.gates.push_back(MakeGate());
    }
    graph.watch = Flip() ? std::optional(Tree(2, graph)) : std::nullopt;
    for (int i = Int(1, 12); i > 0; --i) {
      AddNode(graph, MakeDoes(graph));
    }
    AddNode(graph, PromoteNode{});
    AddNode(graph, RetireNode{Time()});
    graph.functions["twice"] = Function{{"x"}, Some(2)};
    graph.spans.resize(graph.nodes.size(), PlanLine{"a.plan", 3, 5});
    SetIdentities(graph);
    return graph;
  }

 private:
  int Int(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool Flip() { return Int(0, 1) == 1; }
  Duration Time() { return Duration(Int(0, 3'600'000)); }
  Number Ratio() { return Number::Ratio(Int(0, 97), 97); }
  std::string Text() {
    static const char* const kTexts[] = {"",         "plain", "with \"quotes\" \\", "two\nlines\ttab", "käse ☃",
                                         "\x01\x1f", "null"};
    return kTexts[Int(0, 6)] + std::to_string(Int(0, 99));
  }

  Value Object(int depth) {
    Map map;
    for (int i = Int(1, 4); i > 0; --i) {
      const std::string key = "k" + std::to_string(i);
      switch (depth == 0 ? Int(0, 2) : Int(0, 4)) {
        case 0:
          map.Set(key, Text());
          break;
        case 1:
          map.Set(key, Int(-5, 5000));
          break;
        case 2:
          map.Set(key, Flip());
          break;
        case 3:
          map.Set(key, Object(depth - 1));
          break;
        default:
          map.Set(key, Value(List{Value(Text()), Object(depth - 1), Value()}));
      }
    }
    return Value(std::move(map));
  }

  ExpressionPtr Maybe(int depth) { return Flip() ? Some(depth) : nullptr; }

  ExpressionPtr Some(int depth) {
    auto expression = std::make_shared<Expression>();
    switch (depth == 0 ? Int(0, 1) : Int(0, 6)) {
      case 0:
        expression->literal = Literal();
        break;
      case 1:
        expression->operation = Operation::kRoot;
        expression->name = "candidate";
        break;
      case 2:
        expression->operation = Operation::kMember;
        expression->name = "image";
        expression->operands = {Some(depth - 1)};
        break;
      case 3:
        expression->operation = Operation::kIf;
        expression->operands = {Some(depth - 1), Some(depth - 1), Some(depth - 1)};
        break;
      case 4:
        expression->operation = Operation::kListFor;
        expression->variables = {"x"};
        expression->operands = {Some(depth - 1), Some(depth - 1), Some(depth - 1)};
        break;
      case 5:
        expression->operation = Operation::kCall;
        expression->name = "twice";
        expression->operands = {Some(depth - 1)};
        break;
      default:
        expression->operation = Operation::kInterpolate;
        expression->operands = {Some(depth - 1), Some(depth - 1)};
    }
    return expression;
  }

  Value Literal() {
    switch (Int(0, 6)) {
      case 0:
        return Value(Text());
      case 1:
        return Value::Percent(Ratio());
      case 2:
        return Value::Milliseconds(Time());
      case 3:
        return Value(Ratio());
      case 4:
        return Value(SecretKey{"token", "key"});
      case 5:
        return Value(Quantity{Number(Int(0, 1 << 30)), Unit::kBytes});
      default:
        return Object(1);
    }
  }

  RequestTemplate Request() {
    RequestTemplate request;
    request.method = "GET";
    request.url = Some(2);
    request.query = {{"query", Some(2)}, {"query", Some(1)}};
    request.headers = {{"X-Team", Some(1)}};
    request.json = Maybe(2);
    request.bearer = Maybe(0);
    request.timeout = Time();
    return request;
  }

  Gate MakeGate() {
    Gate gate;
    gate.name = Text();
    gate.measures.push_back({Flip() ? "" : "bad", Request(), Maybe(2), Maybe(2), Some(2), Maybe(1)});
    gate.keep.push_back({"sum", Literal(), Some(2)});
    gate.pass = Some(2);
    gate.fail = Maybe(2);
    gate.window = Time();
    gate.every = Time();
    gate.fail_count = Int(1, 3);
    gate.fail_of = 5;
    gate.no_data_else = static_cast<Disposition>(Int(1, 4));
    gate.key = GateKey(gate);
    return gate;
  }

  GateTree Tree(int depth, const Graph& graph) {
    GateTree tree;
    if (depth == 0 || Flip()) {
      tree.gate = static_cast<std::uint32_t>(Int(0, static_cast<int>(graph.gates.size()) - 1));
      return tree;
    }
    tree.kind = static_cast<GateTree::Kind>(Int(1, 3));
    tree.children.push_back(Tree(depth - 1, graph));
    if (tree.kind != GateTree::Kind::kNot) {
      tree.children.push_back(Tree(depth - 1, graph));
    }
    return tree;
  }

  decltype(Node::does) MakeDoes(const Graph& graph) {
    switch (Int(0, 6)) {
      case 0:
        return ScaleNode{{Int(0, 20), Int(0, 20)},
                         Int(0, 20),
                         40,
                         Ratio(),
                         Ratio(),
                         Flip() ? std::vector<Amount>{{true, Ratio()}} : std::vector<Amount>()};
      case 1:
        if (graph.router.shares_by_pods) {
          return HoldNode{Time(), std::nullopt};
        }
        return TrafficNode{Ratio(), {Match{{{"header", Text(), "in", {Text(), Text()}}}}}, Ratio()};
      case 2:
        return HoldNode{Time(), Flip() ? std::optional(Tree(2, graph)) : std::nullopt};
      case 3:
        return CheckNode{Tree(2, graph)};
      case 4:
        return PauseNode{Text(), Int(1, 3)};
      case 5:
        return RunNode{Some(2), Text(), Int(0, 3), Flip() ? std::optional(Time() + Duration(1)) : std::nullopt};
      default:
        return NotifyNode{Request(), Some(2), Text()};
    }
  }

  void AddNode(Graph& graph, decltype(Node::does) does) {
    Node node;
    node.path = "checkout/n" + std::to_string(graph.nodes.size());
    node.step = Text();
    node.does = std::move(does);
    if (!graph.nodes.empty()) {
      node.after.push_back(static_cast<NodeId>(graph.nodes.size() - 1));
    }
    node.bound = Time();
    node.outcomes[1] = static_cast<Disposition>(Int(1, 4));
    graph.nodes.push_back(std::move(node));
  }

  std::mt19937 random_;
};

}  // namespace sluice::graph
