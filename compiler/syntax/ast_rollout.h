// Rollouts and strategies: steps and their verbs.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/syntax/ast_expression.h"

namespace sluice::syntax {

struct WeightVerb {
  ExpressionPtr share;
};
struct ReplicasVerb {
  ExpressionPtr amount;  // a number or a percent
};
// One condition of a match line: header "x-canary" is "always".
struct MatchCondition {
  enum class What { kHeader, kCookie, kQuery, kMethod, kSource };
  enum class Test { kIs, kMatches, kIn };
  What what = What::kHeader;
  ExpressionPtr name;  // null for method and source
  Test test = Test::kIs;
  ExpressionPtr value;
  Span span;
};
struct MatchVerb {
  std::vector<MatchCondition> conditions;  // joined by `and`; empty: `match none`
};
struct MirrorVerb {
  ExpressionPtr share;  // null: `mirror none`
};
struct HoldVerb {
  ExpressionPtr duration;
  ExpressionPtr guard;  // `while G`; or null
  std::optional<Else> otherwise;
};
struct CheckVerb {
  ExpressionPtr gate;
  ExpressionPtr within;  // or null: reported by a later phase
  std::optional<Else> otherwise;
};
struct PauseVerb {
  std::optional<Span> approved;  // the word, with or without a group behind it
  ExpressionPtr approver;        // `until approved by "sre"`; null if it names nobody
  ExpressionPtr quorum;          // or null
  ExpressionPtr within;          // or null
  std::optional<Else> otherwise;
};
struct RunVerb {
  ExpressionPtr job;
  ExpressionPtr within;  // or null: reported by a later phase
  ExpressionPtr retry;   // or null
  std::optional<Else> otherwise;
};
struct NotifyVerb {
  ExpressionPtr channel, message;
};
struct PromoteVerb {};
struct RollbackVerb {};  // without `all`: that a failure goes back needs no saying

struct Verb {
  std::variant<WeightVerb, ReplicasVerb, MatchVerb, MirrorVerb, HoldVerb, CheckVerb, PauseVerb, RunVerb, NotifyVerb,
               PromoteVerb, RollbackVerb, Later>
      verb;
  Name word;               // "weight"
  std::optional<Name> as;  // `as NAME`
  Span span;
};

struct StepReference {  // `after a, ramp[10%]`
  Name name;
  ExpressionPtr index;  // or null: every step of that name
  Span span;
};
struct Step {
  Name name;
  std::vector<Repetition> repetitions;
  std::optional<std::vector<StepReference>> after;  // written at all? `after` may stand before or behind for/when
  std::vector<Verb> verbs;
  std::vector<Annotation> annotations;
  Span span;  // header and body
};

// deploy · through · using · watch · during?: WORD expression.
struct RolloutClause {  // namespace is the service's
  Name word;            // deploy · through · using · watch · tolerance · drain
  ExpressionPtr value;
};
struct CapacityClause {  // capacity full | shared
  Name what;
  Span span;
};
struct DeadlineClause {  // deadline 3d else hold
  ExpressionPtr value;
  std::optional<Else> otherwise;
  Span span;
};
struct KeepPreviousClause {  // keep previous for 10m
  ExpressionPtr value;
  Span span;
};
struct FastTrackClause {  // fast-track rollbacks within 3 revisions
  ExpressionPtr revisions;
  Span span;
};
struct OnClause {  // on failure { … } · on success { … }
  enum class Event { kFailure, kSuccess };
  Event event = Event::kFailure;
  bool hold = false;  // the block begins with `hold`
  std::vector<Verb> verbs;
  Span span;
};
struct OnRemovalClause {  // on removal orphan | delete
  Name what;
  Span span;
};
using RolloutItem = std::variant<RolloutClause, CapacityClause, DeadlineClause, KeepPreviousClause, FastTrackClause,
                                 OnClause, OnRemovalClause, Step, Require, Later>;
struct Rollout {
  DeclaredName name;
  std::vector<RolloutItem> items;
};
struct Strategy {
  Name name;
  std::vector<Parameter> parameters;
  std::vector<RolloutItem> items;  // steps and `require`
};

}  // namespace sluice::syntax
