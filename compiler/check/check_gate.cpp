#include <algorithm>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/checker.h"
#include "compiler/check/words.h"

namespace sluice::check {
namespace {

using diagnostics::Safety;

constexpr std::int64_t kMostSamples = 1000;

struct UnitWord {
  const char* word;
  Type::Kind type;
};
// What `measure … as WORD` makes of the number, as `value` is typed.
constexpr UnitWord kUnitWords[] = {
    {"ratio", Type::Kind::kPercent},         {"percent", Type::Kind::kPercent}, {"seconds", Type::Kind::kDuration},
    {"milliseconds", Type::Kind::kDuration}, {"number", Type::Kind::kDecimal},  {"bytes", Type::Kind::kBytes},
};

std::vector<std::string> UnitWords() {
  std::vector<std::string> words;
  for (const UnitWord& unit : kUnitWords) {
    words.emplace_back(unit.word);
  }
  return words;
}

bool Names(const graph::ExpressionPtr& expression, std::string_view root) {
  if (!expression) {
    return false;
  }
  if (expression->operation == graph::Operation::kRoot && expression->name == root) {
    return true;
  }
  return std::any_of(expression->operands.begin(), expression->operands.end(),
                     [&](const graph::ExpressionPtr& operand) { return Names(operand, root); });
}

bool Names(const graph::RequestTemplate& request, std::string_view root) {
  auto any = [&](const auto& pairs) {
    return std::any_of(pairs.begin(), pairs.end(), [&](const auto& pair) { return Names(pair.second, root); });
  };
  return Names(request.url, root) || Names(request.json, root) || Names(request.text, root) || any(request.query) ||
         any(request.headers);
}

// "error-rate(max: 1%, over: 2m)": what a person needs to tell two gates apart.
std::string GateName(const Declared& declared, const Scope& scope) {
  std::string arguments;
  for (const Binding& binding : scope.bindings()) {
    const graph::Value* value = binding.value ? &*binding.value : nullptr;
    if (value == nullptr || (value->as_quantity() == nullptr && value->as_string() == nullptr)) {
      continue;
    }
    arguments += fmt::format("{}{}: {}", arguments.empty() ? "" : ", ", binding.name,
                             value->as_string() ? "\"" + *value->as_string() + "\"" : value->ToText());
  }
  return arguments.empty() ? declared.name : fmt::format("{}({})", declared.name, arguments);
}

class GateBody {
 public:
  GateBody(const Declared& declared, const ScopePtr& scope, Span site, Checker& checker)
      : declared_(declared), reader_(checker, scope, site), clauses_(checker, declared) {
    auto roles = std::make_shared<Scope>(scope);
    AddRoles(*roles);
    AddTimes(*roles);
    roles_ = roles;
    auto sampled = std::make_shared<Scope>(ScopePtr(roles));
    sampled_ = sampled;
    gate_.name = GateName(declared, *scope);
  }

  // Conditions see what is measured and kept, wherever in the body that stands: these come first.
  void Measure(const syntax::MeasureClause& clause);
  void Keep(const syntax::KeepClause& clause);

  void operator()(const syntax::MeasureClause&) {}
  void operator()(const syntax::KeepClause&) {}
  void operator()(const syntax::GateConditionClause& clause);
  void operator()(const syntax::GateTimeClause& clause);
  void operator()(const syntax::FailAfterClause& clause);
  void operator()(const syntax::MissingClause& clause);
  void operator()(const syntax::Require& require) {
    if (!CheckRequire(require, reader_.scope(), reader_.site(), reader_.context())) {
      complete_ = false;
    }
  }
  void KeepNext(const syntax::KeepClause& clause);
  void Finish();

  std::optional<graph::Gate> gate() && { return complete_ ? std::optional(std::move(gate_)) : std::nullopt; }

 private:
  Type Unit(const syntax::MeasureClause& clause);
  void CheckWindow();

