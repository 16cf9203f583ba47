#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/check_test.h"
#include "compiler/check/scenario_clauses.h"
#include "compiler/check/words.h"

namespace sluice::check {
namespace {

using diagnostics::Safety;

constexpr std::int64_t kMostRequests = 1'000'000;  // a second
constexpr Duration kUnlessSaid{60'000};            // from a pause's question to its answer

// What a clause may say of pods.
struct PodsWord {
  const char* word;
  enum class Setting : std::uint8_t { kNone, kRate, kTime } setting;
  bool ramps;
  bool lasts;           // has times
  const char* example;  // of a setting
};
constexpr PodsWord kPodsWords[] = {
    {"error-rate", PodsWord::Setting::kRate, true, true, "8%"},
    {"latency", PodsWord::Setting::kTime, true, true, "400ms"},
    {"ready-after", PodsWord::Setting::kTime, false, false, "2m"},
    {"unready", PodsWord::Setting::kNone, false, true, ""},
    {"crashes", PodsWord::Setting::kNone, false, true, ""},
    {"unpullable", PodsWord::Setting::kNone, false, false, ""},
};

// What may be out of order, and how.
struct OutageWords {
  std::string_view of;
  std::vector<std::string> words;
};
const std::vector<OutageWords>& Outages() {
  static const std::vector<OutageWords> kOutages = {{"metrics", {"lost", "down"}},
                                                    {"controller", {"down"}},
                                                    {"api", {"down"}},
                                                    {"node", {"lost"}},
                                                    {"jobs", {"fail", "hang"}}};
  return kOutages;
}

Role RoleOf(const syntax::Name& whose) {
  if (whose.text == "stable") {
    return Role::kStable;
  }
  return whose.text == "pods" ? Role::kBoth : Role::kCandidate;
}

Span Behind(Span span) { return {span.file, span.end, span.end}; }

class ScenarioBody {
 public:
  ScenarioBody(const syntax::Simulation& simulation, const Reader& reader, ScenarioDraft& draft)
      : simulation_(simulation), reader_(reader), draft_(draft), statements_(reader.context()) {}

  void operator()(const syntax::ScenarioClause& clause);
  void operator()(const syntax::StartsClause& clause);
  void operator()(const syntax::PodsClause& clause);
  void operator()(const syntax::OutageClause& clause);
  void operator()(const syntax::LoadClause& clause);
  void operator()(const syntax::PersonClause& clause);
  void operator()(const syntax::CommitClause& clause);
  void operator()(const syntax::Later& later) {
    ReportLater(later, reader_.context());
    draft_.well = false;
  }

  // Once all clauses are read.
  void Finish();

 private:
  diagnostics::Builder Report(const diagnostics::Kind& kind, Span span, std::string message) {
    draft_.well = false;
    return reader_.context().Report(kind, span, std::move(message));
  }
  void UnknownWord(const syntax::Name& word, std::string_view clause, const std::vector<std::string>& known) {
    draft_.well = false;
    if (!word.text.empty()) {  // reported where it is missing
      ReportUnknownWord(word, clause, known, reader_.context());
    }
  }
  template <typename Value>
  std::optional<Value> Known(std::optional<Value> value) {
    draft_.well = draft_.well && value;
    return value;
  }
  bool Known(bool well) {
    draft_.well = draft_.well && well;
    return well;
  }

  // Whether something of the scenario was not understood: what seems to be missing may be there.
  bool Broken() const { return reader_.checker().Broken(simulation_.span); }
  bool Once(const syntax::Name& word);
  // When a clause says that something happens; it must say so.
  std::optional<Duration> At(const std::vector<syntax::Timing>& times, const std::string& clause, Duration least,
                             Span span);
  bool CheckSetting(const syntax::PodsClause& clause, const PodsWord& word, const std::string& name);
  bool CheckRamping(const syntax::PodsClause& clause, const PodsWord& word, const std::string& name,
                    const Period& period);
  std::optional<Circumstance> Pods(const syntax::PodsClause& clause, const PodsWord& word, const Period& period);
  // Adds what doesn't contradict what was said before.
  void Add(Circumstance circumstance, Said said);
  std::vector<std::string> Asked(const syntax::StepReference& reference, const std::string& verb);

  const syntax::Simulation& simulation_;
  const Reader& reader_;
  ScenarioDraft& draft_;
  std::vector<syntax::Name> seen_;                 // of clauses that may stand once
  std::vector<std::pair<Span, Duration>> begins_;  // when what a clause says begins
  Span limit_;                                     // of `for`
  Statements statements_;
};

bool ScenarioBody::Once(const syntax::Name& word) {
  const auto first =
      std::find_if(seen_.begin(), seen_.end(), [&](const syntax::Name& seen) { return seen.text == word.text; });
  if (first == seen_.end()) {
    seen_.push_back(word);
    return true;
  }
  Report(diagnostics::kDuplicateClause, word.span, fmt::format("a scenario has `{}` twice", word.text))
      .Label(first->span, "the first one")
      .Emit();
  return false;
}

void ScenarioBody::operator()(const syntax::ScenarioClause& clause) {
  if (!Once(clause.word)) {
    return;
  }
  if (clause.word.text == "for") {
    draft_.scenario.at_most = Known(reader_.Time(clause.value, "`for`", Duration(1000)));
    limit_ = clause.value ? clause.value->span : clause.word.span;
  } else if (const auto seed =
                 Known(reader_.Int(clause.value, "`seed`", 0, std::numeric_limits<std::int32_t>::max()))) {
    draft_.scenario.seed = static_cast<std::uint64_t>(*seed);
  }
}

void ScenarioBody::operator()(const syntax::StartsClause& clause) {
  if (!Once({"starts", clause.span})) {
    return;
  }
  const std::optional<graph::Value> date = Known(reader_.Of(clause.date, Type::Kind::kDate, "`starts`"));
  const TimePoint* day = date ? date->as_time() : nullptr;
  const auto* clock = clause.clock ? std::get_if<syntax::ClockLiteral>(&clause.clock->node) : nullptr;
  if (day != nullptr) {
    draft_.scenario.starts = *day + std::chrono::minutes(clock != nullptr ? clock->minutes : 0);
  }
}

// ------------------------------------------------------------------------------------------------- circumstances

void ScenarioBody::Add(Circumstance circumstance, Said said) {
  begins_.emplace_back(said.span, said.period.from);
  if (Known(statements_.Add(std::move(said)))) {
    draft_.scenario.circumstances.push_back(std::move(circumstance));
  }
}

// What begins when the scenario is over never happens.
void ScenarioBody::Finish() {
  const std::optional<Duration>& at_most = draft_.scenario.at_most;
  for (const auto& [span, begin] : begins_) {
    if (!at_most || begin < *at_most) continue;
    Report(diagnostics::kValueOutOfRange, span,
           fmt::format("this begins {} after the commit, when the scenario is over", FormatDuration(begin)))
        .Label(limit_, fmt::format("it takes {} at most", FormatDuration(*at_most)));
  }
}

std::optional<Duration> ScenarioBody::At(const std::vector<syntax::Timing>& times, const std::string& clause,
                                         Duration least, Span span) {
  if (!times.empty()) {
    const auto moment = Known(ClauseTimes(times, clause, reader_).Once({"at"}, least));
    return moment ? std::optional(moment->time) : std::nullopt;
  }
  if (!Broken()) {
    Report(diagnostics::kMissingClause, span, fmt::format("`{}` does not say when", clause))
        .Fix("add `at 10m`", Safety::kPlaceholder, Behind(span), " at 10m")
        .Emit();
  }
  draft_.well = false;
  return std::nullopt;
}

bool ScenarioBody::CheckSetting(const syntax::PodsClause& clause, const PodsWord& word, const std::string& name) {
  const bool wanted = word.setting != PodsWord::Setting::kNone;
  if (wanted == (clause.setting != nullptr)) {
    return true;
  }
  if (!wanted) {
    Report(diagnostics::kWrongClauseValue, clause.setting->span, fmt::format("`{}` takes no value", name)).Emit();
  } else if (!Broken()) {
    Report(diagnostics::kMissingClause, clause.what.span, fmt::format("`{}` has no value", name))
        .Fix(fmt::format("add `{}`", word.example), Safety::kPlaceholder, Behind(clause.what.span),
             fmt::format(" {}", word.example))
        .Emit();
  }
  draft_.well = false;
  return false;
}

bool ScenarioBody::CheckRamping(const syntax::PodsClause& clause, const PodsWord& word, const std::string& name,
                                const Period& period) {
  if (!clause.ramping) {
    return true;
  }
  if (!word.ramps) {
    Report(diagnostics::kUnknownClauseWord, *clause.ramping, fmt::format("`{}` does not know `ramping`", name))
        .Note("an error rate and a latency may grow evenly")
        .Emit();
    return false;
  }
  if (!period.to) {
    Report(diagnostics::kMissingClause, *clause.ramping, fmt::format("`{}` grows without an end", name))
        .Fix("add `to 30m`", Safety::kPlaceholder, Behind(clause.span), " to 30m")
        .Emit();
    return false;
  }
  return true;
}

std::optional<Circumstance> ScenarioBody::Pods(const syntax::PodsClause& clause, const PodsWord& word,
                                               const Period& period) {
  const Role role = RoleOf(clause.whose);
  const bool ramping = clause.ramping.has_value();
  const std::string_view is = word.word;
  const std::string what = fmt::format("`{}`", is);
  if (word.setting == PodsWord::Setting::kRate) {
    const auto rate = reader_.Percent(clause.setting, what, Number(0), Number(1));
    return rate ? std::optional<Circumstance>(ErrorRate{role, *rate, ramping, period}) : std::nullopt;
  }
  if (word.setting == PodsWord::Setting::kTime) {
    const auto time = reader_.Time(clause.setting, what, Duration(0));
    if (!time) {
      return std::nullopt;
    }
    return is == "latency" ? Circumstance(Latency{role, *time, ramping, period}) : ReadyAfter{role, *time};
  }
  if (is == "unready") {
    return Unready{role, period};
  }
  return is == "crashes" ? Circumstance(Crashes{role, period}) : Unpullable{role};
}

void ScenarioBody::operator()(const syntax::PodsClause& clause) {
  const auto* word = std::find_if(std::begin(kPodsWords), std::end(kPodsWords),
                                  [&](const PodsWord& each) { return clause.what.text == each.word; });
  if (word == std::end(kPodsWords)) {
    std::vector<std::string> known;
    for (const PodsWord& each : kPodsWords) {
      known.emplace_back(each.word);
    }
    UnknownWord(clause.what, clause.whose.text, known);
    return;
  }
  const std::string name = clause.whose.text + " " + clause.what.text;
  const bool setting = CheckSetting(clause, *word, name);
  const ClauseTimes times(clause.times, name, reader_);
  std::optional<Period> period = word->lasts ? times.Lasting() : std::nullopt;
  if (!word->lasts && times.None()) {
    period = Period();
  }
  Known(period);
  if (!setting || !period || !CheckRamping(clause, *word, name, *period)) {
    return;
  }
  if (std::optional<Circumstance> circumstance = Known(Pods(clause, *word, *period))) {
    Add(*std::move(circumstance), {word->word, RoleOf(clause.whose), *period, word->lasts, clause.span});
  }
}

void ScenarioBody::operator()(const syntax::OutageClause& clause) {
  const auto outage = std::find_if(Outages().begin(), Outages().end(),
                                   [&](const OutageWords& each) { return each.of == clause.of.text; });
  if (outage == Outages().end()) {
    return;
  }
  if (std::find(outage->words.begin(), outage->words.end(), clause.what.text) == outage->words.end()) {
    UnknownWord(clause.what, clause.of.text, outage->words);
    return;
  }
  const std::optional<Period> period =
      Known(ClauseTimes(clause.times, clause.of.text + " " + clause.what.text, reader_).Lasting());
  if (!period) {
    return;
  }
  Circumstance circumstance = ControllerDown{*period};
  if (outage->of == "metrics") {
    circumstance = MetricsTrouble{clause.what.text == "down", *period};
  } else if (outage->of == "api") {
    circumstance = ApiDown{*period};
  } else if (outage->of == "node") {
    circumstance = NodeLost{*period};
  } else if (outage->of == "jobs") {
    circumstance = Jobs{clause.what.text == "fail" ? Jobs::Do::kFail : Jobs::Do::kHang, *period};
  }
  Add(std::move(circumstance), {clause.of.text, std::nullopt, *period, true, clause.span});
}

void ScenarioBody::operator()(const syntax::LoadClause& clause) {
  const auto load = Known(reader_.Int(clause.per_second, "`load`", 0, kMostRequests));
  const std::optional<Period> period = Known(ClauseTimes(clause.times, "load", reader_).Lasting());
  if (load && period) {
    Add(Load{*load, *period}, {"load", std::nullopt, *period, true, clause.span});
  }
}

// ------------------------------------------------------------------------------------------------- people, commits

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
      draft_.scenario.circumstances.emplace_back(std::move(person));
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
    draft_.scenario.circumstances.emplace_back(person);
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

}  // namespace

ScenarioDraft ReadScenario(const syntax::Simulation& simulation, const Module& module, const Reader& reader) {
  ScenarioDraft draft;
  draft.name = simulation.as ? simulation.as->span : simulation.rollout.span;
  draft.scenario.name = simulation.as ? simulation.as->text : "";
  draft.scenario.span = simulation.rollout.span;
  const std::optional<std::string> name = reader.Text(simulation.rollout.text, "`simulate`");
  const Declared* declared = name ? FindRollout(*name, simulation.rollout.span, module, reader.context()) : nullptr;
  draft.well = declared != nullptr;
  for (const auto& rollout : reader.checker().plans.rollouts) {
    if (declared != nullptr && rollout->span == declared->name_span && rollout->name == declared->name) {
      draft.rollout = rollout.get();
    }
  }
  if (draft.rollout != nullptr) {
    draft.scenario.rollout = draft.rollout->name;
    draft.scenario.namespace_ = draft.rollout->service != nullptr ? draft.rollout->service->namespace_ : "";
  }
  ScenarioBody body(simulation, reader, draft);
  for (const syntax::SimulationItem& item : simulation.items) {
    std::visit(body, item);
  }
  body.Finish();
  return draft;
}

}  // namespace sluice::check
