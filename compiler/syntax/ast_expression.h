// Expressions, types, and the pieces that declarations of every kind have.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/base/number.h"
#include "compiler/source/span.h"

namespace sluice::syntax {

using source::Span;

struct Name {
  std::string text;
  Span span;
};

// ---------------------------------------------------------------------------------- expressions

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

enum class Unit { kNone, kPercent, kDuration, kBytes };

struct NumberLiteral {
  Number value;  // percent as a ratio (5% is 1/20), durations in milliseconds, bytes in bytes
  Unit unit = Unit::kNone;
};

struct StringPart {
  std::string text;     // escapes resolved, raw strings unindented; used if `value` is null
  ExpressionPtr value;  // ${…}
  Span span;
};
struct StringLiteral {
  std::vector<StringPart> parts;  // empty: ""
  bool raw = false;
};

struct BoolLiteral {
  bool value = false;
};
struct NoneLiteral {};
struct DateLiteral {
  int year = 0, month = 0, day = 0;
};
struct ClockLiteral {
  int minutes = 0;  // since midnight
};

struct ListLiteral {
  std::vector<ExpressionPtr> items;
};
struct MapEntry {
  ExpressionPtr key;  // a StringLiteral; a bare word is one too
  ExpressionPtr value;
};
struct MapLiteral {
  std::vector<MapEntry> entries;
};

// `[for x in xs if c: e]`, `{ for k, v in m if c: "${k}": v }`. One variable over a list; two over a map
// (key, value) or a list (index, item).
struct Comprehension {
  std::vector<Name> variables;  // one or two
  ExpressionPtr in;
  ExpressionPtr condition;  // or null
  ExpressionPtr key;        // null for a list
  ExpressionPtr value;
};
// `all p in xs: c`, `any p in xs: c`.
struct Quantifier {
  bool all = true;
  std::vector<Name> variables;
  ExpressionPtr in;
  ExpressionPtr condition;
};

struct If {
  ExpressionPtr condition, then, otherwise;
};

enum class BinaryOperator {
  kOr,
  kAnd,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn,
  kIs,
  kIsNot,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kCoalesce,
};
struct Binary {
  BinaryOperator op = BinaryOperator::kOr;
  Span operator_span;
  ExpressionPtr left, right;
};
enum class UnaryOperator { kNot, kMinus };
struct Unary {
  UnaryOperator op = UnaryOperator::kNot;
  ExpressionPtr operand;
};

struct NameReference {
  std::string name;  // the expression's span is the name's
};
struct Member {
  ExpressionPtr object;
  Name name;
};
struct Index {
  ExpressionPtr object, index;
};
struct Argument {
  std::optional<Name> label;
  ExpressionPtr value;
};
struct Call {
  ExpressionPtr callee;
  std::vector<Argument> arguments;
};
// `secret "checkout-db" key "password"`.
struct SecretReference {
  ExpressionPtr name, key;
};
// image · command · args · env · cpu · memory · namespace · timeout: WORD expression.
struct JobItem {
  Name word;
  ExpressionPtr value;
};
// `job { … }`: a container that runs to its end.
struct JobLiteral {
  std::vector<JobItem> items;
};
// What did not parse; reported already.
struct Poisoned {};

struct Expression {
  std::variant<Poisoned, NumberLiteral, StringLiteral, BoolLiteral, NoneLiteral, DateLiteral, ClockLiteral, ListLiteral,
               MapLiteral, Comprehension, Quantifier, If, Binary, Unary, NameReference, Member, Index, Call,
               SecretReference, JobLiteral>
      node;
  Span span;
};

// ---------------------------------------------------------------------------------- types

// `percent`, `string?`, `list<string>`, `map<service>`, `metrics-source`, `{ name: string, port: int }`.
struct RecordField;
struct TypeReference {
  Name name;  // empty text for a record type
  std::vector<TypeReference> arguments;
  std::vector<RecordField> fields;
  bool optional = false;
  Span span;
};
struct RecordField {
  Name name;
  TypeReference type;
};

// `in 0%..100%`: both ends belong to it.
struct Refinement {
  ExpressionPtr low, high;
  Span span;
};
struct Parameter {
  Name name;
  TypeReference type;
  std::optional<Refinement> refinement;
  ExpressionPtr default_value;  // or null
};
struct Require {
  ExpressionPtr condition, message;  // message may be null
  Span span;
};

// ---------------------------------------------------------------------------------- shared pieces

// A construct that parses and has no meaning in this version. `feature` completes "`…` is not carried
// out yet": "an autoscaler", "`config`".
struct Later {
  std::string feature;
  Span span;
};

// `else rollback`.
enum class Action { kRollback, kContinue, kHold, kFail };
struct Else {
  Action action = Action::kRollback;
  Span span;
};

// One `for x in xs` or `when c` behind the name of a declaration or step, in source order.
struct ForClause {
  std::vector<Name> variables;
  ExpressionPtr in;
};
struct WhenClause {
  ExpressionPtr condition;
};
struct Repetition {
  std::variant<ForClause, WhenClause> clause;
  Span span;
};

// A declared name: a word, or a string where the declaration is repeated (`service "web-${n}" for …`).
struct DeclaredName {
  ExpressionPtr text;  // a StringLiteral in both cases
  bool bare = true;    // written as a word
  Span span;
};

// `@allow(name, reason: "…", until: 2027-01-31)`, `@keep`.
struct Annotation {
  Name name;
  std::vector<Argument> arguments;
  Span span;
};

}  // namespace sluice::syntax
