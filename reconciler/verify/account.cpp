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

// Carries a history out again and writes down what people would want to know of it.
class Teller {
 public:
  Teller(const Subject& subject, const Flaw& flaw)
      : subject_(subject), flaw_(flaw), state_(StateAt(flaw.history.beginning, subject)), start_(state_.world.now) {}

  std::vector<Line> Tell() {
    Say(flaw_.history.beginning == Beginning::kFirstInstall ? "nothing runs; git names the candidate"
                                                            : "git names the candidate",
        {}, true);
    for (const Happening& happening : flaw_.history.steps) {
      if (happening.kind == Happening::Kind::kNothing) {
        Go();
      } else {
        Say(Words(happening, subject_), {}, true);
        const Status before = state_.status;
        const bool crash =
            happening.kind == Happening::Kind::kCrash || happening.kind == Happening::Kind::kCrashUnsaved;
        crash ? Crash(state_, subject_, happening) : Happen(state_, subject_, happening);
        Compare(before, state_.status);
      }
    }
    // The step that breaks it.
    Go();
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

  void Go() {
    const Status before = state_.status;
    const Step step = TakeStep(state_, subject_, false);
    if (step.moved) return;
    for (const decide::Action& action : step.decision.actions) {
      if (const auto* write = std::get_if<decide::ApplyObject>(&action)) {
        Say(fmt::format("writes {} {}: {}", write->object.Field("kind").ToText(),
                        write->object.Path({"metadata", "name"}).ToText(), write->why));
      } else if (const auto* gone = std::get_if<decide::DeleteObject>(&action)) {
        Say(fmt::format("deletes {} {}: {}", gone->kind, gone->name, gone->why));
      }
    }
    Compare(before, step.decision.status);
  }

  void Compare(const Status& before, const Status& after) {
    for (const auto& [path, record] : after.nodes) {
      const auto old = before.nodes.find(path);
      const bool known = before.run == after.run && old != before.nodes.end();
      if (!known || old->second.entry != record.entry) Say(path + " is entered", LineOf(path));
      if (record.state == NodeState::kDone && (!known || old->second.state != NodeState::kDone)) {
        std::string text = fmt::format("{} is left: {}", path, kOutcomes[static_cast<int>(record.outcome)]);
        if (!record.evidence.empty()) text += ", " + record.evidence;
        if (!record.exception.empty()) text += " (" + record.exception + ")";
        Say(std::move(text), LineOf(path));
      }
    }
    if (before.phase != after.phase || before.hold != after.hold) {
      Say(fmt::format("it is {}{}{}", decide::PhaseName(after.phase), after.hold == decide::Hold::kNone ? "" : ", ",
                      after.hold == decide::Hold::kNone ? "" : decide::HoldName(after.hold)));
    }
    if (before.stable != after.stable) Say("stable is " + after.stable);
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
  for (const Happening& happening : flaw.history.steps) {
    if (happening.kind == Happening::Kind::kNothing) {
      TakeStep(state, subject, false);
      continue;
    }
    const std::string clause = Clause(happening, subject, state.world.now - start);
    clauses += fmt::format("    {}{}\n", clause.empty() ? "// no clause for: " : "",
                           clause.empty() ? Words(happening, subject) : clause);
    const bool crash = happening.kind == Happening::Kind::kCrash || happening.kind == Happening::Kind::kCrashUnsaved;
    crash ? Crash(state, subject, happening) : Happen(state, subject, happening);
  }
  const bool promotes = flaw.promise.find("is promoted without") != std::string::npos;
  return fmt::format("test \"{}: what verify found\" {{\n  simulate {} {{\n{}  }}\n  expect {}\n}}\n", plan.rollout,
                     plan.rollout, clauses, promotes ? "outcome != promoted" : "lost-requests == 0");
}

}  // namespace sluice::verify
