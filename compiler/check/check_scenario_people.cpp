#include <algorithm>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/scenario_body.h"

namespace sluice::check {
namespace {

constexpr Duration kUnlessSaid{60'000};  // from a pause's question to its answer

}  // namespace

// The full names of the steps that a person answers.
std::vector<std::string> ScenarioBody::Asked(const syntax::StepReference& reference, const std::string& verb) {
  std::string name = reference.name.text;
  if (reference.index) {
    const std::optional<graph::Value> index = Known(reader_.Any(reference.index, "`" + verb + "`"));
    if (!index) {
      return {};
    }
    name = fmt::format("{}[{}]", name, index->ToText());
  }
  const Rollout* rollout = draft_.rollout;
  if (name.empty() || rollout == nullptr || rollout->incomplete) {
    draft_.well = draft_.well && !name.empty();
    return {};
  }
  const std::vector<const Step*> steps = FindSteps(name, reference.span, *rollout, reader_.context());
  const auto asks = [](const Step& step) {
    return std::any_of(step.verbs.begin(), step.verbs.end(),
                       [](const Verb& each) { return std::holds_alternative<Pause>(each.verb); });
  };
  std::vector<std::string> asked;
  for (const Step* step : steps) {
    if (asks(*step)) {
      asked.push_back(step->name);
    }
  }
  if (steps.empty()) {
    draft_.well = false;
  } else if (asked.empty()) {
    std::vector<std::string> others;
    for (const Step& step : rollout->steps) {
      if (asks(step)) {
        others.push_back("`" + step.name + "`");
      }
    }
    diagnostics::Builder report =
        Report(diagnostics::kNobodyAsked, reference.span,
               fmt::format("step `{}` {}", name, steps.front()->left_out ? "is left out here" : "has no `pause`"));
    report.Label(steps.front()->span, "the step");
    report.Note(others.empty() ? fmt::format("no step of rollout `{}` has one", rollout->name)
                               : fmt::format("a `pause` is in {}", JoinWords(others)));
  }
  return asked;
}

void ScenarioBody::operator()(const syntax::PersonClause& clause) {
  Person person;
  person.verb = clause.verb.text;
  if (clause.group) {
    person.group = Known(reader_.Text(clause.group, "`by`")).value_or("");
  }
  if (!clause.step) {
    if (const auto at = At(clause.times, person.verb, Duration(1000), clause.span)) {
      person.at = *at;
      begins_.emplace_back(clause.span, *at);
      Keep(std::move(person), clause.span);
    }
    return;
  }
  const std::vector<std::string> steps = Asked(*clause.step, person.verb);
  person.since_asked = true;
  person.at = kUnlessSaid;
  if (!clause.times.empty()) {
    const auto when = Known(ClauseTimes(clause.times, person.verb, reader_).Once({"after", "at"}, Duration(0)));
    if (!when) {
      return;
    }
    person.at = when->time;
    person.since_asked = when->word == "after";
    if (!person.since_asked) begins_.emplace_back(clause.span, when->time);
  }
  for (const std::string& step : steps) {
    person.step = step;
    Keep(person, clause.span);
  }
}

void ScenarioBody::operator()(const syntax::CommitClause& clause) {
  static const std::vector<std::string> kWords = {"next", "revert"};
  if (std::find(kWords.begin(), kWords.end(), clause.what.text) == kWords.end()) {
    UnknownWord(clause.what, "commit", kWords);
    return;
  }
  // The candidate is named at 0.
  const auto at = At(clause.times, "commit " + clause.what.text, Duration(1000), clause.span);
  if (at) {
    Add(FurtherCommit{clause.what.text == "revert", *at},
        {"commit", std::nullopt, Period{*at, *at + Duration(1)}, false, clause.span});
  }
}

}  // namespace sluice::check
