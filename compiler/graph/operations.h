// What the operators of the language do to values: one definition for the compiler and the cluster.
//
// None of them takes residuals or handles.
#pragma once

#include <string>
#include <string_view>

#include "compiler/graph/arithmetic.h"
#include "compiler/graph/expression.h"
#include "compiler/graph/value.h"

namespace sluice::graph {

inline Evaluation ValueOf(Value value) { return {Evaluation::Kind::kValue, std::move(value), {}}; }
inline Evaluation NoData(std::string message) { return {Evaluation::Kind::kNoData, {}, std::move(message)}; }
inline Evaluation Failure(std::string message) { return {Evaluation::Kind::kError, {}, std::move(message)}; }

// kEqual … kDivide with both operands; not kAnd, kOr, kCoalesce, which don't look at both.
//
// Arithmetic and order with none: no data. Unlike units and kinds: an error. Equality never fails.
Evaluation ApplyBinary(Operation operation, const Value& a, const Value& b, Arithmetic arithmetic);

Evaluation Negate(const Value& value);

// A field of a map. None for what is missing, and for anything that has no fields.
Value MemberOf(const Value& object, std::string_view name);
// An item by its position from 0, a value by its key; none for what is missing.
Value IndexOf(const Value& object, const Value& index);

// Appends the text of one part of an interpolation. False if it has none, with the reason in `failure`.
bool AppendText(std::string& out, const Value& part, Evaluation& failure);

// number(x): a number as it is; text read as a decimal; NaN, infinity and none are no data; other text and
// other kinds are errors. A unit is dropped.
Evaluation ToNumber(const Value& value);

// What a value counts for in a budget besides the operation that made it: 16 bytes of text or one item are
// a step. Only its own items, not theirs.
std::size_t SizeInSteps(const Value& value);

// Gives a measured value its unit: ratio | percent | seconds | milliseconds | number | bytes. 0.05 as ratio
// and 5 as percent are both 5%. What has a unit already keeps it if it is the same, and is an error otherwise.
Evaluation Convert(std::string_view unit, const Value& value);

}  // namespace sluice::graph
