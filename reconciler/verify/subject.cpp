#include "reconciler/verify/subject.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "compiler/graph/codec.h"
#include "compiler/graph/expression.h"
#include "compiler/graph/identity.h"
#include "compiler/graph/names.h"
#include "compiler/graph/split.h"
#include "compiler/graph/validate.h"
#include "reconciler/decide/objects.h"

namespace sluice::verify {
namespace {

using graph::Evaluation;
using graph::Expression;
using graph::ExpressionPtr;
using graph::Graph;
using graph::Value;

// Combinations of values that are tried for one gate.
constexpr std::size_t kTried = 20'000;

void Literals(const Expression& expression, const graph::FunctionTable& functions, std::set<std::string>& seen,
              std::vector<Value>& found) {
  if (expression.operation == graph::Operation::kLiteral && !expression.literal.is_none()) {
    found.push_back(expression.literal);
  }
  if (expression.operation == graph::Operation::kCall && seen.insert(expression.name).second) {
    const auto function = functions.find(expression.name);
    if (function != functions.end()) Literals(*function->second.body, functions, seen, found);
  }
  for (const ExpressionPtr& operand : expression.operands) {
    if (operand != nullptr) Literals(*operand, functions, seen, found);
  }
}

std::vector<Value> LiteralsOf(const ExpressionPtr& expression, const graph::FunctionTable& functions) {
  std::set<std::string> seen;
  std::vector<Value> found;
  if (expression != nullptr) Literals(*expression, functions, seen, found);
  return found;
}

// What a measure may come to: the numbers of the conditions, what lies beside them, nothing and much.
std::vector<Value> Candidates(const Graph& graph, const graph::Gate& gate) {
  std::vector<Value> values;
  const auto add = [&](const Value& value) {
    if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
  };
  graph::Unit unit = graph::Unit::kNone;
  for (const ExpressionPtr& condition : {gate.pass, gate.fail}) {
    for (const Value& literal : LiteralsOf(condition, graph.functions)) {
      if (const graph::Quantity* number = literal.as_quantity()) {
        unit = number->unit;
        for (const Number& times : {Number(1), Number::Ratio(1, 2), Number(2)}) {
          add(Value(graph::Quantity{number->number * times, unit}));
        }
      } else {
        add(literal);
      }
    }
  }
  add(Value(graph::Quantity{Number(0), unit}));
  add(Value(graph::Quantity{Number(1'000'000), unit}));
  add(Value(true));
  add(Value(false));
  return values;
}

std::optional<bool> Says(const ExpressionPtr& condition, const Graph& graph, const graph::Roots& roots) {
  const Evaluation evaluation = graph::Evaluate(*condition, graph.functions, roots);
  const bool* says = evaluation.kind == Evaluation::Kind::kValue ? evaluation.value.as_bool() : nullptr;
  return says == nullptr ? std::nullopt : std::optional(*says);
}

GateAnswers AnswersOf(const Graph& graph, const graph::Gate& gate) {
  GateAnswers answers;
  if (gate.pass == nullptr) return answers;
  const std::vector<Value> candidates = Candidates(graph, gate);
  std::vector<std::size_t> chosen(gate.measures.size(), 0);
  graph::Roots fixed;
  for (const graph::KeepState& state : gate.keep) fixed.insert_or_assign(state.name, state.initial);
  fixed.insert_or_assign("stable", graph::RoleValue(graph, graph.workload));
  fixed.insert_or_assign("candidate", graph::RoleValue(graph, graph.workload));
  for (std::size_t tried = 0; tried < kTried; ++tried) {
    graph::Roots roots = fixed;
    Measured values;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const std::string& name = gate.measures[i].name;
      const Value& value = candidates[chosen[i]];
      values.emplace_back(name.empty() ? "value" : name, value);
      graph::Map wrapped;
      wrapped.Set("value", value);
      roots.insert_or_assign(name.empty() ? "value" : name, name.empty() ? value : Value(std::move(wrapped)));
    }
    for (const graph::KeepState& state : gate.keep) values.emplace_back(state.name, state.initial);
    const std::optional<bool> pass = Says(gate.pass, graph, roots);
    if (pass && *pass && !answers.pass) answers.pass = values;
    if (pass && !*pass && !answers.fail) {
      const std::optional<bool> fail = gate.fail == nullptr ? std::optional(true) : Says(gate.fail, graph, roots);
      if (fail && *fail) answers.fail = values;
    }
    if (answers.pass && answers.fail) break;
    std::size_t place = 0;
    while (place < chosen.size() && ++chosen[place] == candidates.size()) chosen[place++] = 0;
    if (place == chosen.size()) break;
  }
  return answers;
}

std::shared_ptr<const Graph> Share(Graph graph) { return std::make_shared<const Graph>(std::move(graph)); }

// Each wait of the plan takes half as long again.
Graph WithLongerWaits(Graph graph) {
  for (graph::Node& node : graph.nodes) {
    if (auto* hold = std::get_if<graph::HoldNode>(&node.does)) hold->duration += hold->duration / 2;
  }
  graph.policies.deadline *= 2;
  graph::SetIdentities(graph);
  return graph;
}

// The first step moves traffic to the candidate half as far.
Graph WithLessTraffic(Graph graph) {
  for (graph::Node& node : graph.nodes) {
    auto* traffic = std::get_if<graph::TrafficNode>(&node.does);
    if (traffic != nullptr && traffic->share > Number(0) && traffic->share < Number(1)) {
      traffic->share = traffic->share / Number(2);
      break;
    }
  }
  graph::SetIdentities(graph);
  return graph;
}

// Without the nodes of one step; what came after it comes after what came before it.
Graph WithoutStep(const Graph& graph, const std::string& step) {
  Graph without = graph;
  without.nodes.clear();
  without.spans.clear();
  std::vector<std::vector<graph::NodeId>> stands(graph.nodes.size());
  for (graph::NodeId id = 0; id < graph.nodes.size(); ++id) {
    std::vector<graph::NodeId> after;
    for (const graph::NodeId before : graph.nodes[id].after) {
      for (const graph::NodeId one : stands[before]) {
        if (std::find(after.begin(), after.end(), one) == after.end()) after.push_back(one);
      }
    }
    if (graph.nodes[id].step == step) {
      stands[id] = std::move(after);
      continue;
    }
    graph::Node node = graph.nodes[id];
    node.after = std::move(after);
    std::sort(node.after.begin(), node.after.end());
    stands[id] = {static_cast<graph::NodeId>(without.nodes.size())};
    without.nodes.push_back(std::move(node));
    if (id < graph.spans.size()) without.spans.push_back(graph.spans[id]);
  }
  graph::SetIdentities(without);
  return without;
}

void AddEdits(Subject& subject) {
  const Graph& plan = *subject.graphs[kCandidate];
  const auto add = [&](Graph graph, std::string words) {
    if (graph::GraphDigest(graph) == graph::GraphDigest(plan) || !graph::Validate(graph).ok()) return;
    subject.graphs.push_back(Share(std::move(graph)));
    subject.edits.push_back(std::move(words));
  };
  add(WithLongerWaits(plan), "each hold is half as long again");
  if (!plan.router.shares_by_pods) add(WithLessTraffic(plan), "the first weight is half as large");
  for (const graph::Node& node : plan.nodes) {
    if (node.step.empty()) continue;
    add(WithoutStep(plan, node.step), fmt::format("step {} is taken out", node.step));
    break;
  }
}

Value Condition(const std::string& type, std::int64_t generation) {
  graph::Map map;
  map.Set("type", Value(type));
  map.Set("status", Value("True"));
  map.Set("observedGeneration", Value(generation));
  return Value(std::move(map));
}

// Whether a router that took all up is taken to have followed.
bool EverSettles(const Graph& graph) {
  if (graph.router.settled_when == nullptr) return true;
  graph::Map objects;
  const Value split = graph::SplitValue(graph, {{"stable", &graph.workload, Number(1)}}, {}, Number(0));
  for (const graph::RouterObject& one : graph.router.objects) {
    const Evaluation made = graph::Evaluate(*one.manifest, graph.functions, {{"split", split}});
    if (made.kind != Evaluation::Kind::kValue) continue;
    const Value object = decide::With(made.value, {"metadata", "generation"}, Value(1));
    objects.Set(one.name, decide::With(object, {"status"}, FollowedStatus(graph, object, 1)));
  }
  graph::Map role = *graph::RoleValue(graph, graph.workload).as_map();
  role.Set(std::string(graph::kEndpointsField), std::int64_t{1});
  const graph::Roots roots = {
      {"object", Value(std::move(objects))}, {"stable", Value(role)}, {"candidate", Value(role)}};
  return Says(graph.router.settled_when, graph, roots).value_or(false);
}

void TakeTimes(const Graph& graph, Subject& subject) {
  const graph::Policies& policies = graph.policies;
  const graph::Router& router = graph.router;
  subject.waits = std::max({subject.waits, policies.drain, policies.keep_previous});
  subject.lag = std::max({subject.lag, router.lag, router.settled_after, policies.drain});
  for (const graph::Node& node : graph.nodes) {
    if (const auto* retire = std::get_if<graph::RetireNode>(&node.does)) {
      subject.waits = std::max(subject.waits, retire->keep + policies.drain);
    }
  }
  for (const graph::Gate& gate : graph.gates) {
    subject.window = std::max(subject.window, gate.window + gate.every);
  }
}

}  // namespace

