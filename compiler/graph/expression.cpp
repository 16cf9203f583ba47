#include "compiler/graph/expression.h"

#include <algorithm>
#include <set>

namespace sluice::graph {
namespace {

void CollectRoots(const Expression& expression, const FunctionTable& functions, std::set<std::string>& visited,
                  std::vector<std::string>& roots) {
  if (expression.operation == Operation::kRoot &&
      std::find(roots.begin(), roots.end(), expression.name) == roots.end()) {
    roots.push_back(expression.name);
  }
  if (expression.operation == Operation::kCall && visited.insert(expression.name).second) {
    const auto function = functions.find(expression.name);
    if (function != functions.end() && function->second.body != nullptr) {
      CollectRoots(*function->second.body, functions, visited, roots);
    }
  }
  for (const ExpressionPtr& operand : expression.operands) {
    CollectRoots(*operand, functions, visited, roots);
  }
}

}  // namespace

ExpressionPtr MakeLiteral(Value value) {
  auto expression = std::make_shared<Expression>();
  expression->literal = std::move(value);
  return expression;
}

ExpressionPtr ToExpression(const Value& value) {
  const ExpressionPtr* residual = value.as_residual();
  return residual != nullptr ? *residual : MakeLiteral(value);
}

ExpressionPtr MakeRoot(std::string name) { return MakeNode(Operation::kRoot, {}, std::move(name)); }
ExpressionPtr MakeLocal(std::string name) { return MakeNode(Operation::kLocal, {}, std::move(name)); }

ExpressionPtr MakeNode(Operation operation, std::vector<ExpressionPtr> operands, std::string name,
                       std::vector<std::string> variables) {
  auto expression = std::make_shared<Expression>();
  expression->operation = operation;
  expression->operands = std::move(operands);
  expression->name = std::move(name);
  expression->variables = std::move(variables);
  return expression;
}

bool SameExpression(const Expression& a, const Expression& b) {
  if (&a == &b) {
    return true;
  }
  return a.operation == b.operation && a.name == b.name && a.variables == b.variables && a.literal == b.literal &&
         a.operands.size() == b.operands.size() &&
         std::equal(a.operands.begin(), a.operands.end(), b.operands.begin(),
                    [](const ExpressionPtr& x, const ExpressionPtr& y) { return SameExpression(*x, *y); });
}

std::vector<std::string> RootsOf(const Expression& expression, const FunctionTable& functions) {
  std::set<std::string> visited;
  std::vector<std::string> roots;
  CollectRoots(expression, functions, visited, roots);
  return roots;
}

}  // namespace sluice::graph
