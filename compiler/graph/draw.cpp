#include "compiler/graph/draw.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "compiler/base/overloaded.h"
#include "compiler/graph/validate.h"

namespace sluice::graph {
namespace {

std::string ConditionText(const MatchCondition& condition) {
  std::string values;
  for (const std::string& value : condition.values) {
    values += (values.empty() ? "" : ", ") + value;
  }
  const std::string name = condition.name.empty() ? "" : " " + condition.name;
  return fmt::format("{}{} {} {}", condition.what, name, condition.test, values);
}

std::string MatchesText(const std::vector<Match>& matches) {
  std::string text;
  for (const Match& match : matches) {
    std::string line;
    for (const MatchCondition& condition : match.conditions) {
      line += (line.empty() ? "" : " and ") + ConditionText(condition);
    }
    text += (text.empty() ? "" : " or ") + line;
  }
  return text;
}

std::string_view DispositionWord(Disposition disposition) {
  switch (disposition) {
    case Disposition::kNext:
      return "next";
    case Disposition::kRollback:
      return "rollback";
    case Disposition::kContinue:
      return "continue";
    case Disposition::kHold:
      return "hold";
    case Disposition::kFail:
      return "fail";
  }
  return "";
}

std::string BoundText(const Node& node) {
  if (!node.bound) {
    return "";
  }
  return fmt::format(" within {} else {}", FormatDuration(*node.bound),
                     DispositionWord(node.outcomes[static_cast<int>(Outcome::kTimeout)]));
}

// Gates by the word that they begin with, where that tells them apart.
std::vector<std::string> ShortNames(const Graph& graph) {
  std::map<std::string, int> count;
  const auto word = [](const Gate& gate) { return gate.name.substr(0, gate.name.find('(')); };
  for (const Gate& gate : graph.gates) {
    ++count[word(gate)];
  }
  std::vector<std::string> names;
  for (const Gate& gate : graph.gates) {
    names.push_back(count[word(gate)] == 1 ? word(gate) : gate.name);
  }
  return names;
}

// The same graph with gates named shortly.
Graph WithShortNames(const Graph& graph) {
  Graph result = graph;
  const std::vector<std::string> names = ShortNames(graph);
  for (std::size_t i = 0; i < names.size(); ++i) {
    result.gates[i].name = names[i];
  }
  return result;
}

// One line of the table: a step, as far as it changes the split, with the waits that follow.
struct Row {
  std::string step;
  std::string share, stable, candidate;
  std::vector<std::string> then;
};

class Table {
 public:
  explicit Table(const Graph& graph) : graph_(graph), stable_(graph.workload.replicas) {
    for (const Node& node : graph.nodes) {
      Add(node);
    }
  }

  std::string Text() const {
    std::size_t width = 4;
    for (const Row& row : rows_) {
      width = std::max(width, row.step.size());
    }
    std::string text =
        fmt::format("  {:<{}}  {:>7}  {:>6}  {:>9}  {}\n", "step", width, "share", "stable", "candidate", "then");
    for (const Row& row : rows_) {
      std::string line = fmt::format("  {:<{}}  {:>7}  {:>6}  {:>9}  {}", row.step, width, row.share, row.stable,
                                     row.candidate, row.then.empty() ? "" : row.then.front());
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + "\n";
      for (std::size_t i = 1; i < row.then.size(); ++i) {
        text += fmt::format("  {:<{}}  {:>7}  {:>6}  {:>9}  {}\n", "", width, "", "", "", row.then[i]);
      }
    }
    return text;
  }

 private:
  void Add(const Node& node) {
    const bool moves = std::holds_alternative<ScaleNode>(node.does) || std::holds_alternative<TrafficNode>(node.does);
    const std::string name = node.step.empty() ? node.path.substr(node.path.rfind('/') + 1) : node.step;
    if (rows_.empty() || rows_.back().step != name || (moves && waited_)) {
      rows_.push_back(Row{name, "", "", "", {}});
      waited_ = false;
    }
    Row& row = rows_.back();
    if (const auto* scale = std::get_if<ScaleNode>(&node.does)) {
      stable_ = scale->pods.stable;
      candidate_ = scale->pods.candidate;
      share_ = graph_.router.shares_by_pods ? scale->achieved : share_;
      Note(row, graph_.router.shares_by_pods && scale->achieved != scale->share
                    ? fmt::format("weight {} comes to {} of {} pods", scale->share.ToPercent(), candidate_,
                                  candidate_ + stable_)
                    : "");
    } else if (const auto* traffic = std::get_if<TrafficNode>(&node.does)) {
      share_ = traffic->share;
      NoteChange(row, matches_, traffic->matches.empty() ? "" : "match " + MatchesText(traffic->matches), "match none");
      NoteChange(row, mirror_, traffic->mirror > Number(0) ? "mirror " + traffic->mirror.ToPercent() : "",
                 "mirror none");
    } else {
      waited_ = true;
      const bool ends = node.step.empty() && !std::holds_alternative<RetireNode>(node.does);
      Note(row, ends ? "" : NodeText(graph_, node));
    }
    if (std::holds_alternative<PromoteNode>(node.does)) {
      Note(row, "the candidate becomes stable");
    }
    if (std::holds_alternative<RetireNode>(node.does)) {
      stable_ = candidate_;  // the candidate is stable by then
      row.share = row.candidate = "";
      row.stable = std::to_string(stable_);
      return;
    }
    row.share = share_.ToPercent();
    row.stable = std::to_string(stable_);
    row.candidate = std::to_string(candidate_);
  }

