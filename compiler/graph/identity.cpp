#include "compiler/graph/identity.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "compiler/base/hash.h"
#include "compiler/base/overloaded.h"
#include "compiler/graph/graph_writer.h"
#include "compiler/graph/walk.h"

namespace sluice::graph {
namespace {

constexpr std::size_t kDigits = 32;

// `domain` keeps the three hashes of equal content apart.
std::string Hash(std::string_view domain, const std::string& content) {
  std::string text = "sluice.dev/node/h1/";
  text += domain;
  text += '\n';
  text += content;
  return "h1:" + Sha256(text).substr(0, kDigits);
}

class Content {
 public:
  template <typename T>
  Content& Add(std::string_view name, const T& value) {
    writer_.Field(name, value);
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  GraphWriter writer_{text_, false};
};

// The tree over the gates' keys, so that their order in the graph doesn't count.
std::string TreeText(const GateTree& tree, const Graph& graph) {
  if (tree.kind == GateTree::Kind::kGate) {
    return graph.gates[tree.gate].key;
  }
  std::string text = "(" + std::string(kGateTreeWords[static_cast<std::size_t>(tree.kind)]);
  for (const GateTree& child : tree.children) {
    text += ' ';
    text += TreeText(child, graph);
  }
  return text + ")";
}

// A Job with the functions that it calls.
void AddJob(const RunNode& run, const Graph& graph, Content& content) {
  content.Add("job", run.job);
  FunctionTable called;
  CollectFunctions(*run.job, graph.functions, called);
  for (const auto& [name, function] : called) {
    content.Add(name, function);
  }
}

std::string EffectOf(const Node& node, const Graph& graph) {
  Content content;
  content.Add("kind", std::string(kNodeWords[node.does.index()]));
  std::visit(
      Overloaded{[&](const ScaleNode& scale) { content.Add("pods", scale.pods).Add("share", scale.share); },
                 [&](const TrafficNode& traffic) { content.Add("traffic", traffic); }, [](const HoldNode&) {},
                 [](const CheckNode&) {}, [](const PauseNode&) {}, [](const NotifyNode&) {}, [](const PromoteNode&) {},
                 [](const RetireNode&) {}, [&](const RunNode& run) { AddJob(run, graph, content); }},
      node.does);
  return Hash("effect", content.text());
}

std::string IntentOf(const Node& node, const Graph& graph) {
  Content content;
  content.Add("effect", node.effect).Add("bound_ms", node.bound);
  for (std::size_t i = 0; i < kOutcomeCount; ++i) {
    content.Add(kOutcomeWords[i], node.outcomes[i]);
  }
  std::visit(
      Overloaded{
          [&](const ScaleNode& scale) { content.Add("min_ready", scale.min_ready).Add("max_pods", scale.max_pods); },
          [](const TrafficNode&) {},
          [&](const HoldNode& hold) {
            content.Add("duration_ms", hold.duration)
                .Add("guard", hold.guard ? TreeText(*hold.guard, graph) : std::string());
          },
          [&](const CheckNode& check) { content.Add("gate", TreeText(check.gate, graph)); },
          [&](const PauseNode& pause) { content.Add("pause", pause); },
          [&](const NotifyNode& notify) { content.Add("notify", notify); }, [](const PromoteNode&) {},
          [&](const RetireNode& retire) { content.Add("retire", retire); },
          [&](const RunNode& run) { content.Add("retries", run.retries).Add("timeout_ms", run.timeout); }},
      node.does);
  return Hash("intent", content.text());
}

void SetIdentities(std::vector<Node>& nodes, const Graph& graph) {
  for (Node& node : nodes) {
    node.effect = EffectOf(node, graph);
    node.intent = IntentOf(node, graph);
    std::vector<std::string> before;
    for (const NodeId id : node.after) {
      before.push_back(nodes[id].prefix + nodes[id].effect);
    }
    std::sort(before.begin(), before.end());
    std::string text;
    for (const std::string& part : before) {
      text += part;
      text += '\n';
    }
    node.prefix = Hash("prefix", text);
  }
}

}  // namespace

void SetIdentities(Graph& graph) {
  SetIdentities(graph.nodes, graph);
  SetIdentities(graph.on_failure, graph);
  SetIdentities(graph.on_success, graph);
}

std::string GateKey(const Gate& gate) {
  Gate content = gate;
  content.key.clear();
  std::string text = "sluice.dev/gate/g1\n";
  GraphWriter(text, false).Write(content);
  return Sha256(text).substr(0, 16);
}

}  // namespace sluice::graph
