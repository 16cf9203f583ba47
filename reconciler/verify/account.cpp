#include "reconciler/verify/account.h"

#include <algorithm>

#include <fmt/format.h>

#include "reconciler/decide/hold.h"
#include "reconciler/verify/step.h"

namespace sluice::verify {
namespace {

using decide::NodeState;
using decide::Status;

constexpr std::size_t kTextWidth = 78;
constexpr const char* kOutcomes[] = {"pass", "fail", "no data", "error", "timeout"};

bool Dies(const Disturbance& disturbance) {
  return disturbance.kind == Disturbance::Kind::kCrash || disturbance.kind == Disturbance::Kind::kCrashUnsaved;
}

// One step of a history, once more; what was decided and done in it.
decide::Decision Take(State& state, const Subject& subject, const Disturbance& disturbance) {
  if (disturbance.kind == Disturbance::Kind::kNothing) return TakeStep(state, subject, {}).decision;
  decide::Decision done;
  if (Dies(disturbance)) {
    decide::Decision decision = DecideIn(state);
    Crash(state, subject, decision, disturbance);
    decision.actions.resize(std::min<std::size_t>(decision.actions.size(), disturbance.which));
    done.actions = std::move(decision.actions);
  } else {
    Disturb(state, subject, disturbance);
  }
  return done;
}

std::string StepOf(const graph::Graph& graph, const std::string& path) {
  const auto found =
      std::find_if(graph.nodes.begin(), graph.nodes.end(), [&](const graph::Node& node) { return node.path == path; });
  return found == graph.nodes.end() ? path : found->step;
}

// Carries a history out again and writes down what people would want to know of it.
class Teller {
 public:
  Teller(const Subject& subject, const Flaw& flaw)
      : subject_(subject), flaw_(flaw), state_(StateAt(flaw.history.beginning, subject)), start_(state_.world.now) {}

  std::vector<Line> Tell() {
    Say(flaw_.history.beginning == Beginning::kFirstInstall ? "nothing runs; git names the candidate"
                                                            : "git names the candidate",
        {}, true);
    for (const Disturbance& disturbance : flaw_.history.steps) {
      Say(disturbance);
      const Status before = state_.status;
      const std::vector<decide::Action> actions = Take(state_, subject_, disturbance).actions;
      TellActions(actions);
      Compare(before, state_.status);
    }
    // The step that breaks it.
    const Status before = state_.status;
    const decide::Decision last = Take(state_, subject_, {});
    TellActions(last.actions);
    Compare(before, last.status);
    Say(flaw_.promise, {}, true);
    return std::move(lines_);
  }

 private:
  void Say(std::string text, std::string plan = {}, bool happens = false) {
    lines_.push_back({state_.world.now - start_, std::move(text), std::move(plan), happens});
  }

  std::string LineOf(const std::string& path) const {
    const graph::Graph& graph = state_.world.plan();
    for (std::size_t i = 0; i < graph.nodes.size() && i < graph.spans.size(); ++i) {
      if (graph.nodes[i].path == path) return fmt::format("{}:{}", graph.spans[i].file, graph.spans[i].line);
    }
    return "";
  }

  void Say(const Disturbance& disturbance) {
    const std::string words = Words(disturbance, subject_);
    if (!words.empty()) Say(words, {}, true);
  }

  void TellActions(const std::vector<decide::Action>& actions) {
    for (const decide::Action& action : actions) {
      if (const auto* write = std::get_if<decide::ApplyObject>(&action)) {
        Say(fmt::format("writes {} {}: {}", write->object.Field("kind").ToText(),
                        write->object.Path({"metadata", "name"}).ToText(), write->why));
      } else if (const auto* gone = std::get_if<decide::DeleteObject>(&action)) {
        Say(fmt::format("deletes {} {}: {}", gone->kind, gone->name, gone->why));
      }
    }
  }

  void Compare(const Status& before, const Status& after) {
    const auto old = [&](const std::string& path) {
      const auto found = before.nodes.find(path);
      return before.run == after.run && found != before.nodes.end() ? &found->second : nullptr;
    };
    // A step is left before the next one is entered.
    for (const auto& [path, record] : after.nodes) {
      const decide::NodeRecord* was = old(path);
      if (record.state != NodeState::kDone || (was != nullptr && was->state == NodeState::kDone)) continue;
      std::string text = fmt::format("{} is left: {}", path, kOutcomes[static_cast<int>(record.outcome)]);
      if (!record.evidence.empty()) text += ", " + record.evidence;
      if (!record.exception.empty()) text += " (" + record.exception + ")";
      Say(std::move(text), LineOf(path));
    }
    for (const auto& [path, record] : after.nodes) {
      const decide::NodeRecord* was = old(path);
      const bool is_new = was == nullptr || was->entry != record.entry;
      if (is_new && record.state != NodeState::kDone) Say(path + " is entered", LineOf(path));
    }
    if (before.phase != after.phase || before.hold != after.hold) {
      Say(fmt::format("it is {}{}{}", decide::PhaseName(after.phase), after.hold == decide::Hold::kNone ? "" : ", ",
                      after.hold == decide::Hold::kNone ? "" : decide::HoldName(after.hold)));
    }
    if (before.stable != after.stable) Say(after.stable + " is stable");
  }

  const Subject& subject_;
  const Flaw& flaw_;
  State state_;
  const TimePoint start_;
  std::vector<Line> lines_;
};

}  // namespace

std::vector<Line> LinesOf(const Subject& subject, const Flaw& flaw) { return Teller(subject, flaw).Tell(); }

std::string DrawLines(const std::vector<Line>& lines, const std::string& prefix) {
  std::string text;
  for (const Line& line : lines) {
    std::string row = fmt::format("  {:>9} {} {}", FormatDuration(line.at), line.happens ? '*' : ' ', line.text);
    if (!line.plan.empty()) row = fmt::format("{:<{}} {}{}", row, kTextWidth, prefix, line.plan);
    text += row + "\n";
  }
  return text;
}

std::string TestFor(const Subject& subject, const Flaw& flaw) {
  const graph::Graph& plan = *subject.graphs[kCandidate];
  std::string clauses;
  State state = StateAt(flaw.history.beginning, subject);
  const TimePoint start = state.world.now;
  std::size_t approvals = 0;
  for (const Disturbance& disturbance : flaw.history.steps) {
    const std::string words = Words(disturbance, subject);
    const std::string clause = Clause(disturbance, state.world.now - start);
    if (!clause.empty() || !words.empty()) {
      clauses += fmt::format("    {}{}\n", clause.empty() ? "// no clause for: " : "", clause.empty() ? words : clause);
    }
    Take(state, subject, disturbance);
    const std::vector<decide::Approval>& given = state.status.approvals;
    for (; approvals < given.size(); ++approvals) {
      if (given[approvals].approved) {
        clauses += fmt::format("    approve {} after 1s\n", StepOf(plan, given[approvals].node));
      }
    }
  }
  const bool promotes = flaw.promise.find("is promoted without") != std::string::npos;
  return fmt::format("test \"{}: what verify found\" {{\n  simulate {} {{\n{}  }}\n  expect {}\n}}\n", plan.rollout,
                     plan.rollout, clauses, promotes ? "outcome != promoted" : "lost-requests == 0");
}

}  // namespace sluice::verify
