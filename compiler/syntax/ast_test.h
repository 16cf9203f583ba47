// Tests: what happens to rollouts in virtual time, and what is expected of them.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "compiler/syntax/ast_rollout.h"

namespace sluice::syntax {

struct Timing {  // from · to · after · at · for: WORD expression
  Name word;
  ExpressionPtr value;
};

struct ScenarioClause {  // seed 7 · for 2d
  Name word;
  ExpressionPtr value;
};
struct NoStableClause {  // stable none
  Span span;
};
struct StartsClause {  // starts 2027-03-02 10:00
  ExpressionPtr date;
  ExpressionPtr clock;  // or null
  Span span;
};
struct PodsClause {  // candidate error-rate 8% ramping from 5m to 10m
  Name whose;        // candidate · stable · pods
  Name what;
  ExpressionPtr setting;        // or null
  std::optional<Span> ramping;  // the word
  std::vector<Timing> times;
  Span span;
};
struct OutageClause {  // metrics lost · controller down · api down · node lost · jobs fail
  Name of;
  Name what;
  std::vector<Timing> times;
  Span span;
};
struct AnswerClause {  // metrics "https://…" { orders: 120 } from 5m · metrics "https://…" down
  ExpressionPtr address;
  std::optional<Name> what;
  ExpressionPtr answer;  // or null, if there is a word
  std::vector<Timing> times;
  Span span;
};
struct LoadClause {  // load 200 from 5m
  ExpressionPtr per_second;
  std::vector<Timing> times;
  Span span;
};
struct PersonClause {  // approve sign-off by "sre" after 2h · abort at 12m
  Name verb;
  std::optional<StepReference> step;  // of approve and reject
  ExpressionPtr group;                // or null
  std::vector<Timing> times;
  Span span;
};
struct CommitClause {  // commit next at 12m · commit revert at 12m
  Name what;
  std::vector<Timing> times;
  Span span;
};
using SimulationItem = std::variant<ScenarioClause, NoStableClause, StartsClause, PodsClause, OutageClause,
                                    AnswerClause, LoadClause, PersonClause, CommitClause, Later>;
struct Simulation {
  DeclaredName rollout;
  std::optional<Name> as;
  std::vector<SimulationItem> items;
  Span span;
};

struct Expectation {
  enum class Over : std::uint8_t { kEnd, kAlways, kNever, kEventually };
  Over over = Over::kEnd;
  ExpressionPtr condition;
  Span span;
};

using TestItem = std::variant<Simulation, Expectation>;
struct TestDeclaration {
  DeclaredName name;
  std::vector<TestItem> items;
};

}  // namespace sluice::syntax
