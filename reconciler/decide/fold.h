// What should be routed and scaled, as a fold over the nodes done so far: never an effect of "the current
// step", so that it can be asserted again at any time.
#pragma once

#include <optional>
#include <vector>

#include "reconciler/decide/context.h"

namespace sluice::decide {

// How the nodes of the graph stand. Valid until the graph or Status::nodes change.
class Walk {
 public:
  Walk(const graph::Graph& graph, const Status& status);

  bool IsActive(graph::NodeId id) const { return at_[id] == At::kActive; }
  bool IsDone(graph::NodeId id) const { return at_[id] == At::kDone; }
  // Neither done nor active, and a done or active node is reachable from it: it isn't run any more.
  bool IsBehind(graph::NodeId id) const { return at_[id] == At::kBehind; }
  // Neither done nor behind nor active, and all its predecessors are done or behind.
  bool IsFrontier(graph::NodeId id) const;

  void Enter(graph::NodeId id) { at_[id] = At::kActive; }
  void Finish(graph::NodeId id) { at_[id] = At::kDone; }

 private:
  enum class At : std::uint8_t { kAhead, kActive, kDone, kBehind };
  const graph::Graph* graph_;
  std::vector<At> at_;
};

// The state that the nodes add up to.
struct Fold {
  graph::Pods pods;                             // by spec
  Number share;                                 // of the candidate, by the traffic nodes entered
  const graph::TrafficNode* traffic = nullptr;  // the furthest one entered
  std::int32_t max_pods = 0;
  bool scaled = false;  // some scale node was entered
};
Fold FoldNodes(const Context& context, const Walk& walk);

}  // namespace sluice::decide