  // What stands since an earlier step is not said again.
  static void NoteChange(Row& row, std::string& standing, std::string text, const char* ended) {
    if (text != standing) {
      Note(row, text.empty() ? ended : text);
      standing = std::move(text);
    }
  }

  static void Note(Row& row, std::string text) {
    if (!text.empty() && (row.then.empty() || row.then.back() != text)) {
      row.then.push_back(std::move(text));
    }
  }

  const Graph& graph_;
  std::vector<Row> rows_;
  Number share_;
  std::string matches_, mirror_;
  std::int32_t stable_ = 0, candidate_ = 0;
  bool waited_ = false;
};

std::string PodsText(const Graph& graph) {
  const std::int32_t replicas = graph.workload.replicas;
  return graph.autoscaler ? fmt::format("{} to {} pods, counted by an autoscaler (below: {})", replicas,
                                        graph.autoscaler->max, replicas)
                          : fmt::format("{} {}", replicas, replicas == 1 ? "pod" : "pods");
}

std::string HeaderText(const Graph& graph) {
  const Policies& policies = graph.policies;
  std::string text = fmt::format("rollout {} · service {} in {} · revision {}\n", graph.rollout, graph.service,
                                 graph.rollout_namespace, graph.workload.revision);
  text += fmt::format("  {} · {} · surge {} · unavailable {} · router {}\n", PodsText(graph),
                      graph.router.shares_by_pods ? "shares by pods"
                      : policies.capacity_shared  ? "capacity shared"
                                                  : "capacity full",
                      policies.surge, policies.unavailable, graph.router.name);
  if (graph.watch) {
    text += fmt::format("  watch {}\n", GateText(graph, *graph.watch));
  }
  return text;
}

std::string CallersText(const Graph& graph) {
  switch (graph.router.address) {
    case Router::Address::kStable:
      return fmt::format(
          "in-cluster callers of {} move in one go at the promotion: they bypass router {} and its shares\n",
          graph.service, graph.router.name);
    case Router::Address::kRouter:
      return fmt::format("in-cluster callers of {} move in one go when router {} switches it\n", graph.service,
                         graph.router.name);
    case Router::Address::kPods:
      return fmt::format("in-cluster callers of {} reach stable and candidate by their pods, like everyone else\n",
                         graph.service);
  }
  return "";
}

std::string LongestText(const Graph& graph) {
  std::string text = "longest path: ";
  const char* separator = "";
  for (const PathPart& part : LongestPathParts(graph)) {
    text += fmt::format("{}{} {}", separator, graph.nodes[part.node].path.substr(graph.rollout.size() + 1),
                        FormatDuration(part.duration));
    separator = " + ";
  }
  return fmt::format("{}{}{} (deadline {}); pods becoming ready come on top\n", text, *separator == '\0' ? "" : " = ",
                     FormatDuration(LongestPath(graph)), FormatDuration(graph.policies.deadline));
}

std::string Escaped(const std::string& text, bool mermaid) {
  std::string result;
  for (const char c : text) {
    if (c == '"') {
      result += mermaid ? "#quot;" : "\\\"";
    } else if (c == '\\' && !mermaid) {
      result += "\\\\";
    } else {
      result += c;
    }
  }
  return result;
}

// Nodes by step, in the order of their first node; the nodes of no step by themselves.
std::vector<std::pair<std::string, std::vector<NodeId>>> Boxes(const Graph& graph) {
  std::vector<std::pair<std::string, std::vector<NodeId>>> boxes;
  std::map<std::string, std::size_t> index;
  for (NodeId id = 0; id < graph.nodes.size(); ++id) {
    const std::string& step = graph.nodes[id].step;
    if (step.empty()) {
      boxes.push_back({"", {id}});
      continue;
    }
    const auto [found, inserted] = index.try_emplace(step, boxes.size());
    if (inserted) {
      boxes.push_back({step, {}});
    }
    boxes[found->second].second.push_back(id);
  }
  return boxes;
}

}  // namespace

std::string GateText(const Graph& graph, const GateTree& tree) {
  switch (tree.kind) {
    case GateTree::Kind::kGate:
      return tree.gate < graph.gates.size() ? graph.gates[tree.gate].name : "?";
    case GateTree::Kind::kNot:
      return "not " + (tree.children.empty() ? "?" : GateText(graph, tree.children.front()));
    case GateTree::Kind::kAnd:
    case GateTree::Kind::kOr:
      break;
  }
  std::string text;
  for (const GateTree& child : tree.children) {
    const bool simple = child.kind == GateTree::Kind::kGate || child.kind == tree.kind;
    text += text.empty() ? "" : tree.kind == GateTree::Kind::kAnd ? " and " : " or ";
    text += simple ? GateText(graph, child) : "(" + GateText(graph, child) + ")";
  }
  return text;
}

std::string NodeText(const Graph& graph, const Node& node) {
  return std::visit(
      Overloaded{[&](const ScaleNode& scale) {
                   return fmt::format("scale to {} stable and {} candidate", scale.pods.stable, scale.pods.candidate);
                 },
                 [&](const TrafficNode& traffic) {
                   return fmt::format("{} of the traffic{}{}", traffic.share.ToPercent(),
                                      traffic.matches.empty() ? "" : ", match " + MatchesText(traffic.matches),
                                      traffic.mirror > Number(0) ? ", mirror " + traffic.mirror.ToPercent() : "");
                 },
                 [&](const HoldNode& hold) {
                   return fmt::format("hold {}{}", FormatDuration(hold.duration),
                                      hold.guard ? " while " + GateText(graph, *hold.guard) : "");
                 },
                 [&](const CheckNode& check) { return "check " + GateText(graph, check.gate) + BoundText(node); },
                 [&](const PauseNode& pause) {
                   return fmt::format("pause until approved by {}{}{}", pause.approver,
                                      pause.quorum > 1 ? fmt::format(" quorum {}", pause.quorum) : "", BoundText(node));
                 },
                 [&](const NotifyNode& notify) { return "notify " + notify.channel; },
                 [&](const PromoteNode&) { return std::string("promote"); },
                 [&](const RetireNode& retire) {
                   return retire.keep.count() > 0
                              ? fmt::format("keep previous for {}, then its pods end", FormatDuration(retire.keep))
                              : "drain " + FormatDuration(graph.policies.drain) + ", then its pods end";
                 },
                 [&](const RunNode& run) {
                   return fmt::format("run job{}{}{}", run.image.empty() ? "" : " " + run.image,
                                      run.retries > 0 ? fmt::format(" retry {}", run.retries) : "", BoundText(node));
                 }},
      node.does);
}

std::string DrawText(const Graph& graph) {
  const Graph named = WithShortNames(graph);
  std::string text = HeaderText(named) + "\n" + Table(named).Text() + "\n";
  for (std::size_t i = 0; i < graph.gates.size(); ++i) {
    const Gate& gate = graph.gates[i];
    text += fmt::format("gate {}: window {}, every {}, fails after {} of {}\n", gate.name, FormatDuration(gate.window),
                        FormatDuration(gate.every), gate.fail_count, gate.fail_of);
  }
  text += LongestText(graph) + CallersText(graph);
  for (const auto& [name, nodes] : {std::pair("on failure", &graph.on_failure), {"on success", &graph.on_success}}) {
    for (const Node& node : *nodes) {
      text += fmt::format("{}: {}\n", name, NodeText(graph, node));
    }
  }
  return text;
}

std::string DrawDot(const Graph& graph) {
  std::string text =
      fmt::format("digraph \"{}\" {{\n  rankdir=LR;\n  node [shape=box];\n", Escaped(graph.rollout, false));
  std::size_t cluster = 0;
  for (const auto& [step, nodes] : Boxes(graph)) {
    const std::string indent = step.empty() ? "  " : "    ";
    if (!step.empty()) {
      text += fmt::format("  subgraph cluster_{} {{\n    label=\"{}\";\n", cluster++, Escaped(step, false));
    }
    for (const NodeId id : nodes) {
      text += fmt::format("{}n{} [label=\"{}\"];\n", indent, id, Escaped(NodeText(graph, graph.nodes[id]), false));
    }
    text += step.empty() ? "" : "  }\n";
  }
  for (NodeId id = 0; id < graph.nodes.size(); ++id) {
    for (const NodeId before : graph.nodes[id].after) {
      text += fmt::format("  n{} -> n{};\n", before, id);
    }
  }
  return text + "}\n";
}

std::string DrawMermaid(const Graph& graph) {
  std::string text = "flowchart LR\n";
  std::size_t cluster = 0;
  for (const auto& [step, nodes] : Boxes(graph)) {
    if (!step.empty()) {
      text += fmt::format("  subgraph s{}[\"{}\"]\n", cluster++, Escaped(step, true));
    }
    for (const NodeId id : nodes) {
      text += fmt::format("  {}n{}[\"{}\"]\n", step.empty() ? "" : "  ", id,
                          Escaped(NodeText(graph, graph.nodes[id]), true));
    }
    text += step.empty() ? "" : "  end\n";
  }
  for (NodeId id = 0; id < graph.nodes.size(); ++id) {
    for (const NodeId before : graph.nodes[id].after) {
      text += fmt::format("  n{} --> n{}\n", before, id);
    }
  }
  return text;
}

}  // namespace sluice::graph
