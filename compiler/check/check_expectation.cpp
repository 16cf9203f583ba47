#include <algorithm>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/check_test.h"
#include "compiler/check/test_facts.h"

namespace sluice::check {
namespace {

using diagnostics::Safety;
using syntax::BinaryOperator;

// Where a condition names something of a scenario.
struct FactUse {
  std::size_t scenario = 0;
  const Fact* fact = nullptr;  // null: the scenario as a whole
  Span span;
};

// Goes through a condition as it is written: what it speaks of, and texts that stand for steps and outcomes.
class FactFinder {
 public:
  FactFinder(const std::vector<ScenarioDraft>& scenarios, Context& context)
      : scenarios_(scenarios), context_(context) {}

  void Visit(const syntax::ExpressionPtr& expression) {
    if (!expression) {
      return;
    }
    if (const std::optional<FactUse> use = UseOf(*expression)) {
      uses.push_back(*use);
      return;
    }
    std::visit([&](const auto& node) { Of(node, expression->span); }, expression->node);
  }

  // The outcome that a whole condition asks for: `outcome is promoted`; "" for other conditions.
  std::string OutcomeAskedFor(const syntax::Expression& condition) const {
    const auto* is = std::get_if<syntax::Binary>(&condition.node);
    if (is == nullptr || (is->op != BinaryOperator::kIs && is->op != BinaryOperator::kEqual)) {
      return "";
    }
    const bool first = UseOf(*is->left, "outcome").has_value();
    if (!first && !UseOf(*is->right, "outcome")) {
      return "";
    }
    const syntax::Expression& asked = first ? *is->right : *is->left;
    const auto* name = std::get_if<syntax::NameReference>(&asked.node);
    const std::string* text = LiteralText(asked);
    const std::string outcome = name != nullptr ? name->name : text != nullptr ? *text : "";
    const auto& outcomes = TestOutcomes();
    return std::find(outcomes.begin(), outcomes.end(), outcome) != outcomes.end() ? outcome : "";
  }

  std::vector<FactUse> uses;
  std::vector<Span> bare;  // facts of no scenario, where there are several
  bool well = true;        // no text that nothing is ever called

 private:
  template <typename Leaf>
  void Of(const Leaf&, Span) {}
  void Of(const syntax::NameReference& name, Span span) {
    const bool bound = std::find(bound_.begin(), bound_.end(), name.name) != bound_.end();
    if (scenarios_.size() > 1 && !bound && FindTestFact(name.name) != nullptr) {
      bare.push_back(span);
    }
  }
  void Of(const syntax::StringLiteral& text, Span) {
    for (const syntax::StringPart& part : text.parts) {
      Visit(part.value);
    }
  }
  void Of(const syntax::ListLiteral& list, Span) {
    for (const syntax::ExpressionPtr& item : list.items) {
      Visit(item);
    }
  }
  void Of(const syntax::MapLiteral& map, Span) {
    for (const syntax::MapEntry& entry : map.entries) {
      Visit(entry.key);
      Visit(entry.value);
    }
  }
  void Of(const syntax::Comprehension& each, Span) {
    Visit(each.in);
    Within(each.variables, {&each.condition, &each.key, &each.value});
  }
  void Of(const syntax::Quantifier& each, Span) {
    Visit(each.in);
    Within(each.variables, {&each.condition});
  }
  void Of(const syntax::If& choice, Span) {
    Visit(choice.condition);
    Visit(choice.then);
    Visit(choice.otherwise);
  }
  void Of(const syntax::Binary& binary, Span) {
    Visit(binary.left);
    Visit(binary.right);
    CheckTexts(binary);
  }
  void Of(const syntax::Unary& unary, Span) { Visit(unary.operand); }
  void Of(const syntax::Member& member, Span) { Visit(member.object); }
  void Of(const syntax::Index& index, Span) {
    Visit(index.object);
    Visit(index.index);
    CheckKey(*index.object, *index.index);
  }
  void Of(const syntax::Call& call, Span) {
    Visit(call.callee);
    for (const syntax::Argument& argument : call.arguments) {
      Visit(argument.value);
    }
  }

