#include "compiler/check/check_test.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/test_facts.h"

namespace sluice::check {
namespace {

using diagnostics::Safety;

class TestBody {
 public:
  TestBody(const syntax::Declaration& declaration, const Module& module, Checker& checker)
      : declaration_(declaration),
        test_(std::get<syntax::TestDeclaration>(declaration.declaration)),
        module_(module),
        reader_(checker, module.FileScope(declaration.span.file), {}) {}

  // `names`: of the tests before it, by name.
  void Check(std::map<std::string, Span>& names);

 private:
  void ReadName(std::map<std::string, Span>& names);
  void ReadScenarios();
  void CheckNames();
  void CheckSpokenOf(const Expectations& expectations);
  void ReadExpectations();
  void Missing(const char* what, const std::string& example);
  diagnostics::Builder Report(const diagnostics::Kind& kind, Span span, std::string message) {
    well_ = well_ && kind.level != diagnostics::Level::kError;
    return reader_.context().Report(kind, span, std::move(message));
  }

  const syntax::Declaration& declaration_;
  const syntax::TestDeclaration& test_;
  const Module& module_;
  Reader reader_;
  Test checked_;
  std::vector<ScenarioDraft> scenarios_;
  bool well_ = true;
};

void TestBody::ReadName(std::map<std::string, Span>& names) {
  checked_.span = test_.name.span;
  const std::optional<std::string> name = reader_.Text(test_.name.text, "the name of a test");
  well_ = name.has_value();
  checked_.name = name.value_or("");
  if (!name) {
    return;
  }
  const auto [first, fresh] = names.try_emplace(*name, test_.name.span);
  if (!fresh) {
    Report(diagnostics::kDuplicateDeclaration, test_.name.span, fmt::format("there are two tests called `{}`", *name))
        .Label(first->second, "the first one")
        .Emit();
  }
}

void TestBody::Missing(const char* what, const std::string& example) {
  const Span whole = declaration_.span;
  if (reader_.checker().Broken(whole)) {
    well_ = false;
    return;
  }
  const Span brace{whole.file, whole.end - 1, whole.end - 1};
  Report(diagnostics::kMissingClause, test_.name.span, fmt::format("test `{}` {} nothing", checked_.name, what))
      .Fix(fmt::format("add `{}`", example), Safety::kPlaceholder, brace, fmt::format("  {}\n", example))
      .Emit();
}

void TestBody::ReadScenarios() {
  for (const syntax::TestItem& item : test_.items) {
    if (const auto* simulation = std::get_if<syntax::Simulation>(&item)) {
      scenarios_.push_back(ReadScenario(*simulation, module_, reader_));
      well_ = well_ && scenarios_.back().well;
    }
  }
  if (scenarios_.empty()) {
    Missing("simulates", "simulate ROLLOUT { candidate error-rate 8% }");
  }
  CheckNames();
}

// Conditions tell scenarios apart by their names.
void TestBody::CheckNames() {
  if (scenarios_.size() < 2) {
    return;
  }
  std::map<std::string, Span> taken;
  for (const ScenarioDraft& draft : scenarios_) {
    const std::string& name = draft.scenario.name;
    if (name.empty()) {
      const Span behind{draft.name.file, draft.name.end, draft.name.end};
      Report(diagnostics::kScenarioNeedsName, draft.name,
             fmt::format("one of {} scenarios of test `{}` has no name", scenarios_.size(), checked_.name))
          .Fix("add `as NAME`", Safety::kPlaceholder, behind, " as NAME")
          .Emit();
      continue;
    }
    const auto& outcomes = TestOutcomes();
    if (std::find(outcomes.begin(), outcomes.end(), name) != outcomes.end()) {
      Report(diagnostics::kScenarioNeedsName, draft.name,
             fmt::format("`{}` is an outcome, and no name for a scenario", name))
          .Emit();
      continue;
    }
    const auto [first, fresh] = taken.try_emplace(name, draft.name);
    if (!fresh) {
      Report(diagnostics::kScenarioNeedsName, draft.name,
             fmt::format("two scenarios of test `{}` are called `{}`", checked_.name, name))
          .Label(first->second, "the first one")
          .Emit();
    }
  }
}

void TestBody::ReadExpectations() {
  Expectations expectations(scenarios_, reader_);
  bool any = false;
  for (const syntax::TestItem& item : test_.items) {
    const auto* expectation = std::get_if<syntax::Expectation>(&item);
    if (expectation == nullptr) {
      continue;
    }
    any = true;
    if (std::optional<Expectation> read = expectations.Read(*expectation)) {
      checked_.expectations.push_back(*std::move(read));
    } else {
      well_ = false;
    }
  }
  if (!any) {
    Missing("expects", "expect outcome is promoted");
  } else {
    CheckSpokenOf(expectations);
  }
}

void TestBody::CheckSpokenOf(const Expectations& expectations) {
  for (std::size_t i = 0; well_ && i < scenarios_.size(); ++i) {
    if (!expectations.SpeaksOf(i)) {
      Report(diagnostics::kScenarioIgnored, scenarios_[i].name,
             fmt::format("no expectation speaks of scenario `{}`", scenarios_[i].scenario.name))
          .Emit();
    }
  }
}

void TestBody::Check(std::map<std::string, Span>& names) {
  ReadName(names);
  ReadScenarios();
  if (!scenarios_.empty()) {
    ReadExpectations();
  }
  if (!well_) {
    return;
  }
  for (ScenarioDraft& draft : scenarios_) {
    checked_.scenarios.push_back(std::move(draft.scenario));
  }
  reader_.checker().plans.tests.push_back(std::move(checked_));
}

}  // namespace

void CheckTests(const Module& module, Checker& checker) {
  std::map<std::string, Span> names;
  for (const syntax::PlanFile* file : module.files()) {
    for (const syntax::Declaration& declaration : file->declarations) {
      if (std::holds_alternative<syntax::TestDeclaration>(declaration.declaration)) {
        TestBody(declaration, module, checker).Check(names);
      }
    }
  }
}

const Declared* FindRollout(const std::string& name, Span span, const Module& module, Context& context) {
  if (const Declared* declared = module.Find(DeclarationKind::kRollout, name)) {
    declared->used = true;
    return declared;
  }
  std::vector<std::string> names;
  for (const auto& declared : module.declarations()) {
    if (declared->kind == DeclarationKind::kRollout) {
      names.push_back(declared->name);
    }
  }
  diagnostics::Builder report =
      context.Report(diagnostics::kUnknownName, span, fmt::format("there is no rollout `{}` here", name));
  const bool quoted = context.Text(span).starts_with('"');
  for (const std::string& similar : SimilarNames(name, names)) {
    report.Fix(fmt::format("write `{}`", similar), Safety::kUncertain, span,
               quoted ? fmt::format("\"{}\"", similar) : similar);
  }
  return nullptr;
}

std::vector<const Step*> FindSteps(const std::string& name, Span span, const Rollout& rollout, Context& context) {
  std::vector<const Step*> found;
  std::vector<std::string> names;
  for (const Step& step : rollout.steps) {
    if (step.name == name || step.base_name == name) {
      found.push_back(&step);
    }
    names.push_back(step.name);
  }
  if (!found.empty() || rollout.incomplete) {
    return found;
  }
  diagnostics::Builder report =
      context.Report(diagnostics::kUnknownStep, span, fmt::format("rollout `{}` has no step `{}`", rollout.name, name));
  const bool quoted = context.Text(span).starts_with('"');
  for (const std::string& similar : SimilarNames(name, names)) {
    report.Fix(fmt::format("write `{}`", similar), Safety::kUncertain, span,
               quoted ? fmt::format("\"{}\"", similar) : similar);
  }
  std::for_each(names.begin(), names.end(), [](std::string& each) { each = "`" + each + "`"; });
  report.Note(fmt::format("its steps are {}", JoinWords(names)));
  return found;
}

}  // namespace sluice::check
