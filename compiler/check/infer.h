// Types of expressions by construct. Private to this folder.
#pragma once

#include <initializer_list>
#include <string>

#include "compiler/check/state.h"

namespace sluice::check {

// Infers one expression's type. `hint` is what its place takes: it decides between declarations of one name
// and types the items of literals; whether the type fits is the caller's question.
class Inference {
 public:
  Inference(const ScopePtr& scope, Context& context) : scope_(scope), context_(context) {}

  Type Infer(const syntax::Expression& expression, const Type& hint);

  // Infers and checks against `type`; kError if something was reported.
  Type Want(const syntax::Expression& expression, const Type& type, const std::string& what = "");
  // The same for an expression whose type is inferred already.
  Type Fitting(const syntax::Expression& expression, const Type& found, const Type& type, const std::string& what);
  void CheckArguments(const Signature& signature, const syntax::Call& call, const syntax::Expression& expression);
  Type Any(const syntax::Expression& expression) { return Infer(expression, Type::Kind::kAny); }

  Type Of(const syntax::Poisoned&, const syntax::Expression&, const Type&) { return {}; }
  Type Of(const syntax::NumberLiteral& literal, const syntax::Expression&, const Type&);
  Type Of(const syntax::StringLiteral& literal, const syntax::Expression&, const Type&);
  Type Of(const syntax::BoolLiteral&, const syntax::Expression&, const Type&) { return Type::Kind::kBool; }
  Type Of(const syntax::NoneLiteral&, const syntax::Expression&, const Type&) { return Type::Kind::kNone; }
  Type Of(const syntax::DateLiteral&, const syntax::Expression&, const Type&) { return Type::Kind::kDate; }
  Type Of(const syntax::ClockLiteral&, const syntax::Expression&, const Type&) { return Type::Kind::kClock; }
  Type Of(const syntax::ListLiteral& literal, const syntax::Expression&, const Type& hint);
  Type Of(const syntax::MapLiteral& literal, const syntax::Expression&, const Type& hint);
  Type Of(const syntax::Comprehension& comprehension, const syntax::Expression&, const Type& hint);
  Type Of(const syntax::Quantifier& quantifier, const syntax::Expression&, const Type&);
  Type Of(const syntax::If& conditional, const syntax::Expression&, const Type& hint);
  Type Of(const syntax::Binary& binary, const syntax::Expression& expression, const Type& hint);
  Type Of(const syntax::Unary& unary, const syntax::Expression& expression, const Type&);
  Type Of(const syntax::NameReference& name, const syntax::Expression& expression, const Type& hint);
  Type Of(const syntax::Member& member, const syntax::Expression& expression, const Type& hint);
  Type Of(const syntax::Index& index, const syntax::Expression& expression, const Type&);
  Type Of(const syntax::Call& call, const syntax::Expression& expression, const Type& hint);
  Type Of(const syntax::SecretReference& secret, const syntax::Expression&, const Type&);
  Type Of(const syntax::JobLiteral& job, const syntax::Expression&, const Type&);

 private:
  // Notes that the value must be looked at, where types don't tell.
  void MustFit(const syntax::Expression& expression, const Type& found, const Type& type, const std::string& what);
  Type RecordLiteral(const syntax::MapLiteral& literal, const Type& hint);
  Type Arithmetic(const syntax::Binary& binary, const syntax::Expression& expression);
  Type Comparison(const syntax::Binary& binary, const syntax::Expression& expression);
  Type Membership(const syntax::Binary& binary, const syntax::Expression& expression);
  Type Logic(std::initializer_list<const syntax::Expression*> operands, const Type& hint, const std::string& what);
  Type Coalesce(const syntax::Binary& binary, const Type& hint);
  // The operand's type if it can be calculated with; kError, reported, otherwise.
  Type Operand(const syntax::Expression& expression);
  Type Mixed(const syntax::Binary& binary, const syntax::Expression& expression, const Type& left, const Type& right,
             const char* verb);

  Type BuiltinCall(const graph::Builtin& builtin, const syntax::Call& call, const syntax::Expression& expression);
  Type SignatureCall(const Signature& signature, const syntax::Call& call, const syntax::Expression& expression);
  void ReportUnknownArgument(const Signature& signature, const syntax::Argument& argument,
                             const std::vector<std::string>& names);
  Type MemberOf(const Type& object, const syntax::Member& member);

  // A scope with the variables of a comprehension, typed by what it goes through.
  ScopePtr LoopScope(const std::vector<syntax::Name>& variables, const syntax::Expression& in);

  const ScopePtr& scope_;
  Context& context_;
};

// `for x in in`: types of the variables. Reports what can't be gone through.
ScopePtr MakeLoopScope(const std::vector<syntax::Name>& variables, const syntax::Expression& in, const Type& type,
                       const ScopePtr& scope, Context& context);

// Whether a value must be looked at because its type alone doesn't say that it fits.
bool LooksNeeded(const Type& from, const Type& to);

// For a literal without the unit that its place takes: what was probably meant, as fixes.
void SuggestUnits(diagnostics::Builder& builder, const syntax::Expression& expression, const Type& wanted,
                  Context& context);

}  // namespace sluice::check
