// What can be called, and what has members: declarations with parameters, functions of providers and
// dialects, built-in functions.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/check/scope.h"
#include "compiler/check/type.h"
#include "compiler/graph/value.h"
#include "compiler/syntax/ast.h"

namespace sluice::check {

struct SignatureParameter {
  std::string name;
  Type type;
  Span span;  // of the name; unknown for built-in functions
  const syntax::Refinement* refinement = nullptr;
  const syntax::Expression* default_value = nullptr;
  bool optional = false;  // may be left out without a default
};
struct Signature {
  std::string name;  // "error-rate", for messages
  Span span;         // where it is declared
  std::vector<SignatureParameter> parameters;
  Type result;
  bool positional_only = false;  // built-in functions have no labels
};

// Types, defaults and refinements of a parameter list. Reports unknown types and duplicate names once.
std::shared_ptr<const Signature> MakeSignature(std::string name, Span span,
                                               const std::vector<syntax::Parameter>& parameters, Type result,
                                               const ScopePtr& scope, Context& context);

// A scope with the parameters bound by type only: for checking a body before anything calls it.
ScopePtr UnboundScope(const Signature& signature, const ScopePtr& parent);

// A value that expressions can call.
class Callable : public graph::Handle {
 public:
  std::string_view type_name() const override { return "function"; }
  virtual const Signature& signature() const = 0;
  // Equal for what is the same function: how a call of itself is found.
  virtual const void* identity() const { return this; }
  // Where defaults are evaluated; the parent of the scope that Call gets.
  virtual const ScopePtr& scope() const = 0;
  // `arguments` binds every parameter; types, refinements and defaults are done. `site` is the call.
  // nullopt: reported, or an argument has no value.
  virtual std::optional<graph::Value> Call(const ScopePtr& arguments, Span site, Context& context) const = 0;
};

// A Callable from a lambda: what a provider's function or a parameterised declaration is.
using CallBody = std::function<std::optional<graph::Value>(const ScopePtr& arguments, Span site, Context& context)>;
std::shared_ptr<const Callable> MakeCallable(std::shared_ptr<const Signature> signature, ScopePtr scope, CallBody body);

// `fn f(a: T) -> T = e` in `scope` (a module's, or a dialect's with its parameters bound). Checks the body
// once. `qualified` names it in the graph's function table ("std/routers.match-of").
std::shared_ptr<const Callable> MakeFunction(const syntax::FunctionDeclaration& function, const ScopePtr& scope,
                                             const std::string& qualified, Context& context);

// A value with members: a service, a provider, a dialect.
class Members : public graph::Handle {
 public:
  // nullopt: there is no such member; the caller reports it, with the names.
  virtual std::optional<graph::Value> Member(std::string_view name, Context& context) const = 0;
  virtual std::vector<std::string> MemberNames() const = 0;
};

// `require C else "message"`: reported at `site` (the call) with a label at the clause; at the clause
// itself if the site is unknown. True if the condition holds, is residual or was reported for another reason.
bool CheckRequire(const syntax::Require& require, const ScopePtr& scope, Span site, Context& context);

}  // namespace sluice::check
