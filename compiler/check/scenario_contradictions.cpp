#include "compiler/check/scenario_contradictions.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "compiler/base/overloaded.h"
#include "compiler/base/text.h"

namespace sluice::check {
namespace {

using diagnostics::Safety;

// Of these two commands at one moment the one that is taken last decides, or the other one is refused.
constexpr std::pair<std::string_view, std::string_view> kOpposites[] = {
    {"approve", "reject"}, {"pause", "resume"},  {"pause", "promote"}, {"abort", "resume"},
    {"abort", "retry"},    {"abort", "promote"}, {"promote", "undo"},  {"retry", "undo"}};

bool AreOpposite(const Person& a, const Person& b) {
  return std::any_of(std::begin(kOpposites), std::end(kOpposites), [&](const auto& pair) {
    return (a.verb == pair.first && b.verb == pair.second) || (a.verb == pair.second && b.verb == pair.first);
  });
}

std::vector<const Pause*> PausesOf(const Rollout* rollout, const std::string& step) {
  std::vector<const Pause*> pauses;
  if (rollout == nullptr) return pauses;
  for (const Step& each : rollout->steps) {
    if (each.name != step) continue;
    for (const Verb& verb : each.verbs) {
      if (const auto* pause = std::get_if<Pause>(&verb.verb)) pauses.push_back(pause);
    }
  }
  return pauses;
}

class Contradictions {
 public:
  Contradictions(const WholeScenario& whole, Context& context)
      : whole_(whole), all_(whole.scenario.circumstances), context_(context) {}

  bool Check() {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      for (std::size_t before = 0; before < i; ++before) CheckPair(before, i);
      CheckStable(i);
    }
    return well_;
  }

 private:
  diagnostics::Builder Report(Span span, std::string message) {
    well_ = false;
    return context_.Report(diagnostics::kScenarioContradicts, span, std::move(message));
  }

  void CheckPair(std::size_t first, std::size_t second) {
    const auto* a = std::get_if<Person>(&all_[first]);
    const auto* b = std::get_if<Person>(&all_[second]);
    if (a != nullptr && b != nullptr) CheckCommands(*a, *b, first, second);
    CheckHeard(first, second);
    CheckHeard(second, first);
  }

  // The group that a person is of who answers: the pause's own unless the clause says another.
  std::string GroupOf(const Person& person) const {
    if (!person.group.empty() || person.step.empty()) return person.group;
    const std::vector<const Pause*> pauses = PausesOf(whole_.rollout, person.step);
    return pauses.empty() ? "" : pauses.front()->approver.value_or("");
  }

  void CheckCommands(const Person& a, const Person& b, std::size_t first, std::size_t second) {
    const bool answers = !a.step.empty();
    if (!AreOpposite(a, b) || a.at != b.at || a.since_asked != b.since_asked || a.step != b.step) return;
    // Who isn't asked is refused, and contradicts nobody.
    if (answers && GroupOf(a) != GroupOf(b)) return;
    if (!told_.empty() && told_.back() == std::pair(whole_.spans[first], whole_.spans[second])) return;
    told_.emplace_back(whole_.spans[first], whole_.spans[second]);
    diagnostics::Builder report = Report(
        whole_.spans[second], fmt::format("`{}` and `{}` come at the same moment, {} after the {}", a.verb, b.verb,
                                          FormatDuration(b.at), b.since_asked ? "pause began" : "commit"));
    report.Label(whole_.spans[first], fmt::format("the `{}`", a.verb));
    report.Note(answers ? "a pause takes the answer that comes first"
                        : "which of them is taken first is left to chance; give them moments of their own");
    report.Fix(fmt::format("remove the `{}`", a.verb), Safety::kUncertain, whole_.spans[first], "");
    report.Fix(fmt::format("remove the `{}`", b.verb), Safety::kUncertain, whole_.spans[second], "");
  }

