#include "reconciler/decide/health.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "reconciler/decide/back.h"
#include "reconciler/decide/fold.h"
#include "reconciler/decide/forward.h"
#include "reconciler/decide/gates.h"
#include "reconciler/decide/history.h"
#include "reconciler/decide/nodes.h"
#include "reconciler/decide/revision.h"
#include "reconciler/decide/split.h"

namespace sluice::decide {
namespace {

// The node whose effect is that the candidate has traffic: the furthest traffic node entered, or the promotion.
const graph::Node* ExposingNode(const Context& context) {
  const graph::Node* found = nullptr;
  for (const graph::Node& node : context.graph.nodes) {
    const auto record = context.status.nodes.find(node.path);
    if (record == context.status.nodes.end() || !record->second.exception.empty()) {
      continue;
    }
    if (std::holds_alternative<graph::TrafficNode>(node.does) ||
        std::holds_alternative<graph::PromoteNode>(node.does)) {
      found = &node;
    }
  }
  return found;
}

// Enters `node` once more: what was done after it isn't any longer.
void ReturnTo(Context& context, const graph::Node& node) {
  Status& status = context.status;
  std::vector<bool> after(context.graph.nodes.size(), false);
  for (std::size_t i = 0; i < context.graph.nodes.size(); ++i) {
    const graph::Node& other = context.graph.nodes[i];
    after[i] = other.path == node.path;
    for (const graph::NodeId before : other.after) {
      after[i] = after[i] || (before < i && after[before]);
    }
    if (after[i] && other.path != node.path) {
      status.nodes.erase(other.path);
      std::erase_if(status.approvals, [&](const Approval& approval) { return approval.node == other.path; });
    }
  }
  EnterAgain(context, node, status.nodes[node.path]);
}

// The candidate has traffic and no endpoint: its share is taken away in this very decision.
bool HandleLostEndpoints(Context& context) {
  Status& status = context.status;
  if (context.by_pods() || !CandidateExposed(context) || Endpoints(context, status.candidate) > 0 ||
      status.stable.empty() || Endpoints(context, status.stable) == 0) {
    return true;
  }
  Apply(context, SplitFor(context, Number(0), {}, Number(0)));
  const graph::Node* node = ExposingNode(context);
  if (node == nullptr) {
    return true;
  }
  if (status.nodes[node->path].entry >= kEntries) {
    FailRun(context, fmt::format("{}: the candidate lost all its endpoints {} times", node->path, kEntries), node->path,
            true);
    return false;
  }
  ReturnTo(context, *node);
  context.Event(true, "EndpointsLost",
                fmt::format("the candidate has no ready endpoint: no traffic for it, {} is entered again", node->path));
  return true;
}

bool CheckReadiness(Context& context) {
  Status& status = context.status;
  const Number share = ShareOf(context, status.candidate);
  // By pods the share is made of the very pods that there are.
  const std::int32_t most = context.by_pods() ? SpecPods(context, status.candidate) : context.replicas();
  const std::int32_t need = std::min(NeedOf(context, share), most);
  const std::int32_t ready = Endpoints(context, status.candidate);
  const bool counts = CandidateExposed(context) && status.applied.settled_at.has_value();
  if (!counts || ready >= need) {
    status.unready_since.reset();
    return true;
  }
  if (!status.unready_since) {
    status.unready_since = context.now;
  }
  TimePoint due = *status.unready_since + kUnreadyPatience;
  // A load that grows asks for pods in the middle of a step: those have the time that pods of a step have to come.
  if (context.graph.autoscaler && status.applied.pods_at && TroubleOf(context, status.candidate).empty()) {
    due = std::max(due, *status.applied.pods_at + kReadyBound);
  }
  const std::string text = fmt::format("{} of {} candidate pods that its share needs are ready", ready, need);
  const std::string evidence = TroubleOf(context, status.candidate);
  if (context.now < due) {
    context.Say(evidence.empty() ? text : text + ": " + evidence, {}, due, evidence);
    return true;
  }
  const graph::Node* node = ExposingNode(context);
  FailRun(context,
          fmt::format("{} for {}{}{}", text, FormatDuration(due - *status.unready_since), evidence.empty() ? "" : ": ",
                      evidence),
          node == nullptr ? std::string() : node->path, true);
  return false;
}

bool CheckTimes(Context& context) {
  Status& status = context.status;
  if (status.paused && status.paused_until) {
    if (context.now >= *status.paused_until) {
      TurnBack(context, {"rolled-back",
                         fmt::format("paused by {} until {}, and nobody resumed", status.paused_by,
                                     FormatTime(*status.paused_until)),
                         "", "", true});
      return false;
    }
    context.Wake(*status.paused_until);
  }
  const std::optional<TimePoint> deadline = DeadlineOf(context);
  if (!deadline) {
    return true;
  }
  if (context.now < *deadline) {
    context.Wake(*deadline);
    return true;
  }
  const std::string reason = fmt::format("the deadline of {} is over", FormatDuration(context.graph.policies.deadline));
  if (context.graph.policies.deadline_else == graph::Disposition::kHold) {
    Stall(context, reason, "");
    return true;
  }
  TurnBack(context, {"rolled-back", reason, "", "", true});
  return false;
}

bool CheckWatch(Context& context) {
  Status& status = context.status;
  const bool weighs = context.by_pods() ? CandidateExposed(context) : ShareOf(context, status.candidate) > Number(0);
  if (!context.graph.watch || !weighs || !SkipReason(status).empty() || status.stalled) {
    return true;
  }
  const Judgement judgement =
      Judge(context, *context.graph.watch, Look{"watch", 1, status.exposed_at.value_or(TimePoint{}), false});
  if (judgement.verdict == Verdict::kOpen || judgement.verdict == Verdict::kPass) {
    return true;
  }
  if (judgement.otherwise != graph::Disposition::kContinue) {
    status.cause = judgement.verdict == Verdict::kFail     ? graph::Outcome::kFail
                   : judgement.verdict == Verdict::kNoData ? graph::Outcome::kNoData
                                                           : graph::Outcome::kError;
  }
  const bool fails = judgement.verdict == Verdict::kFail || judgement.otherwise == graph::Disposition::kFail;
  if (fails || judgement.otherwise == graph::Disposition::kRollback) {
    FailRun(context, "watch: " + judgement.evidence, "watch", fails);
    return false;
  }
  if (judgement.otherwise == graph::Disposition::kHold) {
    Stall(context, "watch: " + judgement.evidence, "watch");
  }
  return true;
}

// Gates of nodes done whose intent was edited are looked at once, at the present share.
bool CheckEditedGates(Context& context) {
  Status& status = context.status;
  for (const graph::Node& node : context.graph.nodes) {
    const auto found = status.nodes.find(node.path);
    if (found == status.nodes.end() || !found->second.recheck) {
      continue;
    }
    const graph::GateTree* tree = nullptr;
    if (const auto* hold = std::get_if<graph::HoldNode>(&node.does)) {
      tree = hold->guard ? &*hold->guard : nullptr;
    } else if (const auto* check = std::get_if<graph::CheckNode>(&node.does)) {
      tree = &check->gate;
    }
    NodeRecord& record = found->second;
    if (tree == nullptr || !SkipReason(status).empty()) {
      record.recheck = false;
      continue;
    }
    const std::optional<NodeEnd> end = EndOfGate(context, *tree, node.path, record, TimePoint{}, true);
    if (!end) {
      continue;
    }
    record.recheck = false;
    if (end->outcome == graph::Outcome::kFail) {
      FailRun(context, fmt::format("{} (edited): {}", node.path, end->evidence), node.path, true);
      return false;
    }
  }
  return true;
}

}  // namespace

void Stall(Context& context, const std::string& reason, const std::string& node) {
  Status& status = context.status;
  if (status.stalled) {
    return;
  }
  status.stalled = true;
  status.stalled_reason = reason;
  status.stalled_node = node;
}

void FailRun(Context& context, const std::string& reason, const std::string& node, bool by_step) {
  if (by_step && context.graph.hold_on_failure) {
    Stall(context, reason, node);
    return;
  }
  TurnBack(context, {"rolled-back", reason, node, "", true});
}

bool CheckHealth(Context& context) {
  return HandleLostEndpoints(context) && CheckReadiness(context) && CheckTimes(context) && CheckWatch(context) &&
         CheckEditedGates(context);
}

}  // namespace sluice::decide
