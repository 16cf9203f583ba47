#include "reconciler/decide/nodes.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "reconciler/decide/autoscale.h"
#include "reconciler/decide/forward.h"
#include "reconciler/decide/gates.h"
#include "reconciler/decide/jobs.h"
#include "reconciler/decide/outbox.h"
#include "reconciler/decide/promotion.h"
#include "reconciler/decide/revision.h"
#include "reconciler/decide/split.h"

namespace sluice::decide {
namespace {

NodeEnd Pass(std::string evidence = {}) { return {graph::Outcome::kPass, std::move(evidence)}; }
NodeEnd Timeout(std::string evidence) { return {graph::Outcome::kTimeout, std::move(evidence)}; }

// Ready pods that a scale node waits for: what the share needs, and all but what may be unavailable.
std::int32_t ReadyFor(const Context& context, const graph::ScaleNode& scale) {
  if (scale.pods.candidate <= 0) {
    return 0;
  }
  const std::int32_t most = scale.pods.candidate;
  const std::int32_t least = std::max(1, most - context.graph.policies.unavailable);
  return std::min(most, std::max(least, NeedOf(context, scale.share)));
}

std::string WhyNotReady(const Context& context, std::int32_t need) {
  const Revision& candidate = context.status.candidate;
  std::string text = fmt::format("{} of {} candidate pods are ready", Endpoints(context, candidate), need);
  const std::string trouble = TroubleOf(context, candidate);
  return trouble.empty() ? text : text + ": " + trouble;
}

// By pods the share is what the pods are; noted for gates, messages and people.
void NoteShareByPods(Context& context) {
  Status& status = context.status;
  std::int32_t total = 0;
  for (const auto& [revision, observed] : context.seen.revisions) {
    total += SpecPods(context, revision);
  }
  std::map<Revision, Number> shares;
  for (const auto& [revision, observed] : context.seen.revisions) {
    const std::int32_t pods = SpecPods(context, revision);
    if (pods > 0 || revision == status.stable) {
      shares[revision] = Number::Ratio(pods, std::max(1, total));
    }
  }
  if (shares == status.applied.shares && status.applied.settled_at) {
    return;
  }
  status.applied.shares = shares;
  status.applied.previous = std::move(shares);
  status.applied.written_at = context.now;
  status.applied.settled_at = context.now;
}

std::optional<NodeEnd> JudgeScale(Context& context, const graph::Node& node, const graph::ScaleNode& scale,
                                  const NodeRecord& record) {
  const Status& status = context.status;
  const std::int32_t need = ReadyFor(context, scale);
  const bool shrunk = status.stable.empty() || SpecPods(context, status.stable) <= scale.pods.stable;
  const bool sized = HasPods(context, status.candidate, scale.pods.candidate) && (shrunk || !context.bounded());
  const bool kept = KeepsPods(context, status.candidate, scale.pods.candidate) &&
                    (context.bounded() || KeepsPods(context, status.stable, scale.pods.stable));
  if (sized && kept && Fresh(context, status.candidate) && Ready(context, status.candidate) >= need) {
    if (context.by_pods()) {
      NoteShareByPods(context);
    }
    return Pass(fmt::format("{} of {} pods ready", Ready(context, status.candidate), scale.pods.candidate));
  }
  const TimePoint due = record.deadline.value_or(record.entered_at + kReadyBound);
  const std::string why = kept ? WhyNotReady(context, need) : "an autoscaler may still take pods that the split needs";
  if (context.now >= due) {
    return Timeout(why);
  }
  context.Say("waits: " + why, node.path, due, TroubleOf(context, status.candidate));
  return std::nullopt;
}

// Another revision than the candidate gets more than its ready pods carry. The candidate's share then comes down as
// they become ready (LowerShare).
bool GainsTooMuch(const Context& context, const Split& split) {
  return std::any_of(split.shares.begin(), split.shares.end(), [&](const auto& entry) {
    const auto& [revision, share] = entry;
    return revision != context.status.candidate && CandidateExposed(context) && share > ShareOf(context, revision) &&
           Ready(context, revision) < NeedOf(context, share);
  });
}

std::optional<NodeEnd> JudgeTraffic(Context& context, const graph::Node& node, const graph::TrafficNode& traffic,
                                    NodeRecord& record) {
  Status& status = context.status;
  const bool exposes = traffic.share > Number(0) || !traffic.matches.empty() || traffic.mirror > Number(0);
  const std::int32_t need = std::max(exposes ? 1 : 0, NeedOf(context, traffic.share));
  Split split = SplitFor(context, traffic.share, traffic.matches, traffic.mirror);
  // A candidate that waits is of the split too: a router may lead to it apart from the traffic.
  if (!status.stable.empty()) {
    split.shares.try_emplace(status.candidate, Number(0));
  }
  const TimePoint due = record.deadline.value_or(record.entered_at + kSettleBound);
  if (!IsApplied(context, split)) {
    if (GainsTooMuch(context, split)) {
      if (context.now >= due) {
        return Timeout("the others can't carry what the candidate gives up");
      }
      context.Say("waits until the others carry what the candidate gives up", node.path, due);
      return std::nullopt;
    }
    if (Ready(context, status.candidate) < need) {
      if (context.now >= due) {
        return Timeout(WhyNotReady(context, need));
      }
      context.Say("waits: " + WhyNotReady(context, need), node.path, due, TroubleOf(context, status.candidate));
      return std::nullopt;
    }
    if (ForwardBlocked(context)) {
      return std::nullopt;
    }
    if (context.now >= due) {
      return Timeout("the traffic could not shift in time");
    }
    Apply(context, std::move(split));
  }
  if (status.applied.settled_at) {
    record.settled_at = status.applied.settled_at;
    return Pass(traffic.share.ToPercent() + " of the traffic");
  }
  if (context.now >= due) {
    return Timeout("the route did not settle");
  }
  context.Say("waits for the route to settle", node.path, due);
  return std::nullopt;
}

// Whether a wait for a gate's verdict is over its bound. An executor that was away for longer than that looks at the
// gate once more before it says so.
bool IsOverdue(Context& context, const graph::GateTree& gate, const graph::Node& node, const NodeRecord& record) {
  if (!record.deadline || context.now < *record.deadline) return false;
  const TimePoint answers_by = FirstAnswersBy(context, gate, node.path, record.entry);
  if (context.now >= answers_by) return true;
  context.Wake(answers_by);
  return false;
}

std::optional<NodeEnd> JudgeHold(Context& context, const graph::Node& node, const graph::HoldNode& hold,
                                 const NodeRecord& record) {
  const TimePoint end = record.entered_at + hold.duration;
  std::optional<NodeEnd> verdict;
  if (hold.guard) {
    verdict = EndOfGate(context, *hold.guard, node.path, record, record.entered_at, true);
  }
  if (verdict && verdict->outcome != graph::Outcome::kPass) {
    return verdict;
  }
  if (context.now < end) {
    context.Say("holds", node.path, end);
    return std::nullopt;
  }
  if (hold.guard && !verdict) {
    if (IsOverdue(context, *hold.guard, node, record)) {
      return Timeout("no verdict of the guard within the bound");
    }
    context.Say("waits for the guard to pass", node.path, record.deadline);
    return std::nullopt;
  }
  return verdict ? verdict : Pass();
}

std::optional<NodeEnd> JudgeCheck(Context& context, const graph::Node& node, const graph::CheckNode& check,
                                  const NodeRecord& record) {
  const TimePoint since = context.status.applied.settled_at.value_or(record.entered_at);
  std::optional<NodeEnd> verdict = EndOfGate(context, check.gate, node.path, record, since, true);
  if (verdict) {
    return verdict;
  }
  if (IsOverdue(context, check.gate, node, record)) {
    return Timeout("no verdict within the bound");
  }
  context.Say("waits for a verdict", node.path, record.deadline);
  return std::nullopt;
}

std::optional<NodeEnd> JudgePause(Context& context, const graph::Node& node, const graph::PauseNode& pause,
                                  const NodeRecord& record) {
  std::set<std::string> approvers;
  for (const Approval& approval : context.status.approvals) {
    if (approval.node != node.path || approval.run != context.status.run || approval.entry != record.entry ||
        approval.revision != context.status.candidate) {
      continue;
    }
    if (!approval.approved) {
      return NodeEnd{graph::Outcome::kFail,
                     fmt::format("rejected by {}{}{}", approval.who, approval.why.empty() ? "" : ": ", approval.why)};
    }
    approvers.insert(approval.who);
  }
  const auto quorum = static_cast<std::size_t>(std::max(1, pause.quorum));
  if (approvers.size() >= quorum) {
    std::string names;
    for (const std::string& who : approvers) {
      names += (names.empty() ? "" : ", ") + who;
    }
    return Pass("approved by " + names);
  }
  if (record.deadline && context.now >= *record.deadline) {
    return Timeout("not approved in time");
  }
  context.Say(fmt::format("waits for approval by {} ({} of {})", pause.approver, approvers.size(), quorum), node.path,
              record.deadline);
  return std::nullopt;
}

}  // namespace

std::optional<NodeEnd> EndOfGate(Context& context, const graph::GateTree& tree, const std::string& node,
                                 const NodeRecord& record, TimePoint since, bool pass_ends) {
  const Judgement judgement = Judge(context, tree, Look{node, record.entry, since, record.recheck});
  switch (judgement.verdict) {
    case Verdict::kOpen:
      return std::nullopt;
    case Verdict::kPass:
      return pass_ends ? std::optional(Pass(judgement.evidence)) : std::nullopt;
    case Verdict::kFail:
      return NodeEnd{graph::Outcome::kFail, judgement.evidence};
    case Verdict::kNoData:
      return NodeEnd{graph::Outcome::kNoData, judgement.evidence};
    case Verdict::kError:
      return NodeEnd{graph::Outcome::kError, judgement.evidence};
  }
  return std::nullopt;
}

std::optional<NodeEnd> JudgeNode(Context& context, const graph::Node& node, NodeRecord& record) {
  struct Judges {
    Context& context;
    const graph::Node& node;
    NodeRecord& record;
    using End = std::optional<NodeEnd>;
    End operator()(const graph::ScaleNode& scale) { return JudgeScale(context, node, scale, record); }
    End operator()(const graph::TrafficNode& traffic) { return JudgeTraffic(context, node, traffic, record); }
    End operator()(const graph::HoldNode& hold) { return JudgeHold(context, node, hold, record); }
    End operator()(const graph::CheckNode& check) { return JudgeCheck(context, node, check, record); }
    End operator()(const graph::PauseNode& pause) { return JudgePause(context, node, pause, record); }
    End operator()(const graph::NotifyNode& notify) {
      PutNotification(context, node, notify, node.step, "");
      return Pass();
    }
    End operator()(const graph::PromoteNode&) { return JudgePromote(context, node, record); }
    End operator()(const graph::RetireNode&) { return JudgeRetire(context, node); }
    End operator()(const graph::RunNode& run) { return JudgeRun(context, node, run, record); }
  };
  return std::visit(Judges{context, node, record}, node.does);
}

}  // namespace sluice::decide
