#include "compiler/check/expression.h"

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/evaluation.h"
#include "compiler/check/infer.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice::check {
namespace {

// What a `for` or a declaration may be repeated, together with the ones inside.
constexpr std::size_t kMaxRepetitions = 20'000;

void ReportResidual(const syntax::Expression& expression, const graph::Expression& residual, const Expected& expected,
                    Context& context) {
  std::vector<std::string> roots;
  for (const std::string& root : graph::RootsOf(residual, context.functions())) {
    roots.push_back("`" + root + "`");
  }
  const std::string what = expected.what.empty() ? "this" : expected.what;
  auto builder = context.Report(diagnostics::kKnownOnlyAtRunTime, expression.span,
                                fmt::format("{} must be known when the plan is compiled", what));
  if (!roots.empty()) {
    builder.At(fmt::format("{} {} a value only in the cluster", JoinWords(roots), roots.size() == 1 ? "has" : "have"));
  }
}

}  // namespace

Type InferType(const syntax::Expression& expression, const ScopePtr& scope, const Expected& expected,
               Context& context) {
  return Inference(scope, context).Want(expression, expected.type, expected.what);
}

Type CheckType(const syntax::Expression& expression, const ScopePtr& scope, const Expected& expected,
               Context& context) {
  auto& checked = context.state().checked;
  const auto known = checked.find(&expression);
  if (known != checked.end()) {
    return known->second;
  }
  Type type = InferType(expression, scope, expected, context);
  checked.emplace(&expression, type);
  return type;
}

std::optional<graph::Value> Evaluate(const syntax::Expression& expression, const ScopePtr& scope,
                                     const Expected& expected, Context& context) {
  if (CheckType(expression, scope, expected, context).is_error()) {
    return std::nullopt;
  }
  std::optional<graph::Value> value = EvaluateChecked(expression, scope, context);
  if (value && value->is_residual() && expected.stage == Stage::kCompileTime) {
    ReportResidual(expression, **value->as_residual(), expected, context);
    return std::nullopt;
  }
  return value;
}

graph::ExpressionPtr EvaluateResidual(const syntax::Expression& expression, const ScopePtr& scope,
                                      const Expected& expected, Context& context) {
  Expected at_run_time = expected;
  at_run_time.stage = Stage::kRunTime;
  const std::optional<graph::Value> value = Evaluate(expression, scope, at_run_time, context);
  if (!value) {
    return nullptr;
  }
  if (HoldsHandle(*value)) {
    const auto* handle = value->as_handle();
    context
        .Report(diagnostics::kKnownOnlyToCompiler, expression.span,
                fmt::format("{} can't be part of what the cluster evaluates",
                            handle != nullptr ? fmt::format("a {}", (*handle)->type_name()) : "this"))
        .Emit();
    return nullptr;
  }
  return graph::ToExpression(*value);
}

const std::string* LiteralText(const syntax::Expression& expression) {
  static const std::string kEmpty;
  const auto* text = std::get_if<syntax::StringLiteral>(&expression.node);
  if (text == nullptr || text->parts.size() > 1 || (text->parts.size() == 1 && text->parts[0].value != nullptr)) {
    return nullptr;
  }
  return text->parts.empty() ? &kEmpty : &text->parts[0].text;
}

namespace {

class Repeater {
 public:
  Repeater(const std::vector<syntax::Repetition>& repetitions, Context& context,
           const std::function<void(const ScopePtr&)>& body)
      : repetitions_(repetitions), context_(context), body_(body) {}

  bool Run(std::size_t at, const ScopePtr& scope) {
    if (at == repetitions_.size()) {
      body_(scope);
      return true;
    }
    if (const auto* loop = std::get_if<syntax::ForClause>(&repetitions_[at].clause)) {
      return Loop(*loop, at, scope);
    }
    const auto& condition = std::get<syntax::WhenClause>(repetitions_[at].clause).condition;
    if (condition == nullptr) {
      return false;
    }
    const auto holds = Evaluate(*condition, scope, {Type::Kind::kBool, "`when`"}, context_);
    if (!holds || holds->as_bool() == nullptr) {
      return false;
    }
    return !*holds->as_bool() || Run(at + 1, scope);
  }

 private:
  bool Loop(const syntax::ForClause& loop, std::size_t at, const ScopePtr& scope) {
    if (loop.in == nullptr) {
      return false;
    }
    const Type type = CheckType(*loop.in, scope, {Type::Kind::kAny, "`for`"}, context_);
    const auto in = Evaluate(*loop.in, scope, {Type::Kind::kAny, "`for`"}, context_);
    if (!in) {
      return false;
    }
    const ScopePtr typed = MakeLoopScope(loop.variables, *loop.in, type, scope, context_);
    const graph::List* list = in->as_list();
    const graph::Map* map = in->as_map();
    if (list == nullptr && map == nullptr) {
      return in->is_none();
    }
    bool ok = true;
    for (std::size_t i = 0; i < (list != nullptr ? list->size() : map->size()); ++i) {
      if (++count_ > kMaxRepetitions) {
        context_
            .Report(diagnostics::kOutputTooLarge, repetitions_[at].span,
                    fmt::format("this repeats more than {} times", kMaxRepetitions))
            .Emit();
        return false;
      }
      ok = Run(at + 1, Bound(loop, *typed, list, map, i, scope)) && ok;
    }
    return ok;
  }

  static ScopePtr Bound(const syntax::ForClause& loop, const Scope& typed, const graph::List* list,
                        const graph::Map* map, std::size_t i, const ScopePtr& scope) {
    auto bound = std::make_shared<Scope>(scope);
    const bool two = loop.variables.size() > 1;
    const graph::Value first = list == nullptr ? graph::Value(map->entries()[i].first)
                               : two           ? graph::Value(static_cast<std::int64_t>(i))
                                               : (*list)[i];
    for (std::size_t k = 0; k < typed.bindings().size(); ++k) {
      Binding binding = typed.bindings()[k];
      binding.value = k == 0 ? first : (list != nullptr ? (*list)[i] : map->entries()[i].second);
      bound->Add(std::move(binding));
    }
    return bound;
  }

  const std::vector<syntax::Repetition>& repetitions_;
  Context& context_;
  const std::function<void(const ScopePtr&)>& body_;
  std::size_t count_ = 0;
};

}  // namespace

bool Repeat(const std::vector<syntax::Repetition>& repetitions, const ScopePtr& scope, Context& context,
            const std::function<void(const ScopePtr& scope)>& body) {
  return Repeater(repetitions, context, body).Run(0, scope);
}

ScopePtr UnboundRepeat(const std::vector<syntax::Repetition>& repetitions, const ScopePtr& scope, Context& context) {
  ScopePtr inner = scope;
  for (const syntax::Repetition& repetition : repetitions) {
    if (const auto* loop = std::get_if<syntax::ForClause>(&repetition.clause)) {
      if (loop->in != nullptr) {
        const Type type = CheckType(*loop->in, inner, {Type::Kind::kAny, "`for`"}, context);
        inner = MakeLoopScope(loop->variables, *loop->in, type, inner, context);
      }
    } else if (const auto& condition = std::get<syntax::WhenClause>(repetition.clause).condition) {
      CheckType(*condition, inner, {Type::Kind::kBool, "`when`"}, context);
    }
  }
  return inner;
}

}  // namespace sluice::check
