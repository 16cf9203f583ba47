// Values of expressions by construct. Private to this folder.
#pragma once

#include <optional>
#include <vector>

#include "compiler/check/state.h"

namespace sluice::check {

// Evaluates what was checked. nullopt: reported, now or by the check, or a name has no value yet.
class Evaluation {
 public:
  using Result = std::optional<graph::Value>;

  Evaluation(const ScopePtr& scope, Context& context) : scope_(scope), context_(context), state_(context.state()) {}

  Result Eval(const syntax::Expression& expression);

 private:
  using Node = syntax::Expression;

  Result Of(const syntax::Poisoned&, const Node&, const Facts*) { return std::nullopt; }
  Result Of(const syntax::NumberLiteral& literal, const Node&, const Facts*);
  Result Of(const syntax::StringLiteral& literal, const Node& expression, const Facts*);
  Result Of(const syntax::BoolLiteral& literal, const Node&, const Facts*) { return graph::Value(literal.value); }
  Result Of(const syntax::NoneLiteral&, const Node&, const Facts*) { return graph::Value(); }
  Result Of(const syntax::DateLiteral& literal, const Node& expression, const Facts*);
  Result Of(const syntax::ClockLiteral& literal, const Node&, const Facts*);
  Result Of(const syntax::ListLiteral& literal, const Node& expression, const Facts*);
  Result Of(const syntax::MapLiteral& literal, const Node& expression, const Facts*);
  Result Of(const syntax::Comprehension& comprehension, const Node& expression, const Facts*);
  Result Of(const syntax::Quantifier& quantifier, const Node& expression, const Facts*);
  Result Of(const syntax::If& conditional, const Node& expression, const Facts*);
  Result Of(const syntax::Binary& binary, const Node& expression, const Facts*);
  Result Of(const syntax::Unary& unary, const Node& expression, const Facts*);
  Result Of(const syntax::NameReference& name, const Node& expression, const Facts* facts);
  Result Of(const syntax::Member& member, const Node& expression, const Facts* facts);
  Result Of(const syntax::Index& index, const Node& expression, const Facts* facts);
  Result Of(const syntax::Call& call, const Node& expression, const Facts* facts);
  Result Of(const syntax::SecretReference& secret, const Node&, const Facts*);
  Result Of(const syntax::JobLiteral& job, const Node& expression, const Facts*);

  Result OfResolved(const Resolved& resolved, const Node& expression);
  Result MemberOfHandle(const graph::Handle& handle, const syntax::Member& member);
  Result Missing(const graph::Value& object, const graph::Value& entry, const Node& at);
  Result BuiltinCall(const graph::Builtin& builtin, const syntax::Call& call, const Node& expression);
  Result Logic(const syntax::Binary& binary, const Node& expression);
  Result CombineGates(const syntax::Binary& binary, const Node& expression, const graph::Value& left);

  // A residual operation over values; known parts become literals. Reports handles among them.
  Result MakeResidual(graph::Operation operation, const std::vector<graph::Value>& operands, Span span,
                      std::string name = "", std::vector<std::string> variables = {});
  // An operation's result, or its report at `span`.
  Result Finish(graph::Evaluation result, Span span);
  // Counts what a new value takes. nullopt if the budget is spent.
  Result Made(graph::Value value, Span span);

  // Comprehensions and quantifiers. What they do with each item of a known list; false stops.
  template <typename Body>
  bool ForEach(const std::vector<syntax::Name>& variables, const graph::Value& in, Span span, const Body& body);
  // The body as residual: its variables bound to locals of unique names.
  struct Open {
    ScopePtr scope;
    std::vector<std::string> variables;
  };
  Open OpenLoop(const std::vector<syntax::Name>& variables);
  Result ResidualLoop(const syntax::Comprehension& comprehension, const graph::Value& in, Span span);
  Result ResidualQuantifier(const syntax::Quantifier& quantifier, const graph::Value& in, Span span);

  const ScopePtr& scope_;
  Context& context_;
  Context::State& state_;
};

// Bytes that a value takes without what it shares with others.
std::size_t SizeOf(const graph::Value& value);

// Whether a handle is somewhere in the value.
bool HoldsHandle(const graph::Value& value);

}  // namespace sluice::check
