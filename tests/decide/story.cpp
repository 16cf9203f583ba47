#include "tests/decide/story.h"

#include <fmt/format.h>

#include "reconciler/decide/hold.h"
#include "reconciler/decide/invariants.h"

namespace sluice::decide::test {
namespace {

constexpr int kRoundsAtOnce = 60;

std::string Shares(const std::map<Revision, Number>& shares) {
  std::string text;
  for (const auto& [revision, share] : shares) {
    text += fmt::format(" {} {}%", revision, (share * Number(100)).ToRoundedString(2));
  }
  return text;
}

std::string NodeLines(const Status& before, const Status& after, const std::string& indent) {
  std::string text;
  const bool same_run = before.run == after.run;
  for (const auto& [path, record] : after.nodes) {
    const auto old = before.nodes.find(path);
    const bool known = same_run && old != before.nodes.end();
    if (!known || old->second.entry != record.entry) {
      text +=
          fmt::format("{}enter {}{}\n", indent, path, record.entry > 1 ? fmt::format(" (entry {})", record.entry) : "");
    }
    if (record.state == NodeState::kDone && (!known || old->second.state != NodeState::kDone)) {
      constexpr const char* kOutcomes[] = {"pass", "fail", "no data", "error", "timeout"};
      text += fmt::format("{}leave {}: {}{}{}\n", indent, path, kOutcomes[static_cast<int>(record.outcome)],
                          record.evidence.empty() ? "" : ", " + record.evidence,
                          record.exception.empty() ? "" : " (" + record.exception + ")");
    }
  }
  return text;
}

struct TellAction {
  std::string operator()(const ApplyObject& apply) const {
    return fmt::format("write {} {}: {}", apply.object.Field("kind").ToText(),
                       apply.object.Path({"metadata", "name"}).ToText(), apply.why);
  }
  std::string operator()(const DeleteObject& gone) const {
    return fmt::format("delete {} {}: {}", gone.kind, gone.name, gone.why);
  }
  std::string operator()(const MeasureGate&) const { return ""; }
  std::string operator()(const SendNotification& send) const { return "send \"" + send.message + "\""; }
  std::string operator()(const ConsumeCommand& consume) const {
    return consume.refused.empty() ? "" : "refuse: " + consume.refused;
  }
  std::string operator()(const EmitEvent& event) const { return fmt::format("event {}: {}", event.reason, event.note); }
};

}  // namespace

Story Story::Installed(graph::Graph first, graph::Graph next) {
  Story story(std::move(first));
  story.quiet = true;
  story.RunToRest(std::chrono::hours(2));
  story.Run(std::chrono::minutes(5));
  story.quiet = false;
  story.decisions = 0;
  story.status_changes = 0;
  story.world.Commit(std::move(next));
  return story;
}

std::string Story::Clock() const {
  const auto s = std::chrono::duration_cast<std::chrono::milliseconds>(world.now().time_since_epoch()).count();
  return fmt::format("{:02}:{:02}:{:02}.{}", s / 3600000, s / 60000 % 60, s / 1000 % 60, s / 100 % 10);
}

void Story::Note(const std::string& text) {
  if (!quiet) {
    transcript += fmt::format("{} * {}\n", Clock(), text);
  }
}

void Story::Command(const std::string& verb, const std::string& who) {
  Note(fmt::format("{} says {}", who, verb));
  decide::Command command;
  command.verb = verb;
  command.who = who;
  command.groups = {"sre"};
  world.Say(command);
}

bool Story::Entered(const std::string& node) const { return status.nodes.contains("checkout/" + node); }

void Story::Tell(const Status& before, const Decision& decision) {
  if (quiet) {
    return;
  }
  const std::string indent = "             ";
  std::string text = NodeLines(before, decision.status, indent);
  for (const Action& action : decision.actions) {
    const std::string line = std::visit(TellAction{}, action);
    text += line.empty() ? "" : indent + line + "\n";
  }
  const Status& after = decision.status;
  if (before.phase != after.phase || before.hold != after.hold) {
    text += fmt::format("{}phase {}{}{}\n", indent, PhaseName(after.phase), after.hold == Hold::kNone ? "" : ", ",
                        HoldName(after.hold));
  }
  if (text.empty()) {
    return;
  }
  transcript += fmt::format("{} decide\n{}", Clock(), text);
  if (decision.actions.empty() && !decision.reasons.empty() && decision.reasons.front().until) {
    transcript += indent + "waits: " + decision.reasons.front().text + "\n";
  }
}

bool Story::DecideOnce() {
  world.accepted_digest = status.accepted_digest;
  const Observed seen = world.Observe();
  const Decision decision = decide::Decide(world.plan(), status, seen, world.now());
  ++decisions;
  for (const std::string& text : Violations(world.plan(), status, seen, world.now(), decision)) {
    broken.push_back(Clock() + " " + text);
  }
  if (!HasWayOut(decision)) {
    broken.push_back(fmt::format("{} I9: nothing leads out of {} {}", Clock(), PhaseName(decision.status.phase),
                                 decision.status.hold_reason));
  }
  if (witness) {
    witness({world.plan(), status, seen, world.now(), decision});
  }
  const bool changed = status != decision.status;
  status_changes += changed ? 1 : 0;
  Tell(status, decision);
  status = decision.status;
  for (const auto& [revision, share] : status.applied.shares) {
    max_share_[revision] = std::max(max_share_[revision], share);
  }
  const bool acts = !decision.actions.empty();
  world.Perform(dies_before_acting && decisions == restart_at ? std::vector<Action>() : decision.actions);
  for (const std::string& text : world.hasty) broken.push_back(Clock() + " " + text);
  world.hasty.clear();
  last = decision;
  return changed || acts;
}

void Story::Decide() {
  for (int round = 0; round < kRoundsAtOnce; ++round) {
    const bool more = DecideOnce();
    if (decisions == restart_at) {
      world.Restart();
      continue;  // whoever starts decides
    }
    if (!more) {
      return;
    }
  }
  broken.push_back(Clock() + " I5: decisions at one moment come to no end");
}

bool Story::Run(Duration span, const std::function<bool()>& stop) { return RunOn(span, stop, stop != nullptr); }

bool Story::RunOn(Duration span, const std::function<bool()>& stop, bool acts) {
  const TimePoint end = world.now() + span;
  while (true) {
    Decide();
    if (stop && stop()) {
      return true;
    }
    if (acts) {
      Decide();
    }
    std::optional<TimePoint> next = world.NextEvent();
    if (last.wake_at && (!next || *last.wake_at < *next)) {
      next = last.wake_at;
    }
    if (!next || *next > end) {
      world.MoveTo(end);
      Decide();
      return stop && stop();
    }
    world.MoveTo(*next);
    if (broken.size() > 20) {
      return false;
    }
  }
}

bool Story::RunUntilEntered(const std::string& node, Duration span) {
  return Run(span, [&] { return Entered(node); });
}

bool Story::RunToRest(Duration span) {
  RunOn(
      span, [&] { return IsAtRest(status) && !last.wake_at && world.IsQuiet(); }, false);
  return IsAtRest(status) || status.hold != Hold::kNone;
}

std::string Story::Ending() const {
  std::string text = fmt::format("{}{}{}, stable {}", PhaseName(status.phase), status.hold == Hold::kNone ? "" : " ",
                                 HoldName(status.hold), status.stable.empty() ? "none" : status.stable);
  if (!status.history.empty()) {
    text += fmt::format(", run {} of {} {}", status.history.back()->run, status.history.back()->revision,
                        status.history.back()->outcome);
  }
  text += ", routed" + Shares(world.Routed());
  return text;
}

Number Story::MaxShare(const Revision& revision) const {
  const auto found = max_share_.find(revision);
  return found == max_share_.end() ? Number(0) : found->second;
}

}  // namespace sluice::decide::test
