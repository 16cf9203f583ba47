// What each kind of node waits for while it is active. To add a kind: its branch in JudgeNode, its part in
// FoldNodes if it moves traffic or pods, its way of being skipped in SkipReason's callers.
#pragma once

#include <optional>
#include <string>

#include "reconciler/decide/context.h"

namespace sluice::decide {

struct NodeEnd {
  graph::Outcome outcome = graph::Outcome::kPass;
  std::string evidence;
};

// Whether an active node is over. Does for it what may be done now (moves the split, samples its gate).
// `share_of_stable` etc. come from the applied state, never from the node's place in the graph.
std::optional<NodeEnd> JudgeNode(Context& context, const graph::Node& node, NodeRecord& record);

// A gate with the outcome that its verdict stands for; none while it is open.
std::optional<NodeEnd> EndOfGate(Context& context, const graph::GateTree& tree, const std::string& node,
                                 const NodeRecord& record, TimePoint since, bool pass_ends);

}  // namespace sluice::decide
