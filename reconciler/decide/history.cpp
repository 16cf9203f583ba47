#include "reconciler/decide/history.h"

#include <algorithm>

#include <fmt/format.h>

#include "reconciler/decide/revision.h"

namespace sluice::decide {
namespace {

template <typename T>
void KeepLast(std::vector<T>& items, std::size_t count) {
  if (items.size() > count) {
    items.erase(items.begin(), items.end() - static_cast<std::ptrdiff_t>(count));
  }
}

// Whether `revision` is one to which the plan lets us go back fast.
bool WasPromotedLately(const Context& context, const Revision& revision) {
  const Status& status = context.status;
  if (revision == status.pinned) {
    return true;
  }
  std::int32_t left = context.graph.policies.fast_track;
  for (const Revision& promoted : status.promoted) {
    if (promoted == status.stable) {
      continue;
    }
    if (left-- <= 0) {
      return false;
    }
    if (promoted == revision) {
      return true;
    }
  }
  return false;
}

void ClearRun(Status& status) {
  status.nodes.clear();
  status.job_entries.clear();
  status.approvals.clear();
  status.excluded = Duration{};
  status.back_reason.clear();
  status.back_node.clear();
  status.back_outcome.clear();
  status.back_since.reset();
  status.back_holds = false;
  status.paused = false;
  status.paused_by.clear();
  status.paused_at.reset();
  status.paused_until.reset();
  status.stalled = false;
  status.stalled_reason.clear();
  status.stalled_node.clear();
  status.cause.reset();
  status.exposed_at.reset();
  status.unready_since.reset();
  status.skip_to_end = false;
  status.skip_by.clear();
}

}  // namespace

void StartRun(Context& context, const Revision& revision) {
  Status& status = context.status;
  ClearRun(status);
  status.run += 1;
  status.run_started_at = context.now;
  status.candidate = revision;
  std::erase(status.leaving, revision);
  status.drained_since.erase(revision);
  status.first_install = status.stable.empty();
  status.fast_track = !status.first_install && WasPromotedLately(context, revision);
  status.phase = Phase::kProgressing;
  RunRecord record;
  record.run = status.run;
  record.revision = revision;
  record.from = status.stable;
  const graph::Workload* workload = WorkloadOf(context, revision);
  record.image = workload == nullptr ? std::string() : workload->image;
  record.outcome = "progressing";
  record.started_at = context.now;
  status.history.emplace_back(std::move(record));
  KeepLast(status.history, kHistoryLength);
  context.Event(false, "RunStarted",
                fmt::format("run {} of revision {}{}", status.run, revision,
                            status.first_install ? ", a first install"
                            : status.fast_track  ? ", back to a promoted revision"
                                                 : ""));
}

void EndRun(Context& context, const std::string& outcome, const std::string& reason, const std::string& who) {
  Status& status = context.status;
  if (status.history.empty() || status.history.back()->run != status.run || status.history.back()->ended_at) {
    return;
  }
  RunRecord& record = status.history.back().Edit();
  record.outcome = outcome;
  record.reason = reason;
  record.who = who;
  record.ended_at = context.now;
}

NodeRecord& EnterNode(Context& context, const graph::Node& node) {
  NodeRecord& record = context.status.nodes[node.path];
  record = NodeRecord{};
  record.effect = node.effect;
  record.intent = node.intent;
  record.entered_at = context.now;
  if (std::holds_alternative<graph::RunNode>(node.does)) {
    record.entry = ++context.status.job_entries[node.path];
  }
  if (node.bound) {
    record.deadline = context.now + *node.bound;
  }
  return record;
}

void EnterAgain(Context& context, const graph::Node& node, NodeRecord& record) {
  const bool runs = std::holds_alternative<graph::RunNode>(node.does);
  record.entry = runs ? ++context.status.job_entries[node.path] : record.entry + 1;
  record.state = NodeState::kActive;
  record.entered_at = context.now;
  record.settled_at.reset();
  record.left_at.reset();
  record.deadline = node.bound ? std::optional(context.now + *node.bound) : std::nullopt;
  record.failed_attempts = 0;
  record.job_uid.clear();
}

void FinishNode(Context& context, const graph::Node& node, graph::Outcome outcome, const std::string& evidence,
                const std::string& exception) {
  Status& status = context.status;
  NodeRecord& record = status.nodes[node.path];
  record.state = NodeState::kDone;
  record.outcome = outcome;
  record.effect = node.effect;
  record.intent = node.intent;
  record.left_at = context.now;
  record.evidence = evidence;
  record.exception = exception;
  if (!status.history.empty() && status.history.back()->run == status.run) {
    const bool skipped = !exception.empty();
    status.history.back().Edit().nodes.push_back(
        {node.path, outcome, skipped, skipped ? exception : evidence, context.now});
  }
}

bool IsHeld(const Status& status, const Revision& revision) {
  return std::any_of(status.held.begin(), status.held.end(),
                     [&](const HeldRevision& held) { return held.revision == revision && !held.lifted; });
}

void HoldRevision(Context& context, const Revision& revision, const std::string& cause) {
  std::vector<HeldRevision>& held = context.status.held;
  std::erase_if(held, [&](const HeldRevision& other) { return other.revision == revision; });
  held.push_back({revision, cause, context.now, false});
  KeepLast(held, kHeldLength);
}

std::size_t StatusSize(const Status& status) {
  constexpr std::size_t kFields = 600;
  constexpr std::size_t kRecord = 260;
  std::size_t size = kFields + status.hold_reason.size() + status.back_reason.size() + status.stalled_reason.size();
  for (const auto& [path, record] : status.nodes) {
    size += kRecord + path.size() + record.effect.size() + record.intent.size() + record.evidence.size() +
            record.exception.size();
  }
  for (const graph::Match& match : status.applied.matches) {
    for (const graph::MatchCondition& condition : match.conditions) {
      size += 80 + condition.name.size();
      for (const std::string& value : condition.values) {
        size += value.size() + 4;
      }
    }
  }
  for (const ObjectName& object : status.applied.objects) {
    size += 60 + object.api_version.size() + object.kind.size() + object.namespace_.size() + object.name.size();
  }
  for (const Outgoing& outgoing : status.outbox) {
    size += 120 + outgoing.key.size() + outgoing.node.size() + outgoing.message.size();
  }
  for (const HeldRevision& held : status.held) {
    size += 100 + held.cause.size();
  }
  for (const Approval& approval : status.approvals) {
    size += 160 + approval.node.size() + approval.who.size() + approval.why.size();
  }
  for (const TakenCommand& taken : status.consumed) {
    size += 30 + taken.uid.size() + taken.refused.size();
  }
  for (const RunRecord& run : status.history) {
    size += 260 + run.image.size() + run.reason.size() + run.who.size();
    for (const RunRecord::NodeResult& node : run.nodes) {
      size += 90 + node.path.size() + node.evidence.size();
    }
  }
  return size;
}

void TrimStatus(Status& status) {
  KeepLast(status.outbox, kOutboxLength);
  KeepLast(status.approvals, kOutboxLength);
  if (status.promoted.size() > kPromotedLength) {
    status.promoted.resize(kPromotedLength);
  }
  std::size_t size = StatusSize(status);
  if (size <= kStatusBytes) {
    return;
  }
  for (CopyOnWrite<RunRecord>& run : status.history) {
    for (RunRecord::NodeResult& node : run.Edit().nodes) {
      size -= std::min(size, node.evidence.size());
      node.evidence.clear();
    }
    if (size <= kStatusBytes) {
      return;
    }
  }
  for (CopyOnWrite<RunRecord>& run : status.history) {
    for (const RunRecord::NodeResult& node : run->nodes) {
      size -= std::min(size, 90 + node.path.size());
    }
    run.Edit().nodes.clear();
    if (size <= kStatusBytes) {
      return;
    }
  }
  constexpr std::size_t kShort = 60;
  for (auto& [path, record] : status.nodes) {
    record.evidence.resize(std::min(record.evidence.size(), kShort));
  }
  for (Outgoing& outgoing : status.outbox) {
    outgoing.message.resize(std::min<std::size_t>(outgoing.message.size(), 200));
  }
}

}  // namespace sluice::decide
