#include "reconciler/simulate/judge.h"

#include <algorithm>

#include <fmt/format.h>

#include "reconciler/simulate/facts.h"

namespace sluice::simulate {
namespace {

using check::Expectation;
using graph::Evaluation;
using graph::Expression;
using graph::Operation;

// The course's facts as roots: by themselves if they are the only ones, else by the scenario's name.
void Bind(const check::Test& test, std::size_t scenario, graph::Map facts, graph::Roots& roots) {
  if (test.scenarios.size() > 1) {
    roots[test.scenarios[scenario].name] = std::move(facts);
    return;
  }
  for (auto& [name, value] : facts.entries()) roots[name] = value;
}

graph::Roots RootsAtEnd(const check::Test& test, const std::vector<Course>& courses) {
  graph::Roots roots;
  for (std::size_t i = 0; i < courses.size(); ++i) Bind(test, i, FactsOf(courses[i]), roots);
  return roots;
}

bool IsTrue(const Evaluation& evaluation) {
  return evaluation.kind == Evaluation::Kind::kValue && evaluation.value.as_bool() != nullptr &&
         *evaluation.value.as_bool();
}

std::string TextOf(const graph::Value& value) {
  if (value.is_none()) return "none";
  const std::string* text = value.as_string();
  return text != nullptr ? fmt::format("\"{}\"", *text) : value.ToShortText();
}

// "entered[\"half\"]", "bad.max-weight": the longest parts of an expression that only name a fact. "" for others.
std::string NameOfFact(const Expression& expression) {
  switch (expression.operation) {
    case Operation::kRoot:
      return expression.name;
    case Operation::kMember: {
      const std::string of = NameOfFact(*expression.operands[0]);
      return of.empty() ? "" : of + "." + expression.name;
    }
    case Operation::kIndex: {
      const std::string of = NameOfFact(*expression.operands[0]);
      const Expression& index = *expression.operands[1];
      const std::string* key = index.operation == Operation::kLiteral ? index.literal.as_string() : nullptr;
      return of.empty() || key == nullptr ? "" : fmt::format("{}[\"{}\"]", of, *key);
    }
    default:
      return "";
  }
}

class Parts {
 public:
  Parts(const graph::FunctionTable& functions, const graph::Roots& roots) : functions_(functions), roots_(roots) {}

  void Collect(const Expression& expression) {
    const std::string name = NameOfFact(expression);
    if (name.empty()) {
      for (const graph::ExpressionPtr& operand : expression.operands) {
        if (operand != nullptr) Collect(*operand);
      }
      return;
    }
    const bool known = std::any_of(parts_.begin(), parts_.end(), [&](const auto& part) { return part.first == name; });
    if (known) return;
    const Evaluation evaluation = graph::Evaluate(expression, functions_, roots_);
    parts_.emplace_back(name,
                        evaluation.kind == Evaluation::Kind::kValue ? TextOf(evaluation.value) : evaluation.message);
  }
  std::vector<std::pair<std::string, std::string>> Take() && { return std::move(parts_); }

 private:
  const graph::FunctionTable& functions_;
  const graph::Roots& roots_;
  std::vector<std::pair<std::string, std::string>> parts_;
};

class Judgement {
 public:
  Judgement(const check::Test& test, const std::vector<Course>& courses, const graph::FunctionTable& functions)
      : test_(test), courses_(courses), functions_(functions), end_(RootsAtEnd(test, courses)) {}

  Verdict Of(const Expectation& expectation) const {
    return expectation.over == Expectation::Over::kEnd ? AtEnd(expectation) : OverTime(expectation);
  }

 private:
  Verdict AtEnd(const Expectation& expectation) const {
    const Evaluation evaluation = graph::Evaluate(*expectation.condition, functions_, end_);
    if (IsTrue(evaluation)) return {true, {}, {}, 0, {}};
    Verdict verdict = Broken(expectation, evaluation, end_);
    verdict.scenario = ScenarioOf(*expectation.condition);
    verdict.at = DecidedAt(courses_[verdict.scenario], verdict.parts);
    return verdict;
  }

  Verdict OverTime(const Expectation& expectation) const {
    const bool wanted = expectation.over != Expectation::Over::kNever;
    const bool some = expectation.over == Expectation::Over::kEventually;
    const Course& course = courses_[expectation.scenario];
    graph::Roots roots;
    Evaluation last;
    for (const Moment& moment : course.moments) {
      roots = graph::Roots();
      Bind(test_, expectation.scenario, FactsAt(moment), roots);
      last = graph::Evaluate(*expectation.condition, functions_, roots);
      const bool as_wanted = last.kind == Evaluation::Kind::kValue && IsTrue(last) == wanted;
      if (as_wanted && some) return {true, {}, {}, 0, {}};
      if (as_wanted || some) continue;
      return At(expectation, moment.at, last, roots);
    }
    if (!some) return {true, {}, {}, 0, {}};
    return At(expectation, course.moments.back().at, last, roots);
  }

  Verdict At(const Expectation& expectation, Duration at, const Evaluation& evaluation,
             const graph::Roots& roots) const {
    Verdict verdict = Broken(expectation, evaluation, roots);
    verdict.scenario = expectation.scenario;
    verdict.at = at;
    return verdict;
  }

  Verdict Broken(const Expectation& expectation, const Evaluation& evaluation, const graph::Roots& roots) const {
    Verdict verdict;
    if (evaluation.kind == Evaluation::Kind::kNoData) verdict.why = "a part of it has no value: " + evaluation.message;
    if (evaluation.kind == Evaluation::Kind::kError) verdict.why = evaluation.message;
    Parts parts(functions_, roots);
    parts.Collect(*expectation.condition);
    verdict.parts = std::move(parts).Take();
    return verdict;
  }

  // Of an extreme the moment at which it came to be; the outcome's otherwise.
  static Duration DecidedAt(const Course& course, const std::vector<std::pair<std::string, std::string>>& parts) {
    const auto names = [&](std::string_view fact) {
      return std::any_of(parts.begin(), parts.end(), [&](const auto& part) { return part.first.ends_with(fact); });
    };
    const auto most = [&](const auto& less) {
      return std::max_element(course.moments.begin(), course.moments.end(), less)->at;
    };
    if (names("max-weight")) return most([](const Moment& a, const Moment& b) { return a.weight < b.weight; });
    if (names("peak-pods")) return most([](const Moment& a, const Moment& b) { return a.pods < b.pods; });
    return course.elapsed;
  }

  // The first scenario that the condition names.
  std::size_t ScenarioOf(const Expression& condition) const {
    if (test_.scenarios.size() == 1) return 0;
    for (const std::string& root : graph::RootsOf(condition, functions_)) {
      for (std::size_t i = 0; i < test_.scenarios.size(); ++i) {
        if (test_.scenarios[i].name == root) return i;
      }
    }
    return 0;
  }

  const check::Test& test_;
  const std::vector<Course>& courses_;
  const graph::FunctionTable& functions_;
  const graph::Roots end_;
};

}  // namespace

std::vector<Verdict> Judge(const check::Test& test, const std::vector<Course>& courses,
                           const graph::FunctionTable& functions) {
  const Judgement judgement(test, courses, functions);
  std::vector<Verdict> verdicts;
  for (const Expectation& expectation : test.expectations) verdicts.push_back(judgement.Of(expectation));
  return verdicts;
}

}  // namespace sluice::simulate