std::string_view RoleWords(std::size_t which) {
  switch (which) {
    case kBefore:
      return "the version before";
    case kCandidate:
      return "the candidate";
    case kNext:
      return "the version after";
    default:
      return "";
  }
}

Value FollowedStatus(const Graph& graph, const Value& object, std::int64_t generation) {
  graph::List conditions;
  for (const Value& literal : LiteralsOf(graph.router.settled_when, graph.functions)) {
    const std::string* type = literal.as_string();
    if (type != nullptr && !type->empty()) conditions.push_back(Condition(*type, generation));
  }
  const Value told(std::move(conditions));
  graph::Map status;
  status.Set("observedGeneration", Value(generation));
  status.Set("conditions", told);
  const Value parents = object.Path({"spec", "parentRefs"});
  if (parents.as_list() != nullptr) {
    graph::List entries;
    for (const Value& parent : *parents.as_list()) {
      graph::Map entry;
      entry.Set("parentRef", parent);
      entry.Set("conditions", told);
      entries.emplace_back(std::move(entry));
    }
    status.Set("parents", Value(std::move(entries)));
  }
  return Value(std::move(status));
}

Result<Subject> MakeSubject(Graph before, Graph candidate, Graph next) {
  if (candidate.adopts) {
    return Error{
        ErrorCode::kInvalid,
        fmt::format("rollout `{}` takes over a workload that runs already: that can't be explored", candidate.rollout)};
  }
  Subject subject;
  for (Graph* graph : {&before, &candidate, &next}) {
    if (!EverSettles(*graph)) graph->router.settled_when = nullptr;
  }
  subject.router_tells = candidate.router.settled_when != nullptr;
  for (const graph::Gate& gate : candidate.gates) {
    subject.answers.push_back(AnswersOf(candidate, gate));
    if (!subject.answers.back().pass) {
      subject.left_out.push_back(fmt::format("gate {}: no value was found with which it passes", gate.name));
    }
    if (!subject.answers.back().fail) {
      subject.left_out.push_back(fmt::format("gate {}: no value was found with which it fails", gate.name));
    }
  }
  const bool routed = !candidate.router.shares_by_pods && !candidate.router.objects.empty();
  if (routed && !subject.router_tells) {
    subject.left_out.push_back(
        fmt::format("router {} doesn't tell whether it followed: it is taken to have done so when its lag is over",
                    candidate.router.name));
  }
  if (candidate.autoscaler) subject.left_out.emplace_back("autoscalers count no pods of their own");
  subject.graphs = {Share(std::move(before)), Share(std::move(candidate)), Share(std::move(next))};
  AddEdits(subject);
  for (const auto& graph : subject.graphs) TakeTimes(*graph, subject);
  return subject;
}

}  // namespace sluice::verify
