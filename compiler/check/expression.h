// Expressions: types first, then values.
//
// An expression is checked once, whether it is evaluated or not, and evaluated as often as its scope is
// bound anew. A value is plain data, a handle, or a residual: the part that only the cluster can evaluate,
// everything known folded in.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/check/function.h"
#include "compiler/check/scope.h"
#include "compiler/check/type.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/expression.h"
#include "compiler/graph/value.h"
#include "compiler/source/source_set.h"
#include "compiler/syntax/ast.h"

namespace sluice::check {

// Makes values of declarations other than `let` and `fn`, at their first use.
class Instantiator {
 public:
  virtual ~Instantiator() = default;
  // What `declared` comes to in `scope`: its own, with the parameters bound if it takes any. Called once for
  // a declaration without parameters (site: unknown), once for each call of one with. Usually a handle.
  // nullopt: reported.
  virtual std::optional<graph::Value> Instantiate(const Declared& declared, const ScopePtr& scope, Span site,
                                                  Context& context) = 0;
};

// What one check of a plan set shares.
class Context {
 public:
  Context(const source::SourceSet& sources, diagnostics::Emitter& emitter, Instantiator& instantiator,
          graph::FunctionTable& functions);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const source::SourceSet& sources() const { return sources_; }
  diagnostics::Emitter& emitter() { return emitter_; }
  Instantiator& instantiator() { return instantiator_; }
  graph::FunctionTable& functions() { return functions_; }  // called by residuals

  diagnostics::Builder Report(const diagnostics::Kind& kind, Span span, std::string message) {
    return emitter_.Report(kind, span, std::move(message));
  }
  // The text of a span, as the author wrote it.
  std::string Text(Span span) const { return std::string(sources_.Text(span)); }

  // Counts evaluation steps. False once the budget is spent, which is reported at `span`, once.
  bool Spend(std::int64_t steps, Span span);

  // `default.metrics` and the like: the declaration that holds for the plan set, or null.
  void SetDefault(std::string name, const syntax::DefaultDeclaration* declaration, ScopePtr scope);

  struct State;  // of the evaluator
  State& state() { return *state_; }

 private:
  const source::SourceSet& sources_;
  diagnostics::Emitter& emitter_;
  Instantiator& instantiator_;
  graph::FunctionTable& functions_;
  std::unique_ptr<State> state_;
};

enum class Stage : std::uint8_t {
  kCompileTime,  // a residual is an error that says which root makes it one
  kRunTime,      // may be residual
};

// What is wanted of an expression.
struct Expected {
  Type type = Type::Kind::kAny;
  std::string what;  // "`weight`", for "`weight` takes a percent"; may be empty
  Stage stage = Stage::kCompileTime;
};

// Checks types only. The type is kError if something was reported. The second call for the same expression
// gives the first one's answer.
Type CheckType(const syntax::Expression& expression, const ScopePtr& scope, const Expected& expected, Context& context);

// Checks, then evaluates. nullopt: something was reported, or a binding of the scope has no value. The value
// fits `expected.type`: an int is whole; what is not optional is not none.
std::optional<graph::Value> Evaluate(const syntax::Expression& expression, const ScopePtr& scope,
                                     const Expected& expected, Context& context);

// The same for run time, always as an expression (a literal if everything is known). Null: as nullopt.
graph::ExpressionPtr EvaluateResidual(const syntax::Expression& expression, const ScopePtr& scope,
                                      const Expected& expected, Context& context);

// The value of a declaration: of a `let` what it says, of one with parameters a Callable. nullopt: reported.
std::optional<graph::Value> ValueOf(const Declared& declared, Context& context);
// Its parameters as written; null for kinds that have none.
const std::vector<syntax::Parameter>* ParametersOf(const Declared& declared);
// Its type: InstanceType, a function type if it has parameters.
Type TypeOf(const Declared& declared, Context& context);

// The type that a plan writes: `list<string>`, `percent?`. Reports unknown ones.
Type ResolveType(const syntax::TypeReference& reference, const ScopePtr& scope, Context& context);

// The text of a literal without `${…}`; null if the expression is something else.
const std::string* LiteralText(const syntax::Expression& expression);

// Runs `body` once for each binding that the `for` and `when` of a declaration or step leave. The scope
// passed has the loop variables bound. False: reported (what came before it was run).
bool Repeat(const std::vector<syntax::Repetition>& repetitions, const ScopePtr& scope, Context& context,
            const std::function<void(const ScopePtr& scope)>& body);
// Types of the loop variables only, for checking a repeated body whose lists aren't known.
ScopePtr UnboundRepeat(const std::vector<syntax::Repetition>& repetitions, const ScopePtr& scope, Context& context);

}  // namespace sluice::check