  // Whether anybody is there who takes what is said; from `outage` on.
  void CheckHeard(std::size_t outage, std::size_t said) {
    const auto* controller = std::get_if<ControllerDown>(&all_[outage]);
    const auto* api = std::get_if<ApiDown>(&all_[outage]);
    if (controller == nullptr && api == nullptr) return;
    const Period& period = controller != nullptr ? controller->period : api->period;
    if (period.to) return;
    const auto* person = std::get_if<Person>(&all_[said]);
    const auto* commit = std::get_if<FurtherCommit>(&all_[said]);
    if (person == nullptr && commit == nullptr) return;
    // What comes some time after a question comes never if nobody ever asks it.
    const Duration at = person == nullptr ? commit->at : person->since_asked ? Duration(0) : person->at;
    if (at < period.from) return;
    const std::string what = person == nullptr ? "commit" : person->verb;
    const Span outage_span = whole_.spans[outage];
    diagnostics::Builder report =
        Report(whole_.spans[said],
               fmt::format("nobody is there who carries this `{}` out: {}", what,
                           controller != nullptr ? "no controller runs" : "the controller can't reach the API server"));
    report.Label(outage_span, fmt::format("from {} on, for good", FormatDuration(period.from)));
    const Duration end = std::max(at, period.from + Duration(60'000));
    report.Fix(fmt::format("end the outage: `to {}`", FormatDuration(end)), Safety::kUncertain,
               {outage_span.file, outage_span.end, outage_span.end}, " to " + FormatDuration(end));
  }

  // Clauses about what runs before the candidate, where nothing does.
  void CheckStable(std::size_t index) {
    if (!whole_.no_stable) return;
    const auto of_stable = [](const auto& clause) { return clause.role == Role::kStable; };
    const bool meant = std::visit(Overloaded{
                                      [&](const ErrorRate& clause) { return of_stable(clause); },
                                      [&](const Latency& clause) { return of_stable(clause); },
                                      [&](const ReadyAfter& clause) { return of_stable(clause); },
                                      [&](const Unready& clause) { return of_stable(clause); },
                                      [&](const Crashes& clause) { return of_stable(clause); },
                                      [&](const Unpullable& clause) { return of_stable(clause); },
                                      [](const Person& person) { return person.verb == "undo"; },
                                      [](const FurtherCommit& commit) { return commit.revert; },
                                      [](const auto&) { return false; },
                                  },
                                  all_[index]);
    if (!meant) return;
    Report(whole_.spans[index], "nothing runs before the candidate here")
        .Label(*whole_.no_stable, "as this says")
        .Fix("remove this", Safety::kUncertain, whole_.spans[index], "");
  }

  const WholeScenario& whole_;
  const std::vector<Circumstance>& all_;
  Context& context_;
  std::vector<std::pair<Span, Span>> told_;  // a clause may be about several steps
  bool well_ = true;
};

// ------------------------------------------------------------------------------------------------- without effect

template <typename Kind>
bool Does(const Rollout& rollout, const auto& wanted) {
  const auto any = [&](const std::vector<Verb>& verbs) {
    return std::any_of(verbs.begin(), verbs.end(), [&](const Verb& each) {
      const auto* verb = std::get_if<Kind>(&each.verb);
      return verb != nullptr && wanted(*verb);
    });
  };
  return any(rollout.on_failure) || any(rollout.on_success) ||
         std::any_of(rollout.steps.begin(), rollout.steps.end(),
                     [&](const Step& step) { return !step.left_out && any(step.verbs); });
}

bool RunsJobs(const Rollout& rollout) {
  return Does<Run>(rollout, [](const Run&) { return true; });
}

bool AsksGates(const Rollout& rollout) {
  return rollout.watch != nullptr || Does<Check>(rollout, [](const Check&) { return true; }) ||
         Does<Hold>(rollout, [](const Hold& hold) { return hold.guard != nullptr; });
}

bool IsCalled(const Rollout& rollout) {
  return rollout.route != nullptr || rollout.service == nullptr || !rollout.service->ports.empty();
}

class WithoutEffect {
 public:
  WithoutEffect(const WholeScenario& whole, const Rollout& rollout, Context& context)
      : whole_(whole), rollout_(rollout), context_(context) {}

  void Check() {
    const std::vector<Circumstance>& all = whole_.scenario.circumstances;
    for (at_ = 0; at_ < all.size(); ++at_) std::visit(*this, all[at_]);
    CheckCommits();
  }

  void operator()(const Jobs&) {
    if (!RunsJobs(rollout_)) Report(at_, fmt::format("no step of rollout `{}` runs a Job", rollout_.name)).Emit();
  }
  void operator()(const MetricsTrouble&) { OfGates(); }
  void operator()(const Answer&) { OfGates(); }
  void operator()(const ErrorRate&) { OfCallers(); }
  void operator()(const Latency&) { OfCallers(); }
  void operator()(const Load&) { OfCallers(); }
  void operator()(const Person& person) {
    if (person.step.empty()) return;
    if (whole_.scenario.first_install) {
      Report(at_, "a first install waits for nobody's approval").Label(*whole_.no_stable, "said here");
      return;
    }
    Duration longest{0};
    for (const Pause* pause : PausesOf(&rollout_, person.step)) {
      if (!pause->within) return;
      longest = std::max(longest, *pause->within);
    }
    if (!person.since_asked || person.at < longest) return;
    Report(at_, fmt::format("this comes {} after the pause began, and it waits for {}", FormatDuration(person.at),
                            FormatDuration(longest)))
        .Emit();
  }
  template <typename Other>
  void operator()(const Other&) {}

 private:
  diagnostics::Builder Report(std::size_t clause, std::string message) {
    return context_.Report(diagnostics::kClauseWithoutEffect, whole_.spans[clause], std::move(message));
  }
  void OfGates() {
    if (whole_.scenario.first_install) {
      Report(at_, "a first install asks no gate").Label(*whole_.no_stable, "said here");
    } else if (!AsksGates(rollout_)) {
      Report(at_, fmt::format("rollout `{}` asks no gate", rollout_.name)).Emit();
    }
  }
  void OfCallers() {
    if (!IsCalled(rollout_)) {
      Report(at_, fmt::format("nobody calls service `{}`: it has no port", rollout_.service->name)).Emit();
    }
  }

  // Git names what it names already.
  void CheckCommits() {
    const std::vector<Circumstance>& all = whole_.scenario.circumstances;
    std::vector<std::size_t> commits;
    const auto commit = [&](std::size_t i) { return std::get_if<FurtherCommit>(&all[i]); };
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (commit(i) != nullptr) commits.push_back(i);
    }
    std::stable_sort(commits.begin(), commits.end(),
                     [&](std::size_t a, std::size_t b) { return commit(a)->at < commit(b)->at; });
    for (std::size_t i = 1; i < commits.size(); ++i) {
      if (commit(commits[i])->revert != commit(commits[i - 1])->revert) continue;
      Report(commits[i], "git names that version already").Label(whole_.spans[commits[i - 1]], "since this one");
    }
  }

  const WholeScenario& whole_;
  const Rollout& rollout_;
  Context& context_;
  std::size_t at_ = 0;  // the clause that is looked at
};

}  // namespace

bool CheckContradictions(const WholeScenario& whole, Context& context) {
  return Contradictions(whole, context).Check();
}

void CheckEffects(const WholeScenario& whole, Context& context) {
  const bool known = whole.rollout != nullptr && !whole.rollout->incomplete;
  if (known) WithoutEffect(whole, *whole.rollout, context).Check();
}

}  // namespace sluice::check
