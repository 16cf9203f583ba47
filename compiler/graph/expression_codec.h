// Residual expressions as JSON text, canonical and compact.
//
// A literal is the exact form of its value (value_codec.h), a literal list ["l", list]. Everything else is an
// array whose first item names the operation: [".", "name", object], ["@", "candidate"], ["if", c, t, e],
// ["for", ["x"], in, condition, element].
#pragma once

#include <string>

#include "compiler/base/result.h"
#include "compiler/graph/expression.h"

namespace sluice::graph {

// Levels of operations within operations that DecodeExpression accepts.
inline constexpr int kMaxExpressionDepth = 256;
// Levels of JSON that a decoder of graphs must let through for that (an operation may take two).
inline constexpr int kMaxExpressionJsonDepth = 2 * kMaxExpressionDepth + 16;

// Appends the expression's JSON text.
void AppendExpression(std::string& out, const Expression& expression);
std::string EncodeExpression(const Expression& expression);

// Reads parsed JSON (a Value as DecodeValue gives it). kInvalid for unknown operations, wrong numbers of
// operands and too many levels: what is returned can be evaluated.
Result<ExpressionPtr> ExpressionOf(const Value& json);
Result<ExpressionPtr> DecodeExpression(std::string_view json);

}  // namespace sluice::graph
