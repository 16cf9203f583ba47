// Tests: simulations with their clauses, and expectations.
#include <utility>

#include "compiler/syntax/builder.h"

namespace sluice::syntax {
namespace {

// Adds a time that stands apart to a clause that has times. False: it has none.
bool AddTime(SimulationItem& item, Timing& time, Span span) {
  return std::visit(
      [&](auto& clause) {
        if constexpr (requires { clause.times; }) {
          clause.times.push_back(std::move(time));
          clause.span = source::Cover(clause.span, span);
          return true;
        }
        return false;
      },
      item);
}

}  // namespace

TestDeclaration AstBuilder::TestOf(const Part& part) {
  TestDeclaration test;
  test.name = Declared(part.Child(rule::kDeclaredName));
  part.Child(rule::kTestBody).ForEach(rule::kTestItem, [&](const Part& item) {
    if (item.FirstChild().IsToken(token::SIMULATE)) {
      test.items.emplace_back(SimulationOf(item));
    } else {
      test.items.emplace_back(ExpectationOf(item));
    }
  });
  return test;
}

Expectation AstBuilder::ExpectationOf(const Part& item) {
  Expectation expectation;
  expectation.span = SpanOf(item);
  expectation.condition = Expression(item.Expression());
  if (const Part over = item.ChildToken(token::OVER_TIME)) {
    const std::string word = TextOf(over);
    expectation.over = word == "never"        ? Expectation::Over::kNever
                       : word == "eventually" ? Expectation::Over::kEventually
                                              : Expectation::Over::kAlways;
  }
  return expectation;
}

Simulation AstBuilder::SimulationOf(const Part& item) {
  Simulation simulation;
  simulation.rollout = Declared(item.Child(rule::kDeclaredName));
  if (item.Has(token::AS)) {
    simulation.as = NameChild(item);
  }
  simulation.span = SpanOf(item);
  bool beside = false;  // the clause before stands right before
  for (Part child = item.Child(rule::kSimulationBody).FirstChild(); child; child = child.Next()) {
    if (!child.Is(rule::kSimulationItem)) {
      beside = false;
      continue;
    }
    // A `for` that begins a line is the scenario's, as every clause word that begins a line begins a clause.
    const bool goes_on = beside && child.FirstChild().IsToken(token::FOR) && !child.token().first_on_line;
    beside = true;
    if (goes_on) {
      Timing time{WordOf(child.FirstChild()), Expression(child.Expression())};
      if (AddTime(simulation.items.back(), time, SpanOf(child))) {
        continue;
      }
    }
    simulation.items.push_back(SimulationItemOf(child));
  }
  return simulation;
}

std::vector<Timing> AstBuilder::Times(const Part& item) {
  std::vector<Timing> times;
  item.ForEach(rule::kTiming, [&](const Part& timing) {
    times.push_back({WordOf(timing.FirstChild()), Expression(timing.Expression())});
  });
  return times;
}

SimulationItem AstBuilder::SimulationItemOf(const Part& item) {
  const Part first = item.FirstChild();
  const Span span = SpanOf(item);
  switch (first.token().type) {
    case token::CLUSTER:
      return LaterOf(item, "`cluster`");
    case token::SEED:
    case token::FOR:
      return ScenarioClause{WordOf(first), Expression(item.Expression())};
    case token::STARTS: {
      const Part date = item.Expression();
      return StartsClause{Expression(date), Expression(date.Next()), span};
    }
    case token::CANDIDATE:
    case token::STABLE:
    case token::PODS: {
      if (item.Has(token::NONE)) {
        return NoStableClause{span};
      }
      const Part ramping = item.ChildToken(token::RAMPING);
      return PodsClause{WordOf(first),
                        NameChild(item),
                        Expression(item.Expression()),
                        ramping ? std::optional(SpanOf(ramping)) : std::nullopt,
                        Times(item),
                        span};
    }
    case token::LOAD:
      return LoadClause{Expression(item.Expression()), Times(item), span};
    case token::COMMIT:
      return CommitClause{NameChild(item), Times(item), span};
    case token::APPROVE:
    case token::REJECT: {
      const Part step = item.Child(rule::kStepReference);
      return PersonClause{WordOf(first), StepReference{NameChild(step), Expression(step.Expression()), SpanOf(step)},
                          Expression(item.ExpressionBehind(token::BY)), Times(item), span};
    }
    case token::ABORT:
    case token::PAUSE:
    case token::RESUME:
    case token::RETRY:
    case token::PROMOTE:
    case token::UNDO:
      return PersonClause{WordOf(first), std::nullopt, Expression(item.ExpressionBehind(token::BY)), Times(item), span};
    case token::METRICS:
      if (const Part address = item.Expression()) {
        const Part answer = address.Next();
        return AnswerClause{Expression(address), answer.Is(rule::kName) ? std::optional(NameChild(item)) : std::nullopt,
                            IsExpression(answer) ? Expression(answer) : nullptr, Times(item), span};
      }
      [[fallthrough]];
    default:
      return OutageClause{WordOf(first), NameChild(item), Times(item), span};
  }
}

}  // namespace sluice::syntax
