#include <fmt/format.h>

#include "compiler/check/evaluation.h"
#include "compiler/check/handles.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice::check {
namespace {

using graph::Operation;
using graph::Value;
using syntax::BinaryOperator;

Operation OperationOf(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::kOr:
      return Operation::kOr;
    case BinaryOperator::kAnd:
      return Operation::kAnd;
    case BinaryOperator::kEqual:
    case BinaryOperator::kIs:
      return Operation::kEqual;
    case BinaryOperator::kNotEqual:
    case BinaryOperator::kIsNot:
      return Operation::kNotEqual;
    case BinaryOperator::kLess:
      return Operation::kLess;
    case BinaryOperator::kLessEqual:
      return Operation::kLessEqual;
    case BinaryOperator::kGreater:
      return Operation::kGreater;
    case BinaryOperator::kGreaterEqual:
      return Operation::kGreaterEqual;
    case BinaryOperator::kIn:
      return Operation::kIn;
    case BinaryOperator::kNotIn:
      return Operation::kNotIn;
    case BinaryOperator::kAdd:
      return Operation::kAdd;
    case BinaryOperator::kSubtract:
      return Operation::kSubtract;
    case BinaryOperator::kMultiply:
      return Operation::kMultiply;
    case BinaryOperator::kDivide:
      return Operation::kDivide;
    case BinaryOperator::kCoalesce:
      return Operation::kCoalesce;
  }
  return Operation::kEqual;
}

}  // namespace

Evaluation::Result Evaluation::CombineGates(const syntax::Binary& binary, const Node& expression, const Value& left) {
  Result right = Eval(*binary.right);
  const GateHandle* a = HandleOf<GateHandle>(left);
  const GateHandle* b = right ? HandleOf<GateHandle>(*right) : nullptr;
  if (a == nullptr || b == nullptr) {
    return right ? Finish(graph::Failure(
                              fmt::format("`and` and `or` don't join {} and {}", left.KindName(), right->KindName())),
                          expression.span)
                 : std::nullopt;
  }
  const bool both = binary.op == BinaryOperator::kAnd;
  return check::CombineGates(both ? graph::GateTree::Kind::kAnd : graph::GateTree::Kind::kOr, *a, *b, expression.span);
}

Evaluation::Result Evaluation::Logic(const syntax::Binary& binary, const Node& expression) {
  Result left = Eval(*binary.left);
  if (!left) {
    Eval(*binary.right);  // for its own mistakes
    return std::nullopt;
  }
  if (left->as_handle() != nullptr) {
    return CombineGates(binary, expression, *left);
  }
  const bool* known = left->as_bool();
  if (known == nullptr && !left->is_residual()) {
    return Finish(graph::Failure(fmt::format("a condition is true or false, not {}", left->KindName())),
                  binary.left->span);
  }
  if (known != nullptr && *known == (binary.op == BinaryOperator::kOr)) {
    return left;
  }
  Result right = Eval(*binary.right);
  if (!right || known != nullptr) {
    return right;
  }
  return MakeResidual(OperationOf(binary.op), {*left, *right}, expression.span);
}

Evaluation::Result Evaluation::Of(const syntax::Binary& binary, const Node& expression, const Facts*) {
  if (binary.op == BinaryOperator::kAnd || binary.op == BinaryOperator::kOr) {
    return Logic(binary, expression);
  }
  const Result left = Eval(*binary.left);
  if (binary.op == BinaryOperator::kCoalesce && left && !left->is_residual()) {
    return left->is_none() ? Eval(*binary.right) : left;
  }
  Result right = Eval(*binary.right);
  if (!left || !right) {
    return std::nullopt;
  }
  const Operation operation = OperationOf(binary.op);
  const graph::Quantity* divisor = right->as_quantity();
  if (operation == Operation::kDivide && divisor != nullptr && divisor->number == Number(0)) {
    ReportValue(diagnostics::kDivisionByZero, binary.right->span,
                fmt::format("`{}` is 0, and nothing can be divided by it", context_.Text(binary.right->span)), context_)
        .Emit();
    return std::nullopt;
  }
  if (left->is_residual() || right->is_residual()) {
    return MakeResidual(operation, {*left, *right}, expression.span);
  }
  return Finish(graph::ApplyBinary(operation, *left, *right, graph::Arithmetic::kExact), expression.span);
}

Evaluation::Result Evaluation::Of(const syntax::Unary& unary, const Node& expression, const Facts*) {
  const Result operand = Eval(*unary.operand);
  if (!operand) {
    return std::nullopt;
  }
  const bool negation = unary.op == syntax::UnaryOperator::kNot;
  if (operand->is_residual()) {
    return MakeResidual(negation ? Operation::kNot : Operation::kNegate, {*operand}, expression.span);
  }
  if (!negation) {
    return Finish(graph::Negate(*operand), expression.span);
  }
  if (const GateHandle* gate = HandleOf<GateHandle>(*operand)) {
    return NegateGate(*gate, expression.span);
  }
  const bool* known = operand->as_bool();
  return known != nullptr ? Result(Value(!*known))
                          : Finish(graph::Failure(fmt::format("`not` takes a condition, not {}", operand->KindName())),
                                   expression.span);
}

Evaluation::Result Evaluation::BuiltinCall(const graph::Builtin& builtin, const syntax::Call& call,
                                           const Node& expression) {
  std::vector<Value> arguments;
  arguments.reserve(call.arguments.size());
  bool ok = true;
  bool residual = false;
  for (const syntax::Argument& argument : call.arguments) {
    Result value = Eval(*argument.value);
    ok = ok && value.has_value();
    if (value) {
      residual = residual || value->is_residual();
      arguments.push_back(*std::move(value));
    }
  }
  if (!ok) {
    return std::nullopt;
  }
  if (residual) {
    return MakeResidual(Operation::kBuiltin, arguments, expression.span, std::string(builtin.name));
  }
  std::size_t steps = 0;
  for (const Value& argument : arguments) {
    steps += graph::SizeInSteps(argument);
  }
  if (!context_.Spend(static_cast<std::int64_t>(steps), expression.span)) {
    return std::nullopt;
  }
  return Finish(builtin.implementation({arguments.data(), arguments.size(), graph::Arithmetic::kExact}),
                expression.span);
}

Evaluation::Result Evaluation::Of(const syntax::Call& call, const Node& expression, const Facts* facts) {
  const auto callee_facts = state_.facts.find(call.callee.get());
  if (callee_facts != state_.facts.end() && callee_facts->second.resolved.kind == Resolved::Kind::kBuiltin) {
    return BuiltinCall(*callee_facts->second.resolved.builtin, call, expression);
  }
  Result callee = Eval(*call.callee);
  const auto* handle = callee ? callee->as_handle() : nullptr;
  if (handle == nullptr) {
    return callee ? Finish(graph::Failure(fmt::format("`{}` is {} and can't be called",
                                                      context_.Text(call.callee->span), callee->KindName())),
                           call.callee->span)
                  : std::nullopt;
  }
  if (const auto* callable = dynamic_cast<const Callable*>(handle->get())) {
    return CallWith(*callable, call, expression, facts != nullptr && facts->dynamic_call, scope_, context_);
  }
  return callee;  // `replicas()` of a router without parameters
}

}  // namespace sluice::check
