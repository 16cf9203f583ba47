#include "reconciler/decide/command.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "reconciler/decide/back.h"
#include "reconciler/decide/eject.h"
#include "reconciler/decide/forward.h"
#include "reconciler/decide/history.h"
#include "reconciler/decide/promotion.h"
#include "reconciler/decide/revision.h"
#include "reconciler/decide/supersede.h"

namespace sluice::decide {
namespace {

// Why a command is refused; none if it was carried out.
using Refusal = std::optional<std::string>;

bool UnderWay(const Status& status) { return status.phase == Phase::kProgressing && !status.candidate.empty(); }

// The revision that commands are about now.
Revision Subject(const Context& context) {
  const Status& status = context.status;
  if (!status.candidate.empty()) {
    return status.candidate;
  }
  return status.phase == Phase::kWaiting ? Wanted(context) : status.stable;
}

// The pause that `command` answers: the one it names, or the one that waits.
const graph::Node* WaitingPause(const Context& context, const Command& command, std::string& why) {
  for (const graph::Node& node : context.graph.nodes) {
    if (!std::holds_alternative<graph::PauseNode>(node.does) ||
        (!command.node.empty() && command.node != node.path && command.node != node.step)) {
      continue;
    }
    const auto record = context.status.nodes.find(node.path);
    if (record == context.status.nodes.end()) {
      why = fmt::format("{} does not wait yet", node.path);
    } else if (record->second.state == NodeState::kDone) {
      why = fmt::format("too late: {} is over ({})", node.path, record->second.evidence);
    } else if (command.entry != 0 && command.entry != record->second.entry) {
      why = fmt::format("{} was entered again since: entry {}, not {}", node.path, record->second.entry, command.entry);
    } else {
      return &node;
    }
  }
  if (why.empty()) {
    why = command.node.empty() ? "nothing waits for an approval" : fmt::format("no pause is called {}", command.node);
  }
  return nullptr;
}

Refusal Answer(Context& context, const Command& command, bool approved) {
  Status& status = context.status;
  if (!UnderWay(status)) {
    return "too late: no rollout is under way";
  }
  std::string why;
  const graph::Node* node = WaitingPause(context, command, why);
  if (node == nullptr) {
    return why;
  }
  const auto& pause = std::get<graph::PauseNode>(node->does);
  if (std::find(command.groups.begin(), command.groups.end(), pause.approver) == command.groups.end()) {
    return fmt::format("{} is not in group {}", command.who, pause.approver);
  }
  const NodeRecord& record = status.nodes[node->path];
  if (record.deadline && std::max(context.now, command.at) >= *record.deadline) {
    return fmt::format("too late: {} waited until {}", node->path, FormatTime(*record.deadline));
  }
  status.approvals.push_back({node->path, status.run, record.entry, status.candidate, command.who, command.why,
                              approved, command.at == TimePoint{} ? context.now : command.at});
  return std::nullopt;
}

Refusal Pause(Context& context, const Command& command) {
  Status& status = context.status;
  if (!UnderWay(status)) {
    return "no rollout is moving forward";
  }
  if (status.paused) {
    return fmt::format("paused already, by {}", status.paused_by);
  }
  status.paused = true;
  status.paused_by = command.who;
  status.paused_at = context.now;
  status.paused_until = context.now + std::max(Duration{0}, command.duration.value_or(kPauseDefault));
  return std::nullopt;
}

void EndPause(Context& context) {
  Status& status = context.status;
  // An approval that is waited for meanwhile counts for itself.
  if (status.paused && status.paused_at && !PauseEntered(context)) {
    status.excluded += context.now - *status.paused_at;
  }
  // While it was paused no Job could begin.
  for (const graph::Node& node : context.graph.nodes) {
    const auto record = status.nodes.find(node.path);
    if (status.paused && status.paused_at && std::holds_alternative<graph::RunNode>(node.does) &&
        record != status.nodes.end() && record->second.state == NodeState::kActive && record->second.deadline) {
      *record->second.deadline += context.now - std::max(*status.paused_at, record->second.entered_at);
    }
  }
  status.paused = false;
  status.paused_by.clear();
  status.paused_at.reset();
  status.paused_until.reset();
}

// Whoever sends a rollout on that its deadline had stopped gives it as much time again.
void RenewDeadline(Context& context) {
  Status& status = context.status;
  const std::optional<TimePoint> deadline = DeadlineOf(context);
  if (deadline && context.now >= *deadline) {
    status.excluded = context.now - *status.run_started_at;
  }
}

// Enters the node at which the run stalled once more.
void EnterStalled(Context& context) {
  Status& status = context.status;
  const auto record = status.nodes.find(status.stalled_node);
  for (const graph::Node& node : context.graph.nodes) {
    if (record != status.nodes.end() && node.path == record->first && record->second.state == NodeState::kActive) {
      EnterAgain(context, node, record->second);
    }
  }
}

Refusal Resume(Context& context) {
  Status& status = context.status;
  if (!status.paused && !status.stalled) {
    return "not paused";
  }
  EndPause(context);
  if (status.stalled) {
    RenewDeadline(context);
    status.stalled = false;
    EnterStalled(context);
    status.stalled_reason.clear();
    status.stalled_node.clear();
  }
  return std::nullopt;
}

Refusal Abort(Context& context, const Command& command) {
  Status& status = context.status;
  const bool unsettled = !status.applied.settled_at && !status.applied.shares.empty();
  if (command.assume_settled && unsettled && (!UnderWay(status) || IsPromoted(status))) {
    status.applied.settled_at = context.now;
    status.applied.previous = status.applied.shares;
    return std::nullopt;
  }
  if (status.phase == Phase::kGoingBack) {
    status.back_holds = true;
    return std::nullopt;
  }
  if (IsPromoted(status)) {
    return fmt::format("{} is promoted already: undo takes it back", status.stable);
  }
  if (!UnderWay(status)) {
    return "no rollout is under way";
  }
  EndPause(context);
  TurnBack(context,
           {"aborted", fmt::format("aborted by {}{}{}", command.who, command.why.empty() ? "" : ": ", command.why), "",
            command.who, true});
  return std::nullopt;
}

Refusal Retry(Context& context) {
  Status& status = context.status;
  const Revision wanted = Wanted(context);
  if (UnderWay(status) && status.stalled && !context.deferred) {
    EndRun(context, "aborted", "retried");
    StartRun(context, status.candidate);
    return std::nullopt;
  }
  if (status.phase == Phase::kGoingBack && wanted == status.candidate && !context.deferred) {
    StartRun(context, wanted);
    return std::nullopt;
  }
  if (status.phase != Phase::kWaiting || wanted.empty() || wanted == status.stable) {
    return "no revision is held";
  }
  for (HeldRevision& held : status.held) {
    held.lifted = held.lifted || held.revision == wanted;
  }
  status.phase = status.stable.empty() ? Phase::kIdle : Phase::kSettled;
  status.hold = Hold::kNone;
  return std::nullopt;
}

Refusal Promote(Context& context, const Command& command) {
  Status& status = context.status;
  if (!UnderWay(status)) {
    return "no rollout is under way";
  }
  EndPause(context);
  if (status.stalled) {
    RenewDeadline(context);
    EnterStalled(context);
  }
  status.stalled = false;
  status.skip_to_end = true;
  status.skip_by = command.who;
  return std::nullopt;
}

Refusal Undo(Context& context) {
  Status& status = context.status;
  const Revision git = context.seen.wanted.empty() ? context.graph.workload.revision : context.seen.wanted;
  Revision target;
  if (!status.candidate.empty()) {
    target = status.stable;
  } else if (status.promoted.size() > 1) {
    target = status.promoted[1];
  }
  if (target.empty()) {
    return "no revision was promoted before";
  }
  if (target != status.stable && WorkloadOf(context, target) == nullptr) {
    return fmt::format("the bundle of revision {} is not kept", target);
  }
  status.pinned = target;
  status.pinned_over = git;
  return std::nullopt;
}

Refusal Carry(Context& context, const Command& command) {
  if (IsEjected(context.status)) {
    return "it was ejected: nothing that it had is moved any more";
  }
  const Revision subject = Subject(context);
  if (!command.revision.empty() && command.revision != subject) {
    return fmt::format("it is about revision {}; the present one is {}", command.revision,
                       subject.empty() ? "none" : subject);
  }
  if (command.verb == "approve" || command.verb == "reject") {
    return Answer(context, command, command.verb == "approve");
  }
  if (command.verb == "pause") {
    return Pause(context, command);
  }
  if (command.verb == "resume") {
    return Resume(context);
  }
  if (command.verb == "abort") {
    return Abort(context, command);
  }
  if (command.verb == "retry") {
    return Retry(context);
  }
  if (command.verb == "promote") {
    return Promote(context, command);
  }
  if (command.verb == "undo") {
    return Undo(context);
  }
  if (command.verb == "eject") {
    return BeginEjection(context, command);
  }
  return fmt::format("no such command: {}", command.verb);
}

// Uids of commands that are still there stay remembered, or they would be carried out again.
void ForgetOld(Status& status, const std::set<std::string>& there) {
  std::size_t surplus = status.consumed.size() > kConsumedLength ? status.consumed.size() - kConsumedLength : 0;
  std::erase_if(status.consumed, [&](const TakenCommand& taken) {
    if (surplus == 0 || there.contains(taken.uid)) {
      return false;
    }
    --surplus;
    return true;
  });
}

}  // namespace

void TakeCommands(Context& context) {
  if (context.seen.commands.empty()) {
    return;
  }
  Status& status = context.status;
  std::set<std::string> there;
  for (const Command& command : context.seen.commands) {
    there.insert(command.uid);
    const auto before = std::find_if(status.consumed.begin(), status.consumed.end(),
                                     [&](const TakenCommand& taken) { return taken.uid == command.uid; });
    if (before != status.consumed.end()) {
      context.decision.actions.emplace_back(ConsumeCommand{command.uid, before->refused});
      continue;
    }
    // More at once than the status can remember wait until the first ones are gone.
    if (status.consumed.size() >= 2 * kConsumedLength) {
      continue;
    }
    const Refusal refused = Carry(context, command);
    status.consumed.push_back({command.uid, refused.value_or("")});
    context.decision.actions.emplace_back(ConsumeCommand{command.uid, refused.value_or("")});
    context.Event(refused.has_value(), refused ? "CommandRefused" : "CommandTaken",
                  fmt::format("{} by {}{}{}", command.verb, command.who, refused ? ": " : "", refused.value_or("")));
  }
  ForgetOld(status, there);
}

}  // namespace sluice::decide
