#include "compiler/check/function.h"

#include <algorithm>

#include "compiler/check/evaluation.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice::check {
namespace {

using graph::Value;

// `fn f(a: T) -> T = e`.
//
// Called with values it is evaluated; called with a residual it becomes a call of the graph's function table,
// where its body stands once. Functions that see more than their module (a dialect's) and functions of
// declarations are put in place instead.
class DeclaredFunction : public Callable {
 public:
  DeclaredFunction(const syntax::FunctionDeclaration& function, std::shared_ptr<const Signature> signature,
                   ScopePtr scope, std::string qualified)
      : function_(function),
        signature_(std::move(signature)),
        scope_(std::move(scope)),
        qualified_(std::move(qualified)) {}

  const Signature& signature() const override { return *signature_; }
  const ScopePtr& scope() const override { return scope_; }
  const void* identity() const override { return &function_; }

  std::optional<Value> Call(const ScopePtr& arguments, Span, Context& context) const override {
    if (broken_ || context.state().recursive.count(identity()) != 0) {
      return std::nullopt;
    }
    const auto& bindings = arguments->bindings();
    const bool residual = std::any_of(bindings.begin(), bindings.end(),
                                      [](const Binding& b) { return b.value && b.value->is_residual(); });
    const bool handles = std::any_of(bindings.begin(), bindings.end(),
                                     [](const Binding& b) { return b.value && HoldsHandle(*b.value); });
    const bool closed = scope_->parent() == nullptr && scope_->bindings().empty() && !qualified_.empty();
    if (!residual || handles || !closed) {
      return EvaluateChecked(*function_.body, arguments, context);
    }
    return Store(context) ? std::optional(CallOf(bindings)) : std::nullopt;
  }

  void set_broken() { broken_ = true; }

 private:
  // Puts the body into the function table, once.
  bool Store(Context& context) const {
    if (context.functions().count(qualified_) != 0) {
      return true;
    }
    auto open = std::make_shared<Scope>(scope_);
    graph::Function stored;
    for (const SignatureParameter& parameter : signature_->parameters) {
      open->Add({parameter.name, parameter.type, Value(graph::MakeLocal(parameter.name)), parameter.span});
      stored.parameters.push_back(parameter.name);
    }
    int& loops = context.state().residual_loops;
    const int outside = loops;
    loops = 0;
    const std::optional<Value> body = EvaluateChecked(*function_.body, open, context);
    loops = outside;
    if (!body) {
      return false;
    }
    stored.body = graph::ToExpression(*body);
    context.functions().emplace(qualified_, std::move(stored));
    return true;
  }

  Value CallOf(const std::vector<Binding>& bindings) const {
    std::vector<graph::ExpressionPtr> arguments;
    for (const Binding& binding : bindings) {
      arguments.push_back(graph::ToExpression(*binding.value));
    }
    return Value(graph::MakeNode(graph::Operation::kCall, std::move(arguments), qualified_));
  }

  const syntax::FunctionDeclaration& function_;
  std::shared_ptr<const Signature> signature_;
  ScopePtr scope_;
  std::string qualified_;
  bool broken_ = false;
};

}  // namespace

std::shared_ptr<const Callable> MakeFunction(const syntax::FunctionDeclaration& function, const ScopePtr& scope,
                                             const std::string& qualified, Context& context) {
  const Type declared = function.result ? ResolveType(*function.result, scope, context) : Type(Type::Kind::kAny);
  auto signature = std::make_shared<Signature>(
      *MakeSignature(function.name.text, function.name.span, function.parameters, declared, scope, context));
  Type result = declared;
  if (function.body != nullptr) {
    const ScopePtr body = UnboundScope(*signature, scope);
    const Type found = CheckType(*function.body, body, {declared, "the result", Stage::kRunTime}, context);
    result = function.result ? declared : found;
    if (found.is_error()) {
      result = function.result ? declared : Type();
    }
    signature->result = result;
    auto made = std::make_shared<DeclaredFunction>(function, signature, scope, qualified);
    if (found.is_error()) {
      made->set_broken();
    }
    return made;
  }
  auto made = std::make_shared<DeclaredFunction>(function, signature, scope, qualified);
  made->set_broken();
  return made;
}

}  // namespace sluice::check
