#include "tests/decide/marks.h"

#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/decide/context.h"
#include "reconciler/decide/fold.h"
#include "reconciler/decide/hold.h"

namespace sluice::decide::test {
namespace {

bool SameRun(const DecisionMade& m) { return m.before.run == m.after.run; }
bool Edited(const DecisionMade& m) {
  return SameRun(m) && !m.before.accepted_digest.empty() && m.before.accepted_digest != m.after.accepted_digest &&
         m.before.phase == Phase::kProgressing && m.after.phase == Phase::kProgressing;
}
bool Forward(const DecisionMade& m) { return m.after.phase == Phase::kProgressing && !m.after.candidate.empty(); }

// Some node for which `is` holds of its records before and after.
template <typename Is>
bool AnyNode(const DecisionMade& m, const Is& is) {
  return SameRun(m) && std::any_of(m.after.nodes.begin(), m.after.nodes.end(), [&](const auto& entry) {
           const auto before = m.before.nodes.find(entry.first);
           return before != m.before.nodes.end() && is(before->second, entry.second);
         });
}

// The run turned back in this decision, and says `text` of it.
bool TurnsBack(const DecisionMade& m, const char* text) {
  const bool turned = m.before.back_reason != m.after.back_reason || m.before.back_since != m.after.back_since;
  return turned && !m.after.back_reason.empty() && m.after.back_reason.find(text) != std::string::npos;
}
bool EndsAs(const DecisionMade& m, const char* outcome) {
  const bool turned = m.before.phase == Phase::kProgressing && m.after.phase == Phase::kGoingBack;
  return turned && m.after.back_outcome == outcome;
}
bool Stalls(const DecisionMade& m, const char* text) {
  return !m.before.stalled && m.after.stalled && m.after.stalled_reason.find(text) != std::string::npos;
}
bool Says(const DecisionMade& m, const char* text) {
  return std::any_of(m.decision.reasons.begin(), m.decision.reasons.end(),
                     [&](const Reason& reason) { return reason.text.find(text) != std::string::npos; });
}
bool Happens(const DecisionMade& m, const char* reason) {
  return std::any_of(m.decision.actions.begin(), m.decision.actions.end(), [&](const Action& action) {
    const auto* event = std::get_if<EmitEvent>(&action);
    return event != nullptr && event->reason == reason;
  });
}
// A command that is refused with `text`.
bool Refuses(const DecisionMade& m, const char* text) {
  return std::any_of(m.decision.actions.begin(), m.decision.actions.end(), [&](const Action& action) {
    const auto* consume = std::get_if<ConsumeCommand>(&action);
    return consume != nullptr && consume->refused.find(text) != std::string::npos;
  });
}
bool Answers(const DecisionMade& m, const char* verb, bool refused) {
  return std::any_of(m.decision.actions.begin(), m.decision.actions.end(), [&](const Action& action) {
    const auto* event = std::get_if<EmitEvent>(&action);
    return event != nullptr && event->reason == (refused ? "CommandRefused" : "CommandTaken") &&
           event->note.starts_with(verb);
  });
}
Number ShareOf(const Status& status, const Revision& revision) {
  const auto found = status.applied.shares.find(revision);
  return found == status.applied.shares.end() ? Number(0) : found->second;
}

#define MARK(text) [](const DecisionMade& m) { return text; }

const Mark kRows[] = {
    {"edit: an active node keeps its start and gets another bound",
     MARK(Edited(m) && AnyNode(m,
                               [](const NodeRecord& a, const NodeRecord& b) {
                                 return b.state == NodeState::kActive && a.entry == b.entry && a.deadline != b.deadline;
                               }))},
    {"edit: an active node with another effect is entered again",
     MARK(Edited(m) && AnyNode(m,
                               [](const NodeRecord& a, const NodeRecord& b) {
                                 return b.state == NodeState::kActive && a.entry < b.entry && a.effect != b.effect;
                               }))},
    {"edit: a gate that passed is looked at once more",
     MARK(Edited(m) && AnyNode(m, [](const NodeRecord& a, const NodeRecord& b) { return !a.recheck && b.recheck; }))},
    {"edit: such a gate fails", MARK(TurnsBack(m, "(edited)") || Stalls(m, "(edited)"))},
    {"edit: the active node is gone", MARK(Edited(m) && std::any_of(m.before.nodes.begin(), m.before.nodes.end(),
                                                                    [&](const auto& entry) {
                                                                      return entry.second.state == NodeState::kActive &&
                                                                             !m.after.nodes.contains(entry.first);
                                                                    }))},
    {"edit: a lower share applies at once",
     MARK(Edited(m) && ShareOf(m.after, m.after.candidate) > Number(0) &&
          ShareOf(m.after, m.after.candidate) < ShareOf(m.before, m.before.candidate))},
    {"edit: a node that was put in before what is done is behind", MARK(Forward(m) &&
                                                                        [&] {
                                                                          const Walk walk(m.plan, m.after);
                                                                          bool behind = false;
                                                                          for (graph::NodeId id = 0;
                                                                               id < m.plan.nodes.size(); ++id)
                                                                            behind = behind || walk.IsBehind(id);
                                                                          return behind;
                                                                        }())},
    {"edit: another route is written at rest",
     MARK(m.before.phase == Phase::kSettled && m.after.phase == Phase::kSettled &&
          m.after.applied.sequence > m.before.applied.sequence)},
    {"edit: of the router is deferred and taken later",
     MARK(m.before.hold == Hold::kEditDeferred && m.after.hold != Hold::kEditDeferred &&
          m.after.accepted_digest != m.before.accepted_digest)},
    {"back: a gate failed", MARK(TurnsBack(m, "samples fail"))},
    {"back: no data for as long as the gate says", MARK(TurnsBack(m, "no data"))},
    {"back: a gate's errors", MARK(TurnsBack(m, " error, "))},
    {"back: no verdict within the bound", MARK(TurnsBack(m, "no verdict"))},
    {"back: the watch", MARK(TurnsBack(m, "watch: "))},
    {"back: rejected", MARK(TurnsBack(m, "rejected by"))},
    {"back: nobody approved", MARK(TurnsBack(m, "not approved in time"))},
    {"back: pods not ready within the bound", MARK(TurnsBack(m, "candidate pods are ready"))},
    {"back: the candidate was unready for 30 s", MARK(TurnsBack(m, "its share needs are ready for"))},
    {"back: all endpoints lost for the fourth time", MARK(TurnsBack(m, "lost all its endpoints"))},
    {"back: the route did not settle", MARK(TurnsBack(m, "did not settle"))},
    {"back: the deadline", MARK(TurnsBack(m, "the deadline of"))},
    {"back: nobody resumed", MARK(TurnsBack(m, "nobody resumed"))},
    {"back: a Job failed", MARK(TurnsBack(m, " failed: exit code"))},
    {"back: a Job hung to its bound", MARK(TurnsBack(m, "did not end in time"))},
    {"back: a Job is gone", MARK(TurnsBack(m, "nobody knows how it ended"))},
    {"back: aborted", MARK(EndsAs(m, "aborted"))},
    {"back: reverted", MARK(EndsAs(m, "reverted"))},
    {"back: undone", MARK(EndsAs(m, "undone"))},
    {"back: removed", MARK(EndsAs(m, "removed"))},
    {"back: superseded, a third one would leave", MARK(EndsAs(m, "superseded") && m.after.leaving.size() == 2)},
    {"back: superseded, the router is another", MARK(EndsAs(m, "superseded") && m.after.leaving.size() < 2)},
    {"back: traffic moves as stable's pods carry it",
     MARK(m.after.phase == Phase::kGoingBack && ShareOf(m.after, m.after.stable) > ShareOf(m.before, m.after.stable) &&
          ShareOf(m.after, m.after.stable) < Number(1))},
    {"back: rescued after a minute",
     MARK(m.after.phase == Phase::kGoingBack && m.after.back_since && m.now >= *m.after.back_since + kRescue &&
          ShareOf(m.before, m.after.stable) < Number(1) && ShareOf(m.after, m.after.stable) == Number(1))},
    {"back: blocked growth, the loser gives up pods", MARK(Says(m, "is blocked:"))},
    {"back: another revision takes over on the way",
     MARK(m.before.phase == Phase::kGoingBack && m.after.phase == Phase::kProgressing &&
          m.before.candidate != m.after.candidate)},
    {"back: the same revision is wanted again on the way",
     MARK(m.before.phase == Phase::kGoingBack && m.after.phase == Phase::kProgressing &&
          m.before.candidate == m.after.candidate && !m.after.candidate.empty())},
    {"one revision leaves", MARK(m.after.leaving.size() == 1)},
    {"two revisions leave", MARK(m.after.leaving.size() == 2)},
    {"a first install", MARK(m.after.first_install&& Forward(m))},
    {"a first install is superseded", MARK(m.before.first_install&& m.after.first_install && !SameRun(m))},
    {"a fast track", MARK(m.after.fast_track&& Forward(m))},
    {"an undo is pinned", MARK(m.before.pinned.empty() && !m.after.pinned.empty())},
    {"an undo is lifted by git", MARK(!m.before.pinned.empty() && m.after.pinned.empty())},
    {"a revision is retried and no longer held", MARK(m.before.hold == Hold::kHeld && Answers(m, "retry", false))},
    {"the candidate loses its endpoints and is entered again", MARK(Happens(m, "EndpointsLost"))},
    {"pods of the candidate are missing and come back in time",
     MARK(Forward(m) && SameRun(m) && m.before.unready_since && !m.after.unready_since)},
    {"a match is routed", MARK(!m.after.applied.matches.empty())},
    {"a mirror is routed", MARK(m.after.applied.mirror > Number(0))},
    {"a split without traffic for the candidate names it",
     MARK(Forward(m) && m.after.applied.shares.size() > 1 && m.after.applied.shares.contains(m.after.candidate) &&
          ShareOf(m.after, m.after.candidate) == Number(0))},
    {"several routes in one split", MARK(m.after.applied.objects.size() > 1 && m.after.applied.objects_written > 1)},
    {"a route that the split does without goes", MARK(std::any_of(m.decision.actions.begin(), m.decision.actions.end(),
                                                                  [](const Action& action) {
                                                                    const auto* gone =
                                                                        std::get_if<DeleteObject>(&action);
                                                                    return gone != nullptr && gone->kind == "HTTPRoute";
                                                                  }))},
    {"a revision is deleted that nothing names", MARK(std::any_of(m.decision.actions.begin(), m.decision.actions.end(),
                                                                  [](const Action& action) {
                                                                    const auto* gone =
                                                                        std::get_if<DeleteObject>(&action);
                                                                    return gone != nullptr &&
                                                                           gone->kind == "Deployment" &&
                                                                           gone->why == "nothing names this revision";
                                                                  }))},
    {"a Job is tried again",
     MARK(AnyNode(m, [](const NodeRecord& a,
                        const NodeRecord& b) { return a.entry == b.entry && a.failed_attempts < b.failed_attempts; }))},
    {"a Job waits for that of another run", MARK(Says(m, "waits until Job"))},
    {"a quorum of two has one", MARK(Says(m, "(1 of 2)"))},
    {"somebody is in no group", MARK(Refuses(m, "is not in group"))},
    {"a command is about another revision", MARK(Refuses(m, "it is about revision"))},
    {"a command is about another entry", MARK(Refuses(m, "was entered again since"))},
    {"an approval comes too late", MARK(Refuses(m, "too late: "))},
    {"an approval comes too early", MARK(Refuses(m, "does not wait yet"))},
    {"a stalled run is resumed, its node entered again",
     MARK(m.before.stalled&& Answers(m, "resume", false) &&
          AnyNode(m, [](const NodeRecord& a, const NodeRecord& b) { return a.entry < b.entry; }))},
    {"a stalled run is promoted", MARK(m.before.stalled&& Answers(m, "promote", false))},
    {"the deadline stalls the run", MARK(Stalls(m, "the deadline of"))},
    {"an error stalls the run", MARK(Stalls(m, " error, "))},
    {"a message is sent again", MARK(std::any_of(m.after.outbox.begin(), m.after.outbox.end(),
                                                 [](const Outgoing& one) { return one.tries == 2; }))},
    {"a message is dropped", MARK(Happens(m, "NotificationDropped"))},
    {"another executor takes over in the middle of a step",
     MARK(Forward(m) && std::any_of(m.seen.revisions.begin(), m.seen.revisions.end(),
                                    [&](const auto& entry) {
                                      return entry.second.deployment && entry.second.deployment->epoch < m.after.epoch;
                                    }))},
    {"a takeover on the way back",
     MARK(m.after.phase == Phase::kGoingBack && std::any_of(m.seen.revisions.begin(), m.seen.revisions.end(),
                                                            [&](const auto& entry) {
                                                              return entry.second.deployment &&
                                                                     entry.second.deployment->epoch < m.after.epoch;
                                                            }))},
    {"what is seen may be old in the middle of a run", MARK(Forward(m) && !m.seen.unseen.empty())},
    {"an autoscaler's pods are followed in a move", MARK(m.before.demand > 0 && m.after.demand > m.before.demand)},
    {"somebody deleted a Deployment with traffic",
     MARK(std::any_of(m.after.applied.shares.begin(), m.after.applied.shares.end(),
                      [&](const auto& entry) {
                        const auto seen = m.seen.revisions.find(entry.first);
                        return entry.second > Number(0) && m.after.applied.settled_at &&
                               (seen == m.seen.revisions.end() || !seen->second.deployment);
                      }))},
};

#undef MARK

constexpr const char* kVerbs[] = {"approve", "reject", "pause", "resume", "abort", "retry", "promote", "undo", "eject"};

template <std::size_t... I>
void AddVerbs(std::vector<Mark>& all, std::index_sequence<I...>) {
  (all.push_back({fmt::format("{} is carried out", kVerbs[I]),
                  [](const DecisionMade& m) { return Answers(m, kVerbs[I], false); }}),
   ...);
  (all.push_back(
       {fmt::format("{} is refused", kVerbs[I]), [](const DecisionMade& m) { return Answers(m, kVerbs[I], true); }}),
   ...);
}

template <std::size_t... I>
void AddStates(std::vector<Mark>& all, std::index_sequence<I...>) {
  (all.push_back({fmt::format("hold {}", HoldName(static_cast<Hold>(I + 1))),
                  [](const DecisionMade& m) { return m.after.hold == static_cast<Hold>(I + 1); }}),
   ...);
}

template <std::size_t... I>
void AddPhases(std::vector<Mark>& all, std::index_sequence<I...>) {
  (all.push_back({fmt::format("phase {}", PhaseName(static_cast<Phase>(I))),
                  [](const DecisionMade& m) { return m.after.phase == static_cast<Phase>(I); }}),
   ...);
}

}  // namespace

const std::vector<Mark>& AllMarks() {
  static const std::vector<Mark> all = [] {
    std::vector<Mark> marks;
    AddPhases(marks, std::make_index_sequence<static_cast<std::size_t>(Phase::kWaiting) + 1>());
    AddStates(marks, std::make_index_sequence<static_cast<std::size_t>(Hold::kEjected)>());
    AddVerbs(marks, std::make_index_sequence<std::size(kVerbs)>());
    marks.insert(marks.end(), std::begin(kRows), std::end(kRows));
    return marks;
  }();
  return all;
}

void Marks::BeginWalk() { passed_.assign(passed_.size(), false); }

void Marks::Note(const DecisionMade& moment) {
  const std::vector<Mark>& all = AllMarks();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!passed_[i] && all[i].passes(moment)) {
      passed_[i] = true;
      ++counts_[i];
    }
  }
}

std::string Marks::Table() const {
  std::string table = "walks  that pass\n";
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    table += fmt::format("{:>5}  {}\n", counts_[i], AllMarks()[i].name);
  }
  return table;
}

std::vector<std::string> Marks::Missed() const {
  std::vector<std::string> missed;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) {
      missed.push_back(AllMarks()[i].name);
    }
  }
  return missed;
}

}  // namespace sluice::decide::test
