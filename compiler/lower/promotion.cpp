// The promotion, written or implied: what may stand behind it, and what has to have happened before.
#include <fmt/format.h>

#include "compiler/lower/node_maker.h"

namespace sluice::lower {

void NodeMaker::FillPromotion(Node& node, const check::Step& step, const check::Verb& verb) {
  node.does = graph::PromoteNode{};
  node.bound = kReadyBound;
  if (promotion_ != nullptr) {
    return;  // the second one is reported
  }
  promotion_ = &verb;
  if (split_.share != Number(1)) {
    ReportAt(emitter_, diagnostics::kPromoteBelowFull, step, verb,
             fmt::format("`promote` at {} of the traffic", split_.share.ToPercent()))
        .Note("the promotion must change nothing for users: set `weight 100%` before it");
    well_ = false;
  }
}

void NodeMaker::ForbidAfterPromotion(const check::Step& step, const check::Verb& verb) {
  if (promotion_ == nullptr) {
    return;
  }
  ReportAt(emitter_, diagnostics::kVerbAfterPromote, step, verb,
           fmt::format("`{}` stands behind `promote`, where only `notify` may stand", verb.word))
      .Label(promotion_->span, "the candidate is stable from here on");
  well_ = false;
}

void NodeMaker::CheckReachesAll() {
  if (promotion_ != nullptr || (split_.share == Number(1) && last_weight_.second != nullptr)) {
    return;
  }
  well_ = false;
  if (!whole_) {
    return;
  }
  if (last_weight_.second == nullptr) {
    emitter_
        .Report(diagnostics::kNeverReachesAll, rollout_.span,
                fmt::format("rollout `{}` never gives the candidate any traffic", rollout_.name))
        .Note("end it with `step full { weight 100% }`");
    return;
  }
  const auto& [step, verb] = last_weight_;
  auto report =
      ReportAt(emitter_, diagnostics::kNeverReachesAll, *step, *verb,
               fmt::format("rollout `{}` ends at {} of the traffic", rollout_.name, split_.share.ToPercent()));
  report.Note("the candidate becomes stable at the end, with all of the traffic: end with `step full { weight 100% }`");
  if (IsLiteral(*step, *verb, sources_)) {
    report.Fix("end with all of the traffic", diagnostics::Safety::kUncertain, verb->value_span, "100%");
  }
}

// The implied promotion, and what takes away the old revision: behind everything else.
void NodeMaker::AddEnd() {
  if (promotion_ == nullptr) {
    current_ = Leaves();
    Node& node = Append(rollout_.name + "/promote", "", rollout_.span);
    node.does = graph::PromoteNode{};
    node.bound = kReadyBound;
  }
  current_ = Leaves();
  Append(rollout_.name + "/retire", "", rollout_.span).does = graph::RetireNode{graph_.policies.keep_previous};
}

std::vector<graph::NodeId> NodeMaker::Leaves() const {
  std::vector<bool> has_successor(graph_.nodes.size(), false);
  for (const Node& node : graph_.nodes) {
    for (const NodeId before : node.after) {
      has_successor[before] = true;
    }
  }
  std::vector<NodeId> leaves;
  for (NodeId id = 0; id < graph_.nodes.size(); ++id) {
    if (!has_successor[id]) {
      leaves.push_back(id);
    }
  }
  return leaves;
}

}  // namespace sluice::lower