  const Declared& declared_;
  Reader reader_;
  Clauses clauses_;
  ScopePtr roles_;
  std::shared_ptr<Scope> sampled_;  // grows while measures and states are read, before anything is evaluated in it
  graph::Gate gate_;
  Span window_span_;
  bool complete_ = true;
};

Type GateBody::Unit(const syntax::MeasureClause& clause) {
  if (!clause.as) {
    if (!reader_.checker().Broken(clause.span)) {
      const Span end{clause.span.file, clause.span.end, clause.span.end};
      reader_.context()
          .Report(diagnostics::kMissingClause, clause.span, "the measure has no `as`")
          .Note(fmt::format("its unit is one of {}", JoinWords(UnitWords(), "or")))
          .Fix("add `as ratio`", Safety::kPlaceholder, end, " as ratio")
          .Emit();
    }
    return Type::Kind::kError;
  }
  for (const UnitWord& unit : kUnitWords) {
    if (clause.as->text == unit.word) {
      return unit.type;
    }
  }
  ReportUnknownWord(*clause.as, "measure … as", UnitWords(), reader_.context());
  return Type::Kind::kError;
}

void GateBody::Measure(const syntax::MeasureClause& clause) {
  const Type unit = Unit(clause);
  const std::string name = clause.name ? clause.name->text : "";
  const std::string key = "measure " + name;
  if (!clauses_.Once(name.empty() ? "measure" : key, clause.span)) {
    return;
  }
  if (!clauses_.Has("measure")) {
    clauses_.Once("measure", clause.span);
  }
  if (name.empty()) {
    sampled_->AddRoot("value", unit);
  } else {
    sampled_->AddRoot(name, Type::Record({{"value", unit}}));
  }
  std::optional<graph::Value> value =
      clause.value ? Evaluate(*clause.value, roles_, Expected{MeasurementType(), "`measure`", Stage::kRunTime},
                              reader_.context())
                   : std::nullopt;
  const MeasurementHandle* measurement = value ? HandleOf<MeasurementHandle>(*value) : nullptr;
  if (measurement == nullptr || unit.is_error()) {
    complete_ = false;
    return;
  }
  graph::Measure measure = measurement->measure();
  measure.name = name;
  auto convert = std::make_shared<graph::Expression>();
  convert->operation = graph::Operation::kConvert;
  convert->name = clause.as->text;
  convert->operands = {measure.value};
  measure.value = std::move(convert);
  gate_.measures.push_back(std::move(measure));
}

void GateBody::Keep(const syntax::KeepClause& clause) {
  if (!clauses_.Once("keep " + clause.name.text, clause.span)) {
    return;
  }
  const Type type = ResolveType(clause.type, reader_.scope(), reader_.context());
  sampled_->AddRoot(clause.name.text, type);
  std::optional<graph::Value> initial = reader_.Of(clause.initial, type, "`keep`");
  complete_ = complete_ && initial;
  gate_.keep.push_back({clause.name.text, initial.value_or(graph::Value()), nullptr});
}

void GateBody::KeepNext(const syntax::KeepClause& clause) {
  const Type type = ResolveType(clause.type, reader_.scope(), reader_.context());
  graph::ExpressionPtr next = reader_.In(sampled_).Residual(clause.next, type, "`then`");
  complete_ = complete_ && next;
  for (graph::KeepState& state : gate_.keep) {
    if (state.name == clause.name.text && !state.next) {
      state.next = next;
      return;
    }
  }
}

void GateBody::operator()(const syntax::GateConditionClause& clause) {
  const bool pass = clause.outcome == syntax::GateConditionClause::Outcome::kPass;
  if (!clauses_.Once(pass ? "pass" : "fail when", clause.span)) {
    return;
  }
  graph::ExpressionPtr condition =
      reader_.In(sampled_).Residual(clause.condition, Type::Kind::kBool, pass ? "`pass when`" : "`fail when`");
  complete_ = complete_ && condition;
  (pass ? gate_.pass : gate_.fail) = std::move(condition);
}

void GateBody::operator()(const syntax::GateTimeClause& clause) {
  const bool window = clause.word == syntax::GateTimeClause::Word::kWindow;
  if (!clauses_.Once(window ? "window" : "every", clause.span)) {
    return;
  }
  std::optional<Duration> time =
      reader_.Time(clause.value, window ? "`window`" : "`every`", Duration(window ? 0 : 1000));
  if (window) {
    window_span_ = clause.value ? clause.value->span : clause.span;
    gate_.window = time.value_or(Duration(0));
  } else {
    gate_.every = time.value_or(gate_.every);
  }
}

void GateBody::operator()(const syntax::FailAfterClause& clause) {
  if (!clauses_.Once("fail after", clause.span)) {
    return;
  }
  const std::optional<std::int32_t> count = reader_.Int(clause.count, "`fail after`", 1, kMostSamples);
  const std::optional<std::int32_t> of = clause.of ? reader_.Int(clause.of, "`of`", 1, kMostSamples) : count;
  if (count && of && *count > *of) {
    reader_.Report(
        diagnostics::kValueOutOfRange, clause.span,
        fmt::format("`fail after {} of {}`: there are never {} failing samples among {}", *count, *of, *count, *of));
    return;
  }
  gate_.fail_count = count.value_or(1);
  gate_.fail_of = of.value_or(gate_.fail_count);
}

void GateBody::operator()(const syntax::MissingClause& clause) {
  const bool no_data = clause.what == syntax::MissingClause::What::kNoData;
  if (!clauses_.Once(no_data ? "no-data" : "error", clause.span)) {
    return;
  }
  const Duration time =
      reader_.Time(clause.duration, no_data ? "`no-data for`" : "`error for`", Duration(0)).value_or(Duration(0));
  (no_data ? gate_.no_data_for : gate_.error_for) = time;
  (no_data ? gate_.no_data_else : gate_.error_else) = DispositionOf(clause.otherwise);
}

// `every` is how often there is something new to see: a window that is not at least twice as long holds one sample
// or none, and a rate needs two.
void GateBody::CheckWindow() {
  const Duration least = 2 * gate_.every;
  if (window_span_.known() && gate_.window.count() > 0 && gate_.window < least) {
    reader_.Report(diagnostics::kShortWindow, window_span_,
                   fmt::format("the window {} is shorter than two samples at `every {}` ({})",
                               FormatDuration(gate_.window), FormatDuration(gate_.every), FormatDuration(least)),
                   "a rate needs two scrapes of the metrics store in its window");
  }
}

void GateBody::Finish() {
  clauses_.Missing("measure", "measure METRICS.instant(\"QUERY\") as ratio");
  clauses_.Missing("pass", "pass when value <= LIMIT");
  clauses_.Missing("window", "window 2m");
  clauses_.Missing("no-data", "no-data for 5m else fail", diagnostics::kUnboundedGate);
  clauses_.Missing("error", "error for 10m else hold", diagnostics::kUnboundedGate);
  CheckWindow();
  const bool any = std::any_of(gate_.measures.begin(), gate_.measures.end(),
                               [](const graph::Measure& measure) { return Names(measure.request, "candidate"); });
  if (!any && complete_ && !gate_.measures.empty()) {
    reader_.Report(diagnostics::kGateIgnoresCandidate, declared_.name_span,
                   fmt::format("nothing that gate `{}` measures names the candidate", declared_.name),
                   "a bad candidate with a small share hardly shows in what all revisions come to");
  }
  complete_ = complete_ && gate_.pass && !gate_.measures.empty();
}

std::optional<graph::Gate> ReadGate(const Declared& declared, const ScopePtr& scope, Span site, Checker& checker) {
  GateBody body(declared, scope, site, checker);
  const std::vector<syntax::GateItem>& items = declared.as<syntax::Gate>().items;
  for (const syntax::GateItem& item : items) {
    if (const auto* measure = std::get_if<syntax::MeasureClause>(&item)) {
      body.Measure(*measure);
    } else if (const auto* keep = std::get_if<syntax::KeepClause>(&item)) {
      body.Keep(*keep);
    }
  }
  for (const syntax::GateItem& item : items) {
    std::visit(body, item);
    if (const auto* keep = std::get_if<syntax::KeepClause>(&item)) {
      body.KeepNext(*keep);
    }
  }
  body.Finish();
  return std::move(body).gate();
}

}  // namespace

Made MakeGate(const Declared& declared, const ScopePtr& scope, Span site, Checker& checker) {
  const auto& syntax = declared.as<syntax::Gate>();
  if (syntax.alias) {
    return Evaluate(*syntax.alias, scope, Expected{GateType(), "a gate", Stage::kCompileTime}, checker.context);
  }
  std::optional<graph::Gate> gate = ReadGate(declared, scope, site, checker);
  if (!gate) {
    return std::nullopt;
  }
  auto instance = std::make_shared<GateInstance>();
  instance->gate = std::move(*gate);
  instance->declaration = declared.name_span;
  instance->span = site.known() ? site : declared.name_span;
  auto leaf = std::make_shared<GateExpression>();
  leaf->span = instance->span;
  leaf->instance = std::move(instance);
  return graph::Value(std::shared_ptr<const graph::Handle>(std::make_shared<GateHandle>(std::move(leaf))));
}

}  // namespace sluice::check
