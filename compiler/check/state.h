// What the checker and the evaluator of expressions know between calls. Private to this folder.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/check/expression.h"
#include "compiler/graph/builtins.h"

namespace sluice::check {

// What a name of an expression stands for.
struct Resolved {
  enum class Kind : std::uint8_t { kUnknown, kBinding, kDeclared, kModule, kDefault, kBuiltin, kDefaults };
  Kind kind = Kind::kUnknown;  // kUnknown: reported
  const Declared* declared = nullptr;
  const Module* module = nullptr;
  const graph::Builtin* builtin = nullptr;
  const syntax::DefaultDeclaration* default_declaration = nullptr;  // kDefault: `default.metrics`
};

// What checking found out about one expression and evaluation needs.
struct Facts {
  Resolved resolved;
  // Types alone don't say that the value fits this: look at it. `what` names its place.
  std::optional<Type> must_fit;
  std::string what;
  // A member or index of a list or map: what is missing is a mistake, not none.
  bool strict = false;
  // A call of what only its value tells.
  bool dynamic_call = false;
};

// A `default NAME = …` and what it comes to.
struct Default {
  const syntax::DefaultDeclaration* declaration = nullptr;
  ScopePtr scope;
  Span span;
  Declared::State state = Declared::State::kNew;
  std::optional<graph::Value> value;
};

// A call being evaluated.
struct Frame {
  const void* callee = nullptr;  // the declaration or function, for finding recursion
  std::string name;
  Span declared;
  Span site;
};

struct Context::State {
  std::unordered_map<const syntax::Expression*, Type> checked;  // roots of what was checked
  std::unordered_map<const syntax::Expression*, Facts> facts;
  std::map<std::string, Default, std::less<>> defaults;
  std::vector<Frame> stack;
  std::set<const void*> recursive;                                           // callees reported as recursive
  std::set<std::pair<const syntax::Call*, const Signature*>> checked_calls;  // dynamic ones

  // Which function calls which, and where: gathered while bodies are checked.
  const Declared* checking = nullptr;
  std::map<const Declared*, std::vector<std::pair<const Declared*, Span>>> calls;

  std::map<const graph::Builtin*, std::shared_ptr<const Signature>> builtin_signatures;

  std::int64_t steps = 0;
  std::size_t produced = 0;  // bytes of values made
  int depth = 0;             // expressions within expressions, through calls
  int residual_loops = 0;    // residual comprehensions around what is evaluated
  bool spent = false;        // a budget is spent: nothing more is evaluated
};

// Values made while a plan set is evaluated, together.
inline constexpr std::size_t kMaxProducedBytes = 128ULL << 20;
// Expressions within expressions, through calls: bounds the stack.
inline constexpr int kMaxDepth = 2'000;

// Finds what the name `expression` (a NameReference) stands for, and marks it as used. Reports unknown and
// ambiguous ones. Of several declarations of that name the one that makes `expected` is meant.
Resolved ResolveName(const syntax::Expression& expression, const ScopePtr& scope, const Type& expected,
                     Context& context);
// The same for `module.name`.
Resolved ResolveInModule(const Module& module, const syntax::Name& name, Span object, const Type& expected,
                         Context& context);
Resolved ResolveDefault(const syntax::Name& name, Context& context);
// Reports a path or an image without quotes, where a text is due: one that begins with a name that nothing has.
bool ReportUnquoted(const syntax::Expression& expression, const ScopePtr& scope, Context& context);

// The type of what `name` was resolved to, at `use`.
Type TypeOf(const Resolved& resolved, const ScopePtr& scope, std::string_view name, Span use, Context& context);
Type TypeAt(const Declared& declared, Span use, Context& context);
std::optional<graph::Value> ValueOfDefault(const syntax::DefaultDeclaration& declaration, Context& context);

std::shared_ptr<const Signature> SignatureOf(const graph::Builtin& builtin, Context& context);

// Which argument each parameter gets; null: left out. Positions that match nothing are left out silently.
std::vector<const syntax::Argument*> MatchArguments(const syntax::Call& call, const Signature& signature);

// The result of a built-in function by the types of its arguments.
Type ResultOf(const graph::Builtin& builtin, const std::vector<Type>& arguments);

// Reports a cycle of declarations once, at the member that stands first in the source.
struct CycleMember {
  const void* id = nullptr;
  std::string name;
  Span span;  // of its name
  Span use;   // where it is needed by the member before
};
void ReportCycle(std::vector<CycleMember> members, Context& context);

// Types only; see CheckType. Without the memory of what was checked.
Type InferType(const syntax::Expression& expression, const ScopePtr& scope, const Expected& expected, Context& context);
// Reports where `type` doesn't fit what is expected. True if it does.
bool CheckFits(const syntax::Expression& expression, const Type& type, const Expected& expected, Context& context);
// Reports a value that doesn't fit `type` although its type could. False: reported. Makes nothing of residuals.
bool CheckValueFits(const graph::Value& value, const Type& type, Span span, const std::string& what, Context& context);

// Values only; the expression was checked without a report.
std::optional<graph::Value> EvaluateChecked(const syntax::Expression& expression, const ScopePtr& scope,
                                            Context& context);

// Calls with the arguments of `call`, an expression of `scope`: defaults, values that must fit, refinements,
// then the body. `dynamic`: labels and types of the arguments weren't checked against this signature.
std::optional<graph::Value> CallWith(const Callable& callable, const syntax::Call& call,
                                     const syntax::Expression& expression, bool dynamic, const ScopePtr& scope,
                                     Context& context);
void CheckArguments(const Signature& signature, const syntax::Call& call, const syntax::Expression& expression,
                    const ScopePtr& scope, Context& context);

// The value of a declaration that is named at `use`.
std::optional<graph::Value> ValueAt(const Declared& declared, Span use, Context& context);

// A mistake that only shows in values. One in the stdlib is reported at the call that led there; otherwise the
// call is a label.
diagnostics::Builder ReportValue(const diagnostics::Kind& kind, Span span, std::string message, Context& context);

// Takes a frame off the stack when it ends.
class Entered {
 public:
  Entered(Context& context, Frame frame) : state_(context.state()) { state_.stack.push_back(std::move(frame)); }
  ~Entered() { state_.stack.pop_back(); }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

 private:
  Context::State& state_;
};
// Reports the cycle that ends in `identity` if it is on the stack already. True if it is.
bool IsRecursion(const void* identity, Span use, Context& context);

}  // namespace sluice::check
