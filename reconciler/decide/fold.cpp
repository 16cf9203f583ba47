#include "reconciler/decide/fold.h"

#include <algorithm>

namespace sluice::decide {

Walk::Walk(const graph::Graph& graph, const Status& status) : graph_(&graph), at_(graph.nodes.size(), At::kAhead) {
  std::vector<bool> leads_to_recorded(graph.nodes.size(), false);
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    const auto found = status.nodes.find(graph.nodes[i].path);
    const bool recorded = found != status.nodes.end();
    if (recorded) {
      at_[i] = found->second.state == NodeState::kDone ? At::kDone : At::kActive;
    } else if (leads_to_recorded[i]) {
      at_[i] = At::kBehind;
    }
    if (recorded || leads_to_recorded[i]) {
      for (const graph::NodeId before : graph.nodes[i].after) {
        if (before < i) {
          leads_to_recorded[before] = true;
        }
      }
    }
  }
}

bool Walk::IsFrontier(graph::NodeId id) const {
  if (at_[id] != At::kAhead) {
    return false;
  }
  const std::vector<graph::NodeId>& after = graph_->nodes[id].after;
  return std::all_of(after.begin(), after.end(), [&](graph::NodeId before) {
    return before < at_.size() && (at_[before] == At::kDone || at_[before] == At::kBehind);
  });
}

Fold FoldNodes(const Context& context, const Walk& walk) {
  Fold fold;
  fold.pods.stable = context.replicas();
  fold.max_pods = context.replicas();
  for (graph::NodeId id = 0; id < context.graph.nodes.size(); ++id) {
    if (!walk.IsActive(id) && !walk.IsDone(id)) {
      continue;
    }
    const graph::Node& node = context.graph.nodes[id];
    const auto record = context.status.nodes.find(node.path);
    if (record == context.status.nodes.end() || !record->second.exception.empty()) {
      continue;  // passed without its condition: it never took effect
    }
    if (const auto* scale = std::get_if<graph::ScaleNode>(&node.does)) {
      fold.pods = scale->pods;
      fold.max_pods = scale->max_pods;
      fold.scaled = true;
    } else if (const auto* traffic = std::get_if<graph::TrafficNode>(&node.does)) {
      fold.share = traffic->share;
      fold.traffic = traffic;
    } else if (std::holds_alternative<graph::PromoteNode>(node.does)) {
      fold.share = Number(1);
    }
  }
  return fold;
}

}  // namespace sluice::decide
