// Expressions. Left-deep chains are as deep as the file's limit on nesting allows, so recursion is bounded.
#include <utility>

#include "compiler/syntax/builder.h"

namespace sluice::syntax {
namespace {

BinaryOperator OperatorOf(int type) {
  switch (type) {
    case token::PLUS:
      return BinaryOperator::kAdd;
    case token::MINUS:
      return BinaryOperator::kSubtract;
    case token::STAR:
      return BinaryOperator::kMultiply;
    case token::SLASH:
      return BinaryOperator::kDivide;
    case token::COALESCE:
      return BinaryOperator::kCoalesce;
    case token::OR:
      return BinaryOperator::kOr;
    case token::AND:
      return BinaryOperator::kAnd;
    case token::EQUAL:
      return BinaryOperator::kEqual;
    case token::NOT_EQUAL:
      return BinaryOperator::kNotEqual;
    case token::LESS:
      return BinaryOperator::kLess;
    case token::LESS_EQUAL:
      return BinaryOperator::kLessEqual;
    case token::GREATER:
      return BinaryOperator::kGreater;
    case token::GREATER_EQUAL:
      return BinaryOperator::kGreaterEqual;
    case token::IN:
      return BinaryOperator::kIn;
    default:
      return BinaryOperator::kIs;
  }
}

ExpressionPtr Join(BinaryOperator op, Span operator_span, ExpressionPtr left, ExpressionPtr right) {
  auto joined = std::make_unique<Expression>();
  joined->span = source::Cover(left->span, right->span);
  joined->node = Binary{op, operator_span, std::move(left), std::move(right)};
  return joined;
}

}  // namespace

ExpressionPtr AstBuilder::Node(const Part& part, decltype(syntax::Expression::node) node) const {
  auto expression = std::make_unique<syntax::Expression>();
  expression->span = SpanOf(part);
  expression->node = std::move(node);
  return expression;
}

ExpressionPtr AstBuilder::Expression(const Part& part) {
  if (!part) {
    return nullptr;
  }
  switch (part.rule()) {
    case kTokenNode:
      return Literal(part);
    case rule::kOperandName:
      return Node(part, NameReference{TextOf(part)});
    case rule::kParenthesized: {
      // The brackets belong to its span: what a fix replaces is the whole operand.
      ExpressionPtr inner = Expression(part.Expression());
      inner->span = SpanOf(part);
      return inner;
    }
    case rule::kIfExpression: {
      return Node(part, If{Expression(part.Expression()), Expression(part.ExpressionBehind(token::THEN)),
                           Expression(part.ExpressionBehind(token::ELSE))});
    }
    case rule::kQuantifier:
      return Node(part, Quantifier{part.Has(token::ALL), Variables(part.Child(rule::kVariables)),
                                   Expression(part.Expression()), Expression(part.ExpressionBehind(token::COLON))});
    case rule::kLogic:
      return Logic(part);
    case rule::kComparison:
      return Comparison(part);
    case rule::kAdditive:
    case rule::kMultiplicative:
    case rule::kCoalesce:
      return Chain(part);
    case rule::kUnary:
      return Node(part, Unary{UnaryOperator::kMinus, Expression(part.Expression())});
    case rule::kPostfix:
    case rule::kOperand:
      return Postfix(part);
    case rule::kListLiteral:
      return List(part);
    case rule::kMapLiteral:
      return Map(part);
    case rule::kSecretReference:
      return Node(part, SecretReference{Expression(part.Expression()), Expression(part.ExpressionBehind(token::KEY))});
    case rule::kJobLiteral:
      return Job(part);
    default:
      return Node(part, Poisoned{});
  }
}

ExpressionPtr AstBuilder::Chain(const Part& part) {
  Part child = part.FirstChild();
  ExpressionPtr left = Expression(child);
  for (child = child.Next(); child; child = child.Next()) {
    const Part op = child;
    child = child.Next();
    left = Join(OperatorOf(op.token().type), SpanOf(op), std::move(left), Expression(child));
  }
  return left;
}

// `logic` is flat: nots, operands, `and` and `or`, at the end perhaps an `if` or a quantifier. `and` binds
// tighter than `or`, `not` tighter than both.
ExpressionPtr AstBuilder::Logic(const Part& part) {
  struct Pending {
    ExpressionPtr value;
    Span operator_span;
  };
  std::vector<Span> nots;
  std::optional<Pending> disjunction;  // everything left of the last `or`
  std::optional<Pending> conjunction;  // everything between it and the last `and`
  Part rest = part;
  while (true) {
    Part operand = rest;
    Part op;
    Part behind;
    if (rest.Is(rule::kLogic)) {
      operand = rest.FirstChild();
      if (operand.IsToken(token::NOT)) {
        nots.push_back(SpanOf(operand));
        rest = operand.Next();
        continue;
      }
      op = operand.Next();
      behind = op ? op.Next() : Part();
    }
    ExpressionPtr value = Expression(operand);
    for (; !nots.empty(); nots.pop_back()) {
      auto negated = std::make_unique<syntax::Expression>();
      negated->span = source::Cover(nots.back(), value->span);
      negated->node = Unary{UnaryOperator::kNot, std::move(value)};
      value = std::move(negated);
    }
    if (conjunction) {
      value = Join(BinaryOperator::kAnd, conjunction->operator_span, std::move(conjunction->value), std::move(value));
      conjunction.reset();
    }
    if (op && op.IsToken(token::AND)) {
      conjunction = Pending{std::move(value), SpanOf(op)};
      rest = behind;
      continue;
    }
    if (disjunction) {
      value = Join(BinaryOperator::kOr, disjunction->operator_span, std::move(disjunction->value), std::move(value));
      disjunction.reset();
    }
    if (!op) {
      return value;
    }
    disjunction = Pending{std::move(value), SpanOf(op)};
    rest = behind;
  }
}

ExpressionPtr AstBuilder::Comparison(const Part& part) {
  const Part left = part.FirstChild();
  const Part op = left.Next();
  BinaryOperator kind = OperatorOf(op.token().type);
  if (op.Has(token::NOT)) {
    kind = op.token().type == token::NOT ? BinaryOperator::kNotIn : BinaryOperator::kIsNot;
  }
  return Join(kind, SpanOf(op), Expression(left), Expression(op.Next()));
}

ExpressionPtr AstBuilder::Postfix(const Part& part) {
  Part child = part.FirstChild();
  ExpressionPtr value = Expression(child);
  for (child = child.Next(); child; child = child.Next()) {
    auto outer = std::make_unique<syntax::Expression>();
    outer->span = file_.At(value->span.begin, child.end());
    if (child.Is(rule::kMember)) {
      outer->node = Member{std::move(value), NameChild(child)};
    } else if (child.Is(rule::kIndex)) {
      outer->node = Index{std::move(value), Expression(child.Expression())};
    } else {
      outer->node = Call{std::move(value), Arguments(child)};
    }
    value = std::move(outer);
  }
  return value;
}

Comprehension AstBuilder::ComprehensionOf(const Part& part) {
  Comprehension comprehension;
  comprehension.variables = Variables(part.Child(rule::kVariables));
  comprehension.in = Expression(part.ExpressionBehind(token::IN));
  comprehension.condition = Expression(part.ExpressionBehind(token::IF));
  return comprehension;
}

ExpressionPtr AstBuilder::List(const Part& part) {
  if (const Part head = part.Child(rule::kComprehension)) {
    Comprehension comprehension = ComprehensionOf(head);
    comprehension.value = Expression(part.ExpressionBehind(token::COLON));
    return Node(part, std::move(comprehension));
  }
  ListLiteral list;
  for (Part child = part.FirstChild(); child; child = child.Next()) {
    if (IsExpression(child)) {
      list.items.push_back(Expression(child));
    }
  }
  return Node(part, std::move(list));
}

ExpressionPtr AstBuilder::Map(const Part& part) {
  if (const Part head = part.Child(rule::kComprehension)) {
    Comprehension comprehension = ComprehensionOf(head);
    const Part key = part.ExpressionBehind(token::COLON);
    comprehension.key = Expression(key);
    comprehension.value = Expression(key.Next().Next());
    return Node(part, std::move(comprehension));
  }
  MapLiteral map;
  part.ForEach(rule::kMapEntry, [&](const Part& entry) {
    map.entries.push_back(MapEntry{Key(entry.FirstChild()), Expression(entry.ExpressionBehind(token::COLON))});
  });
  return Node(part, std::move(map));
}

ExpressionPtr AstBuilder::Job(const Part& part) {
  JobLiteral job;
  part.Child(rule::kJobBody).ForEach(rule::kJobItem, [&](const Part& item) {
    job.items.push_back(JobItem{NameOf(item.FirstChild()), Expression(item.Expression())});
  });
  return Node(part, std::move(job));
}

ExpressionPtr AstBuilder::Key(const Part& part) { return part.Is(rule::kWord) ? WordAsString(part) : String(part); }

ExpressionPtr AstBuilder::WordAsString(const Part& part) {
  StringLiteral text;
  text.parts.push_back(StringPart{TextOf(part), nullptr, SpanOf(part)});
  return Node(part, std::move(text));
}

}  // namespace sluice::syntax
