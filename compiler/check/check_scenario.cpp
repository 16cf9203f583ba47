#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/scenario_body.h"
#include "compiler/check/scenario_contradictions.h"

namespace sluice::check {

struct PodsWord {
  const char* word;
  enum class Setting : std::uint8_t { kNone, kRate, kTime } setting;
  bool ramps;
  bool lasts;           // has times
  const char* example;  // of a setting
};

namespace {

using diagnostics::Safety;

constexpr std::int64_t kMostRequests = 1'000'000;  // a second

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

// The unit of something in a value that JSON has no unit for; "" if there is none.
std::string_view UnitWithin(const graph::Value& value) {
  if (const graph::List* list = value.as_list()) {
    for (const graph::Value& item : *list) {
      if (const std::string_view unit = UnitWithin(item); !unit.empty()) return unit;
    }
    return "";
  }
  if (const graph::Map* map = value.as_map()) {
    for (const auto& [key, field] : map->entries()) {
      if (const std::string_view unit = UnitWithin(field); !unit.empty()) return unit;
    }
    return "";
  }
  const graph::Quantity* quantity = value.as_quantity();
  if (quantity == nullptr) {
    return value.as_string() != nullptr || value.as_bool() != nullptr || value.is_none() ? "" : "no number";
  }
  switch (quantity->unit) {
    case graph::Unit::kPercent:
      return "a percent";
    case graph::Unit::kDuration:
      return "a duration";
    case graph::Unit::kBytes:
      return "a number of bytes";
    case graph::Unit::kNone:
      break;
  }
  return "";
}

}  // namespace

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

void ScenarioBody::operator()(const syntax::NoStableClause& clause) {
  if (Once({"stable none", clause.span})) {
    draft_.scenario.first_install = true;
    no_stable_ = clause.span;
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
  const Span span = said.span;
  if (Known(statements_.Add(std::move(said)))) {
    Keep(std::move(circumstance), span);
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
  const WholeScenario whole{draft_.scenario, spans_, no_stable_, draft_.rollout};
  // What a mistake left out may be what the others act on.
  if (Known(CheckContradictions(whole, reader_.context())) && draft_.well && !Broken()) {
    CheckEffects(whole, reader_.context());
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

void ScenarioBody::operator()(const syntax::AnswerClause& clause) {
  std::optional<std::string> address = Known(reader_.Text(clause.address, "`metrics`"));
  const bool absolute = address && (address->starts_with("http://") || address->starts_with("https://"));
  if (address && (!absolute || address->find_first_of("?#") != std::string::npos)) {
    Report(diagnostics::kWrongClauseValue, clause.address->span,
           absolute ? "an address is written without its query" : "this is no address: `https://HOST/PATH`")
        .Note("whatever is asked there is answered; `*` stands for any text")
        .Emit();
    return;
  }
  Answer answer;
  if (clause.what && clause.what->text != "down") {
    UnknownWord(*clause.what, "metrics", {"down"});
    return;
  }
  if (!clause.what) {
    answer.json = Known(reader_.Any(clause.answer, "`metrics`"));
    const std::string_view unit = answer.json ? UnitWithin(*answer.json) : "";
    if (!unit.empty()) {
      Report(diagnostics::kWrongClauseValue, clause.answer->span, fmt::format("JSON has no word for {}", unit))
          .Note("write the number as the store would: `0.05`, `250`")
          .Emit();
      return;
    }
  }
  const std::optional<Period> period = Known(ClauseTimes(clause.times, "metrics", reader_).Lasting());
  if (address && period && (clause.what || answer.json)) {
    answer.address = *address;
    answer.period = *period;
    Add(std::move(answer), {fmt::format("metrics \"{}\"", *address), std::nullopt, *period, true, clause.span});
  }
}

void ScenarioBody::operator()(const syntax::LoadClause& clause) {
  const auto load = Known(reader_.Int(clause.per_second, "`load`", 0, kMostRequests));
  const std::optional<Period> period = Known(ClauseTimes(clause.times, "load", reader_).Lasting());
  if (load && period) {
    Add(Load{*load, *period}, {"load", std::nullopt, *period, true, clause.span});
  }
}

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