  void Within(const std::vector<syntax::Name>& variables,
              std::initializer_list<const syntax::ExpressionPtr*> expressions) {
    const std::size_t outside = bound_.size();
    for (const syntax::Name& variable : variables) {
      bound_.push_back(variable.text);
    }
    for (const syntax::ExpressionPtr* expression : expressions) {
      Visit(*expression);
    }
    bound_.resize(outside);
  }

  // `outcome`; with several scenarios `bad.outcome` or `bad` alone.
  std::optional<FactUse> UseOf(const syntax::Expression& expression) const {
    const auto* name = std::get_if<syntax::NameReference>(&expression.node);
    if (name != nullptr) {
      if (std::find(bound_.begin(), bound_.end(), name->name) != bound_.end()) {
        return std::nullopt;
      }
      if (scenarios_.size() == 1) {
        const Fact* fact = FindTestFact(name->name);
        return fact != nullptr ? std::optional(FactUse{0, fact, expression.span}) : std::nullopt;
      }
      for (std::size_t i = 0; i < scenarios_.size(); ++i) {
        if (scenarios_[i].scenario.name == name->name) {
          return FactUse{i, nullptr, expression.span};
        }
      }
      return std::nullopt;
    }
    const auto* member = std::get_if<syntax::Member>(&expression.node);
    if (member == nullptr || scenarios_.size() == 1 ||
        !std::holds_alternative<syntax::NameReference>(member->object->node)) {
      return std::nullopt;
    }
    std::optional<FactUse> use = UseOf(*member->object);
    const Fact* fact = FindTestFact(member->name.text);
    if (!use || fact == nullptr) {
      return std::nullopt;
    }
    return FactUse{use->scenario, fact, expression.span};
  }

  std::optional<FactUse> UseOf(const syntax::Expression& expression, std::string_view fact) const {
    const std::optional<FactUse> use = UseOf(expression);
    return use && use->fact != nullptr && use->fact->name == fact ? use : std::nullopt;
  }

  // `step is "haf"`, `outcome in ["promotd"]`, `"haf" in entered`.
  void CheckTexts(const syntax::Binary& binary) {
    switch (binary.op) {
      case BinaryOperator::kEqual:
      case BinaryOperator::kNotEqual:
      case BinaryOperator::kIs:
      case BinaryOperator::kIsNot:
        CheckText(*binary.left, *binary.right);
        CheckText(*binary.right, *binary.left);
        break;
      case BinaryOperator::kIn:
      case BinaryOperator::kNotIn:
        if (const auto* list = std::get_if<syntax::ListLiteral>(&binary.right->node)) {
          for (const syntax::ExpressionPtr& item : list->items) {
            CheckText(*binary.left, *item);
          }
        }
        CheckKey(*binary.right, *binary.left);
        break;
      default:
        break;
    }
  }

  void CheckText(const syntax::Expression& of, const syntax::Expression& text) {
    if (const auto use = UseOf(of, "step")) {
      CheckStep(*use, text);
    } else if (UseOf(of, "outcome")) {
      CheckOutcome(text);
    }
  }

  void CheckKey(const syntax::Expression& map, const syntax::Expression& key) {
    auto use = UseOf(map, "entered");
    use = use ? use : UseOf(map, "left");
    if (use) {
      CheckStep(*use, key);
    }
  }

  void CheckStep(const FactUse& use, const syntax::Expression& text) {
    const std::string* name = LiteralText(text);
    const Rollout* rollout = scenarios_[use.scenario].rollout;
    if (name == nullptr || rollout == nullptr || rollout->incomplete) {
      return;
    }
    // A step that is repeated has no name but those of its repetitions.
    const std::vector<const Step*> found = FindSteps(*name, text.span, *rollout, context_);
    const auto same = [&](const Step* step) { return step->name == *name; };
    if (found.empty() || std::any_of(found.begin(), found.end(), same)) {
      well = well && !found.empty();
      return;
    }
    well = false;
    std::vector<std::string> names;
    diagnostics::Builder report =
        context_.Report(diagnostics::kUnknownStep, text.span,
                        fmt::format("step `{}` of rollout `{}` is repeated", *name, rollout->name));
    for (const Step* step : found) {
      names.push_back("`" + step->name + "`");
      report.Fix(fmt::format("write `{}`", step->name), Safety::kUncertain, text.span,
                 fmt::format("\"{}\"", step->name));
    }
    report.Note(fmt::format("its steps are {}", JoinWords(names)));
  }

