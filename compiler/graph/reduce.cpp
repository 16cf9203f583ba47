#include <algorithm>

#include "compiler/graph/evaluator.h"

namespace sluice::graph {
namespace {

bool IsLiteral(const ExpressionPtr& expression) { return expression->operation == Operation::kLiteral; }

// Binds roots and folds bottom up. A part that comes to no data or an error stays as it is, so that it
// comes to the same when the rest is evaluated.
class Reducer {
 public:
  Reducer(const FunctionTable& functions, const Roots& roots) : functions_(functions), roots_(roots) {}

  ExpressionPtr Run(const ExpressionPtr& expression) {
    switch (expression->operation) {
      case Operation::kLiteral:
      case Operation::kLocal:
        return expression;
      case Operation::kRoot: {
        const auto root = roots_.find(expression->name);
        return root != roots_.end() ? MakeLiteral(root->second) : expression;
      }
      case Operation::kIf:
        return ReduceIf(expression);
      case Operation::kOr:
      case Operation::kAnd:
        return ReduceLogic(expression);
      case Operation::kCoalesce:
        return ReduceCoalesce(expression);
      default:
        return Fold(WithOperands(expression));
    }
  }

 private:
  ExpressionPtr WithOperands(const ExpressionPtr& expression) {
    std::vector<ExpressionPtr> operands;
    operands.reserve(expression->operands.size());
    bool changed = false;
    for (const ExpressionPtr& operand : expression->operands) {
      operands.push_back(Run(operand));
      changed = changed || operands.back() != operand;
    }
    return changed ? MakeNode(expression->operation, std::move(operands), expression->name, expression->variables)
                   : expression;
  }

  // A node whose operands are all known is evaluated; so is a comprehension whose body reads nothing else
  // than its own variables.
  ExpressionPtr Fold(const ExpressionPtr& expression) {
    const bool binds = !expression->variables.empty();
    const bool known = binds ? IsLiteral(expression->operands[0]) && IsClosed(*expression)
                             : std::all_of(expression->operands.begin(), expression->operands.end(), IsLiteral);
    return known ? EvaluateOr(expression) : expression;
  }

  ExpressionPtr EvaluateOr(const ExpressionPtr& expression) {
    Evaluation result = Evaluator(functions_, roots_).Run(*expression);
    return result.kind == Evaluation::Kind::kValue ? MakeLiteral(std::move(result.value)) : expression;
  }

  // No root and no local but those bound within.
  bool IsClosed(const Expression& expression) {
    if (expression.operation == Operation::kRoot) {
      return false;
    }
    if (expression.operation == Operation::kLocal) {
      return std::find(bound_.begin(), bound_.end(), expression.name) != bound_.end();
    }
    const std::size_t size = bound_.size();
    for (std::size_t i = 0; i < expression.operands.size(); ++i) {
      if (i == 1) {  // `in` doesn't see the variables
        bound_.insert(bound_.end(), expression.variables.begin(), expression.variables.end());
      }
      if (!IsClosed(*expression.operands[i])) {
        bound_.resize(size);
        return false;
      }
    }
    bound_.resize(size);
    return true;
  }

  ExpressionPtr ReduceIf(const ExpressionPtr& expression) {
    const ExpressionPtr condition = Run(expression->operands[0]);
    if (IsLiteral(condition) && condition->literal.as_bool() != nullptr) {
      return Run(expression->operands[*condition->literal.as_bool() ? 1 : 2]);
    }
    return MakeNode(Operation::kIf, {condition, Run(expression->operands[1]), Run(expression->operands[2])});
  }

  ExpressionPtr ReduceLogic(const ExpressionPtr& expression) {
    ExpressionPtr left = Run(expression->operands[0]);
    const ExpressionPtr right = Run(expression->operands[1]);
    const bool* known = IsLiteral(left) ? left->literal.as_bool() : nullptr;
    if (known != nullptr && *known == (expression->operation == Operation::kOr)) {
      return left;
    }
    const ExpressionPtr node = MakeNode(expression->operation, {left, right});
    return known != nullptr && IsLiteral(right) ? EvaluateOr(node) : node;
  }

  ExpressionPtr ReduceCoalesce(const ExpressionPtr& expression) {
    ExpressionPtr left = Run(expression->operands[0]);
    if (IsLiteral(left)) {
      return left->literal.is_none() ? Run(expression->operands[1]) : left;
    }
    return Fold(MakeNode(Operation::kCoalesce, {left, Run(expression->operands[1])}));
  }

  const FunctionTable& functions_;
  const Roots& roots_;
  std::vector<std::string> bound_;
};

}  // namespace

ExpressionPtr Reduce(const ExpressionPtr& expression, const FunctionTable& functions, const Roots& roots) {
  return Reducer(functions, roots).Run(expression);
}

}  // namespace sluice::graph
