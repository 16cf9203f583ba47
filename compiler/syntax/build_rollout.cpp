// Rollouts, strategies, steps and their verbs.
#include <utility>

#include "compiler/syntax/builder.h"

namespace sluice::syntax {

std::vector<RolloutItem> AstBuilder::RolloutItems(const Part& body) {
  std::vector<RolloutItem> items;
  body.ForEach(rule::kRolloutItem, [&](const Part& item) { items.push_back(RolloutItemOf(item)); });
  return items;
}

RolloutItem AstBuilder::RolloutItemOf(const Part& item) {
  const Part first = item.FirstChild();
  const Span span = SpanOf(item);
  switch (first.rule()) {
    case rule::kRequireClause:
      return RequireOf(first);
    case rule::kStepClause:
      return StepOf(first);
    case rule::kOnClause:
      return On(first);
    default:
      break;
  }
  switch (first.token().type) {
    case token::DURING:
      return LaterOf(item, "`during`");
    case token::CAPACITY: {
      const Name what = NameChild(item);
      OneOf<bool>(what, "a capacity", {{"full", true}, {"shared", true}});
      return CapacityClause{what, span};
    }
    case token::DEADLINE:
      return DeadlineClause{Expression(item.Expression()), ElseOf(item.Child(rule::kElseClause)), span};
    case token::KEEP:
      return KeepPreviousClause{Expression(item.Expression()), span};
    case token::FAST_TRACK:
      return FastTrackClause{Expression(item.Expression()), span};
    default:
      return RolloutClause{NameOf(first), Expression(item.Expression())};
  }
}

RolloutItem AstBuilder::On(const Part& part) {
  enum class Event { kFailure, kSuccess, kRemoval };
  const Event event =
      OneOf<Event>(NameChild(part), "an event of a rollout",
                   {{"failure", Event::kFailure}, {"success", Event::kSuccess}, {"removal", Event::kRemoval}});
  const Part body = part.Child(rule::kOnBody);
  if (event == Event::kRemoval) {
    const Name what = NameChild(part, 1);
    if (body) {
      file_.Report(diagnostics::kUnexpected, SpanOf(body), "`on removal` has no body")
          .At("expected `orphan` or `delete`");
    } else {
      OneOf<bool>(what, "what becomes of a removed rollout", {{"orphan", true}, {"delete", true}});
    }
    return OnRemovalClause{what, SpanOf(part)};
  }
  if (!body) {
    file_.Report(diagnostics::kMissingBody, SpanOf(part), "`on " + NameChild(part).text + "` has no body")
        .At("expected `{` and verbs");
  }
  return OnClause{event == Event::kFailure ? OnClause::Event::kFailure : OnClause::Event::kSuccess,
                  body.Has(token::HOLD), Verbs(body), SpanOf(part)};
}

Step AstBuilder::StepOf(const Part& part) {
  Step step;
  step.name = NameChild(part);
  step.repetitions = Repetitions(part);
  step.annotations = Annotations(part);
  step.span = SpanOf(part);
  step.verbs = Verbs(part.Child(rule::kStepBody));
  if (part.Has(token::AFTER)) {
    step.after.emplace();
  }
  part.ForEach(rule::kStepReference, [&](const Part& each) {
    step.after->push_back(StepReference{NameChild(each), Expression(each.Expression()), SpanOf(each)});
  });
  return step;
}

std::vector<Verb> AstBuilder::Verbs(const Part& body) {
  std::vector<Verb> verbs;
  for (Part child = body.FirstChild(); child; child = child.Next()) {
    if (child.Is(rule::kHoldVerb) || child.Is(rule::kActionVerb)) {
      verbs.push_back(VerbOf(child));
    }
  }
  return verbs;
}

Verb AstBuilder::VerbOf(const Part& part) {
  Verb verb;
  verb.word = NameOf(part.FirstChild());
  verb.span = SpanOf(part);
  verb.verb = VerbContent(part);
  if (part.Has(token::AS)) {
    for (Part child = part.ChildToken(token::AS); child; child = child.Next()) {
      if (child.Is(rule::kName)) {
        verb.as = NameOf(child);
      }
    }
  }
  return verb;
}

decltype(Verb::verb) AstBuilder::VerbContent(const Part& part) {
  const Part value = part.Expression();
  Part within, retry;
  std::optional<Else> otherwise;
  part.ForEach(rule::kBound, [&](const Part& bound) {
    if (const Part action = bound.Child(rule::kElseClause)) {
      otherwise = ElseOf(action);
    } else if (bound.Has(token::WITHIN)) {
      within = bound.Expression();
    } else {
      retry = bound.Expression();
    }
  });
  const Part first = part.FirstChild();
  switch (first.token().type) {
    case token::WEIGHT:
      return WeightVerb{Expression(value)};
    case token::REPLICAS:
      return ReplicasVerb{Expression(value)};
    case token::MATCH:
      return Match(part);
    case token::MIRROR:
      return MirrorVerb{value.IsToken(token::NONE) ? nullptr : Expression(value)};
    case token::HOLD:
      return HoldVerb{Expression(value), Expression(part.ExpressionBehind(token::WHILE)),
                      ElseOf(part.Child(rule::kElseClause))};
    case token::CHECK:
      return CheckVerb{Expression(value), Expression(within), otherwise};
    case token::PAUSE: {
      const Part approved = part.ChildToken(token::APPROVED);
      return PauseVerb{approved ? std::optional(SpanOf(approved)) : std::nullopt,
                       Expression(part.ExpressionBehind(token::BY)), Expression(part.ExpressionBehind(token::QUORUM)),
                       Expression(within), otherwise};
    }
    case token::NOTIFY:
      return NotifyVerb{Expression(value), Expression(value.Next())};
    case token::PROMOTE:
      return PromoteVerb{};
    case token::RUN:
      return RunVerb{Expression(value), Expression(within), Expression(retry), otherwise};
    case token::WAIT:
      return LaterOf(part, "`wait for`");
    case token::ROLLBACK:
      if (!part.Has(token::ALL)) return RollbackVerb{};
      return LaterOf(part, "`rollback all`");
    default:
      return LaterOf(part, "`" + TextOf(first) + "`");  // sticky, call, together
  }
}

MatchVerb AstBuilder::Match(const Part& part) {
  using What = MatchCondition::What;
  using Test = MatchCondition::Test;
  MatchVerb match;
  part.ForEach(rule::kMatchCondition, [&](const Part& each) {
    MatchCondition condition;
    condition.span = SpanOf(each);
    condition.what = OneOf<What>(NameOf(each.FirstChild()), "something of a request",
                                 {{"header", What::kHeader},
                                  {"cookie", What::kCookie},
                                  {"query", What::kQuery},
                                  {"method", What::kMethod},
                                  {"source", What::kSource}});
    const Part test = each.Child(rule::kMatchTest);
    condition.test =
        OneOf<Test>(NameOf(test), "a test", {{"is", Test::kIs}, {"matches", Test::kMatches}, {"in", Test::kIn}});
    if (condition.what != What::kMethod && condition.what != What::kSource) {
      condition.name = Expression(each.Expression());
    }
    Part value = test.Next();
    condition.value = Expression(value);
    match.conditions.push_back(std::move(condition));
  });
  return match;
}

}  // namespace sluice::syntax
