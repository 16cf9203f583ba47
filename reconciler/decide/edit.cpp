#include "reconciler/decide/edit.h"

#include <algorithm>
#include <set>
#include <string>

#include <fmt/format.h>

#include "reconciler/decide/history.h"
#include "reconciler/decide/revision.h"
#include "reconciler/decide/route.h"

namespace sluice::decide {
namespace {

bool HasGate(const graph::Node& node) {
  const auto* hold = std::get_if<graph::HoldNode>(&node.does);
  return std::holds_alternative<graph::CheckNode>(node.does) || (hold != nullptr && hold->guard.has_value());
}

void EditActive(Context& context, const graph::Node& node, NodeRecord& record) {
  if (record.effect != node.effect) {
    EnterAgain(context, node, record);
    return;
  }
  record.deadline = node.bound ? std::optional(record.entered_at + *node.bound) : std::nullopt;
}

void EditDone(const graph::Node& node, NodeRecord& record) {
  if (HasGate(node) && record.exception.empty() && record.outcome == graph::Outcome::kPass) {
    record.recheck = true;
    record.entry += 1;
  }
}

// A step was moved before one that is done or under way: it is behind, and two nodes that both said what is routed
// would undo each other's work.
void LeaveBehind(Context& context) {
  Status& status = context.status;
  const std::vector<graph::Node>& nodes = context.graph.nodes;
  std::vector<bool> leads_to_recorded(nodes.size(), false);
  for (std::size_t i = nodes.size(); i-- > 0;) {
    const auto found = status.nodes.find(nodes[i].path);
    const bool recorded = found != status.nodes.end();
    if (recorded && leads_to_recorded[i] && found->second.state == NodeState::kActive) {
      status.nodes.erase(found);
    }
    if (!recorded && !leads_to_recorded[i]) {
      continue;
    }
    for (const graph::NodeId before : nodes[i].after) {
      if (before < i) {
        leads_to_recorded[before] = true;
      }
    }
  }
}

void EditNodes(Context& context) {
  Status& status = context.status;
  std::set<std::string> paths;
  for (const auto* list : {&context.graph.nodes, &context.graph.on_failure, &context.graph.on_success}) {
    for (const graph::Node& node : *list) {
      paths.insert(node.path);
    }
  }
  std::erase_if(status.nodes, [&](const auto& entry) {
    return entry.second.state == NodeState::kActive && !paths.contains(entry.first);
  });
  LeaveBehind(context);
  for (const graph::Node& node : context.graph.nodes) {
    const auto found = status.nodes.find(node.path);
    if (found == status.nodes.end()) {
      continue;
    }
    NodeRecord& record = found->second;
    if (record.intent == node.intent && record.effect == node.effect) {
      continue;
    }
    if (record.state == NodeState::kActive) {
      EditActive(context, node, record);
    } else {
      EditDone(node, record);
    }
    record.effect = node.effect;
    record.intent = node.intent;
  }
}

// Revisions that are only named get nothing.
std::map<Revision, Number> Used(std::map<Revision, Number> shares) {
  std::erase_if(shares, [](const auto& entry) { return entry.second == Number(0); });
  return shares;
}

}  // namespace

bool MustDefer(const graph::Graph& accepted, const graph::Graph& graph, const Status& status) {
  if (status.stable.empty()) {
    return false;
  }
  const bool others = std::any_of(status.applied.shares.begin(), status.applied.shares.end(), [&](const auto& entry) {
    return entry.first != status.stable && MayGetRequests(status, entry.first);
  });
  const bool unsettled = !status.applied.settled_at && !status.applied.shares.empty() &&
                         Used(status.applied.previous) != Used(status.applied.shares);
  // Where pods make the shares, those that wait without any would get theirs.
  const bool pods = (accepted.router.shares_by_pods || graph.router.shares_by_pods) &&
                    std::any_of(status.applied.pods.begin(), status.applied.pods.end(),
                                [&](const auto& entry) { return entry.first != status.stable; });
  return (others || unsettled || pods) && !SameRouting(accepted, graph);
}

void AcceptEdit(Context& context) {
  Status& status = context.status;
  const bool known = !context.seen.digest.empty();
  if (context.deferred || (known && context.seen.digest == status.accepted_digest)) {
    return;
  }
  const bool first = status.accepted_digest.empty();
  status.accepted_digest = context.seen.digest;
  Applied& applied = status.applied;
  // Where nobody can say what routed before, it is made sure again.
  const bool same = context.seen.accepted && SameRouting(*context.seen.accepted, context.graph);
  if (known && !first && !applied.shares.empty() && !same) {
    applied.sequence += 1;
    applied.objects_written = 0;
    applied.written_at = context.now;
    applied.settled_at.reset();
    // Whom the router before only named, this one doesn't know.
    applied.previous = Used(std::move(applied.previous));
  }
  if (status.phase != Phase::kProgressing || context.graph.workload.revision != status.candidate) {
    return;
  }
  if (known && !first && !status.nodes.empty()) {
    context.Event(false, "PlanEdited", "the steps were edited; what is done stays done");
  }
  EditNodes(context);
}

}  // namespace sluice::decide
