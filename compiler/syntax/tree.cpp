#include "compiler/syntax/tree.h"

namespace sluice::syntax {

bool IsTransparent(int rule) {
  switch (rule) {
    case rule::kExpression:
    case rule::kOpenExpression:
    case rule::kLogic:
    case rule::kComparison:
    case rule::kAdditive:
    case rule::kMultiplicative:
    case rule::kCoalesce:
    case rule::kUnary:
    case rule::kPostfix:
    case rule::kOperand:
    case rule::kPrimary:
    case rule::kSetting:
    case rule::kVerb:
      return true;
    default:
      return false;
  }
}

std::uint32_t Part::end() const {
  const TreeNode& here = node();
  return here.end_token > here.token ? tree_->tokens[here.end_token - 1].end : token().begin;
}

Part Part::Child(int rule) const {
  Part child = FirstChild();
  while (child && !child.Is(rule)) {
    child = child.Next();
  }
  return child;
}

Part Part::ChildToken(int type) const {
  Part child = FirstChild();
  while (child && !child.IsToken(type)) {
    child = child.Next();
  }
  return child;
}

Part Part::Expression() const {
  Part child = FirstChild();
  while (child && !IsExpression(child)) {
    child = child.Next();
  }
  return child;
}

Part Part::ExpressionBehind(int type) const {
  Part child = ChildToken(type);
  while (child && !IsExpression(child)) {
    child = child.Next();
  }
  return child;
}

bool IsExpression(const Part& part) {
  if (!part) {
    return false;
  }
  switch (part.rule()) {
    case rule::kIfExpression:
    case rule::kQuantifier:
    case rule::kLogic:
    case rule::kComparison:
    case rule::kAdditive:
    case rule::kMultiplicative:
    case rule::kCoalesce:
    case rule::kUnary:
    case rule::kPostfix:
    case rule::kOperand:
    case rule::kOperandName:
    case rule::kSecretReference:
    case rule::kParenthesized:
    case rule::kListLiteral:
    case rule::kMapLiteral:
    case rule::kJobLiteral:
      return true;
    case kTokenNode:
      break;
    default:
      return false;
  }
  switch (part.token().type) {
    case token::NUMBER:
    case token::PERCENT:
    case token::DURATION:
    case token::BYTES:
    case token::DATE:
    case token::CLOCK:
    case token::STRING:
    case token::RAW_STRING:
    case token::TRUE:
    case token::FALSE:
    case token::NONE:
    case token::POISONED_VALUE:
      return true;
    default:
      return false;
  }
}

}  // namespace sluice::syntax
