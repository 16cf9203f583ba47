// Residual expressions: what of a plan can only be known in the cluster, in the same language, with
// names resolved and everything known at compile time folded in. Pure, total, bounded.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/graph/value.h"

namespace sluice::graph {

enum class Operation : std::uint8_t {
  kLiteral,  // literal
  kLocal,    // name: bound by a comprehension, a quantifier or a function's parameter
  kRoot,     // name: stable, candidate, split, object, response, value, step, reason, since, now, message, event
  kMember,   // operands[0], name; a missing field is none
  kIndex,    // operands[0], operands[1]; a missing index is none
  kCall,     // name: a function of the table; operands: its arguments in order
  kBuiltin,  // name: count, join …; operands: its arguments in order
  kIf,       // condition, then, otherwise
  kOr,
  kAnd,
  kNot,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kNegate,
  kCoalesce,
  kList,     // operands: items
  kMap,      // operands: key, value, key, value …; a value that is none is left out
  kListFor,  // variables; operands: in, condition (a literal true if none), element
  kMapFor,   // variables; operands: in, condition, key, element
  kAll,
  kAny,          // variables; operands: in, condition
  kInterpolate,  // operands: parts, joined as text
  kConvert,      // name: ratio | percent | seconds | milliseconds | number | bytes; operands[0] gets that unit
};

// Immutable; shared between the expressions that contain it.
struct Expression {
  Operation operation = Operation::kLiteral;
  Value literal;
  std::string name;
  std::vector<std::string> variables;
  std::vector<ExpressionPtr> operands;
};

// A function that residual expressions call. Its body sees its parameters only.
struct Function {
  std::vector<std::string> parameters;
  ExpressionPtr body;
};
using FunctionTable = std::map<std::string, Function>;

// The run-time roots that have a value now, by name.
using Roots = std::map<std::string, Value, std::less<>>;

// What an evaluation came to.
struct Evaluation {
  enum class Kind { kValue, kNoData, kError };
  Kind kind = Kind::kValue;
  Value value;          // kValue only
  std::string message;  // what was missing or wrong, otherwise
};

// Steps that one evaluation may take; over it the evaluation is an error. Every operation is a step, and so
// are 16 bytes of text and every item that is made.
inline constexpr std::int64_t kMaxRunTimeSteps = 1'000'000;
// Operations within operations, through functions; over it the evaluation is an error.
inline constexpr int kMaxRunTimeDepth = 1'000;

// Evaluates with every root bound (an unbound root is none). Total: never throws, never fails but by an
// Evaluation that says so. number(none), NaN and infinity are no data; text that is no number is an error;
// arithmetic, order and text of none are no data; `??` takes its right side for none and for no data; `all`
// over none is no data, a comprehension over none is empty. Exact arithmetic; what doesn't fit a Number is rounded to
// 12 digits after the point.
Evaluation Evaluate(const Expression& expression, const FunctionTable& functions, const Roots& roots);

// Partial evaluation: binds the given roots and folds what is then known; the other roots stay open.
// Evaluating the result with the rest bound is evaluating `expression` with all bound.
ExpressionPtr Reduce(const ExpressionPtr& expression, const FunctionTable& functions, const Roots& roots);

ExpressionPtr MakeLiteral(Value value);
// The value's expression: of a residual its own, of anything else a literal.
ExpressionPtr ToExpression(const Value& value);
ExpressionPtr MakeRoot(std::string name);
ExpressionPtr MakeLocal(std::string name);
ExpressionPtr MakeNode(Operation operation, std::vector<ExpressionPtr> operands, std::string name = "",
                       std::vector<std::string> variables = {});

// Same tree, literals by content.
bool SameExpression(const Expression& a, const Expression& b);
// The names of the roots that it reads, functions included, in their first order.
std::vector<std::string> RootsOf(const Expression& expression, const FunctionTable& functions);

}  // namespace sluice::graph