  void CheckOutcome(const syntax::Expression& text) {
    const std::string* word = LiteralText(text);
    const auto& outcomes = TestOutcomes();
    if (word == nullptr || std::find(outcomes.begin(), outcomes.end(), *word) != outcomes.end()) {
      return;
    }
    well = false;
    diagnostics::Builder report =
        context_.Report(diagnostics::kUnknownClauseWord, text.span, fmt::format("no rollout ends as `{}`", *word));
    report.Note(fmt::format("the outcomes are {}", JoinWords(outcomes)));
    for (const std::string& similar : SimilarNames(*word, outcomes)) {
      report.Fix(fmt::format("write `{}`", similar), Safety::kUncertain, text.span, similar);
    }
  }

  const std::vector<ScenarioDraft>& scenarios_;
  Context& context_;
  std::vector<std::string> bound_;  // variables around what is visited
};

// The fact of moments that comes nearest to one of the end, and the other way round; "" if none does.
std::string_view OtherTime(std::string_view fact) {
  static constexpr std::pair<std::string_view, std::string_view> kPairs[] = {
      {"max-weight", "weight"}, {"elapsed", "time"}, {"peak-pods", "pods"}};
  for (const auto& [end, moment] : kPairs) {
    if (fact == end || fact == moment) {
      return fact == end ? moment : end;
    }
  }
  return "";
}

// Whether a declaration or an import of the module has the name: that one is meant then.
bool IsDeclared(std::string_view name, const Scope& scope) {
  const Module* module = scope.module();
  if (module == nullptr || scope.file() == source::FileId::kNone) {
    return false;
  }
  const auto& declarations = module->declarations();
  return module->imports(scope.file()).count(name) != 0 ||
         std::any_of(declarations.begin(), declarations.end(),
                     [&](const auto& declared) { return declared->name == name; });
}

void ReportBare(const std::string& fact, Span span, const std::vector<ScenarioDraft>& scenarios, Context& context) {
  diagnostics::Builder report =
      context.Report(diagnostics::kUnknownName, span, fmt::format("`{}` of which scenario is meant?", fact));
  report.Note("with several scenarios a fact stands behind the name of one");
  for (const ScenarioDraft& draft : scenarios) {
    if (!draft.scenario.name.empty()) {
      const std::string whole = draft.scenario.name + "." + fact;
      report.Fix(fmt::format("write `{}`", whole), Safety::kUncertain, span, whole);
    }
  }
}

void ReportOutOfTime(const FactUse& use, bool end, Span condition, Context& context) {
  const std::string_view name = use.fact->name;
  const std::string_view other = OtherTime(name);
  diagnostics::Builder report =
      context.Report(diagnostics::kFactOutOfTime, use.span,
                     end ? fmt::format("`{}` has a value at each moment, and none for the end", name)
                         : fmt::format("`{}` has a value at the end, and none for each moment", name));
  if (!other.empty()) {
    report.Note(fmt::format("`{}` has one {}", other, end ? "at the end" : "at each moment"));
  }
  if (end) {
    report.At("write `expect always`, `never` or `eventually`");
    const Span before{condition.file, condition.begin, condition.begin};
    for (const char* word : {"always", "never", "eventually"}) {
      report.Fix(fmt::format("write `expect {} …`", word), Safety::kUncertain, before, fmt::format("{} ", word));
    }
  } else {
    report.At("`always`, `never` and `eventually` speak of each moment");
  }
}

}  // namespace

Expectations::Expectations(const std::vector<ScenarioDraft>& scenarios, const Reader& reader)
    : scenarios_(scenarios),
      reader_(reader),
      ends_(ScopeOf(true)),
      moments_(ScopeOf(false)),
      spoken_of_(scenarios.size(), false) {}

ScopePtr Expectations::ScopeOf(bool end) const {
  auto scope = std::make_shared<Scope>(reader_.scope());
  for (const std::string& outcome : TestOutcomes()) {
    scope->Add({outcome, Type::Kind::kString, graph::Value(outcome), {}});
  }
  std::vector<Field> fields;
  for (const Fact& fact : TestFacts()) {
    if (end ? fact.end : fact.moment) {
      fields.push_back({std::string(fact.name), fact.type});
    }
  }
  if (scenarios_.size() == 1) {
    for (Field& field : fields) {
      scope->AddRoot(std::move(field.name), std::move(field.type));
    }
    return scope;
  }
  for (const ScenarioDraft& draft : scenarios_) {
    if (!draft.scenario.name.empty()) {
      scope->AddRoot(draft.scenario.name, Type::Named("scenario", fields));
    }
  }
  return scope;
}

bool Expectations::SaysOneEnd(const std::string& outcome, const Expectation& read) {
  const auto [said, fresh] = ends_as_.try_emplace(read.scenario, outcome, read.span);
  const auto& [other, span] = said->second;
  if (fresh || other == outcome) {
    return true;
  }
  reader_.context()
      .Report(diagnostics::kExpectationsContradict, read.span,
              fmt::format("one course does not end both as `{}` and as `{}`", other, outcome))
      .Label(span, "the other one")
      .Note(fmt::format("`outcome in [{}, {}]` is met by either", other, outcome))
      .Emit();
  return false;
}

std::optional<Expectation> Expectations::Read(const syntax::Expectation& expectation) {
  using Over = Expectation::Over;
  static constexpr Over kOver[] = {Over::kEnd, Over::kAlways, Over::kNever, Over::kEventually};
  if (!expectation.condition) {
    return std::nullopt;
  }
  Context& context = reader_.context();
  Expectation read;
  read.over = kOver[static_cast<std::size_t>(expectation.over)];
  read.span = expectation.condition->span;
  const bool end = read.over == Over::kEnd;

  FactFinder finder(scenarios_, context);
  finder.Visit(expectation.condition);
  bool well = finder.well;
  for (const FactUse& use : finder.uses) {
    spoken_of_[use.scenario] = true;
    if (well && use.fact != nullptr && !(end ? use.fact->end : use.fact->moment)) {
      ReportOutOfTime(use, end, read.span, context);
      well = false;
    }
  }
  for (const Span& span : finder.bare) {
    const std::string fact = context.Text(span);
    if (!IsDeclared(fact, *reader_.scope())) {
      ReportBare(fact, span, scenarios_, context);
      return std::nullopt;
    }
  }
  if (!well) {
    return std::nullopt;
  }
  read.condition = reader_.In(end ? ends_ : moments_).Residual(expectation.condition, Type::Kind::kBool, "`expect`");
  if (!read.condition) {
    return std::nullopt;
  }
  if (finder.uses.empty() || read.condition->operation == graph::Operation::kLiteral) {
    context.Report(diagnostics::kExpectsNothing, read.span, "this is the same whatever happens")
        .Note("an expectation speaks of facts: `outcome`, `max-weight`, `elapsed` …")
        .Emit();
    return std::nullopt;
  }
  read.scenario = finder.uses.front().scenario;
  const std::string outcome = end ? finder.OutcomeAskedFor(*expectation.condition) : "";
  if (!outcome.empty() && !SaysOneEnd(outcome, read)) {
    return std::nullopt;
  }
  const auto other = std::find_if(finder.uses.begin(), finder.uses.end(),
                                  [&](const FactUse& use) { return use.scenario != read.scenario; });
  if (!end && other != finder.uses.end()) {
    context
        .Report(diagnostics::kMomentsOfSeveral, other->span,
                fmt::format("this speaks of moments of both `{}` and `{}`", scenarios_[read.scenario].scenario.name,
                            scenarios_[other->scenario].scenario.name))
        .Label(finder.uses.front().span, "the other scenario")
        .Note("scenarios have no moments in common: an expectation over time speaks of one")
        .Emit();
    return std::nullopt;
  }
  return read;
}

}  // namespace sluice::check
