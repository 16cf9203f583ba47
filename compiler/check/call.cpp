#include <fmt/format.h>

#include "compiler/check/evaluation.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice::check {
namespace {

using graph::Value;

class LambdaCallable : public Callable {
 public:
  LambdaCallable(std::shared_ptr<const Signature> signature, ScopePtr scope, CallBody body)
      : signature_(std::move(signature)), scope_(std::move(scope)), body_(std::move(body)) {}

  const Signature& signature() const override { return *signature_; }
  const ScopePtr& scope() const override { return scope_; }
  std::optional<Value> Call(const ScopePtr& arguments, Span site, Context& context) const override {
    return body_(arguments, site, context);
  }

 private:
  std::shared_ptr<const Signature> signature_;
  ScopePtr scope_;
  CallBody body_;
};

// A known value outside the parameter's range. `span` is the argument.
bool CheckRefinement(const SignatureParameter& parameter, const Value& value, const ScopePtr& scope, Span span,
                     Context& context) {
  const graph::Quantity* number = value.as_quantity();
  if (parameter.refinement == nullptr || (number == nullptr && value.as_time() == nullptr)) {
    return true;
  }
  const auto low = EvaluateChecked(*parameter.refinement->low, scope, context);
  const auto high = EvaluateChecked(*parameter.refinement->high, scope, context);
  if (!low || !high) {
    return false;
  }
  const auto holds = [&](graph::Operation operation, const Value& bound) {
    const graph::Evaluation result = graph::ApplyBinary(operation, value, bound, graph::Arithmetic::kExact);
    return result.kind == graph::Evaluation::Kind::kValue && *result.value.as_bool();
  };
  if (holds(graph::Operation::kGreaterEqual, *low) && holds(graph::Operation::kLessEqual, *high)) {
    return true;
  }
  ReportValue(diagnostics::kOutOfRange, span,
              fmt::format("`{}` is {}, it must lie between {} and {}", parameter.name, value.ToText(), low->ToText(),
                          high->ToText()),
              context)
      .Label(parameter.refinement->span, "its range");
  return false;
}

// The value of one parameter: the argument, the default, or none. nullopt: reported.
std::optional<Value> BindParameter(const SignatureParameter& parameter, const syntax::Argument* argument,
                                   const ScopePtr& caller, const ScopePtr& bound, bool dynamic, Context& context) {
  std::optional<Value> value;
  if (argument != nullptr) {
    value = EvaluateChecked(*argument->value, caller, context);
    if (value && dynamic &&
        !CheckValueFits(*value, parameter.type, argument->value->span, fmt::format("`{}`", parameter.name), context)) {
      return std::nullopt;
    }
  } else if (parameter.default_value != nullptr) {
    value = EvaluateChecked(*parameter.default_value, bound, context);
  } else {
    return parameter.optional ? std::optional(Value()) : std::nullopt;
  }
  if (!value) {
    return std::nullopt;
  }
  const Span span = argument != nullptr ? argument->value->span : parameter.default_value->span;
  return CheckRefinement(parameter, *value, bound, span, context) ? value : std::nullopt;
}

}  // namespace

std::optional<Value> CallWith(const Callable& callable, const syntax::Call& call, const syntax::Expression& expression,
                              bool dynamic, const ScopePtr& scope, Context& context) {
  const Signature& signature = callable.signature();
  Context::State& state = context.state();
  if (dynamic && state.checked_calls.emplace(&call, &signature).second) {
    const std::size_t before = context.emitter().error_count();
    CheckArguments(signature, call, expression, scope, context);
    if (context.emitter().error_count() != before) {
      return std::nullopt;
    }
  }
  const std::vector<const syntax::Argument*> arguments = MatchArguments(call, signature);
  auto bound = std::make_shared<Scope>(callable.scope());
  const ScopePtr so_far = bound;
  bool ok = true;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const SignatureParameter& parameter = signature.parameters[i];
    std::optional<Value> value = BindParameter(parameter, arguments[i], scope, so_far, dynamic, context);
    ok = ok && value.has_value();
    bound->Add({parameter.name, parameter.type, std::move(value), parameter.span});
  }
  if (!ok || IsRecursion(callable.identity(), expression.span, context)) {
    return std::nullopt;
  }
  const Entered entered(context, {callable.identity(), signature.name, signature.span, expression.span});
  return callable.Call(so_far, expression.span, context);
}

std::shared_ptr<const Callable> MakeCallable(std::shared_ptr<const Signature> signature, ScopePtr scope,
                                             CallBody body) {
  return std::make_shared<LambdaCallable>(std::move(signature), std::move(scope), std::move(body));
}

bool CheckRequire(const syntax::Require& require, const ScopePtr& scope, Span site, Context& context) {
  if (require.condition == nullptr) {
    return true;
  }
  const auto holds = Evaluate(*require.condition, scope, {Type::Kind::kBool, "`require`", Stage::kRunTime}, context);
  std::optional<Value> message;
  if (require.message != nullptr) {
    const Expected expected{Type::Kind::kString, "`else`", Stage::kCompileTime};
    const bool needed = holds && holds->as_bool() != nullptr && !*holds->as_bool();
    message = needed ? Evaluate(*require.message, scope, expected, context) : std::nullopt;
    CheckType(*require.message, scope, expected, context);
  }
  if (!holds || holds->as_bool() == nullptr || *holds->as_bool()) {
    return true;
  }
  const std::string text = message && message->as_string() != nullptr
                               ? *message->as_string()
                               : fmt::format("`{}` does not hold", context.Text(require.condition->span));
  auto builder = context.Report(diagnostics::kRequirementNotMet, site.known() ? site : require.span, text);
  if (site.known()) {
    builder.Label(require.span, "required here");
  }
  return false;
}

}  // namespace sluice::check
