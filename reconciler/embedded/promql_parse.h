// PromQL as far as gates and curious people write it: all operators, aggregations and vector matching, range
// selectors and `offset`; no subqueries, no `@`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/result.h"
#include "reconciler/embedded/time_series.h"

namespace sluice::embedded::promql {

enum class Type { kScalar, kVector, kRange, kString };

// How the elements of two vectors find each other.
struct Matching {
  bool on = false;  // else ignoring
  std::vector<std::string> labels;
  enum class Group { kNone, kLeft, kRight, kSet } group = Group::kNone;
  std::vector<std::string> include;  // group_left(…)
};

struct Expression {
  enum class Kind { kNumber, kString, kSelector, kNegate, kBinary, kAggregate, kCall };
  Kind kind = Kind::kNumber;
  Type type = Type::kScalar;
  double number = 0;              // kNumber
  std::string name;               // operator, aggregation, function; a string's text
  std::vector<Matcher> matchers;  // kSelector, the name among them
  std::int64_t range_ms = 0;      // kSelector: > 0 for a range
  std::int64_t offset_ms = 0;
  std::vector<Expression> children;  // operands; arguments; (parameter,) operand of an aggregation
  bool return_bool = false;          // comparison
  Matching matching;                 // kBinary
  bool without = false;              // kAggregate
  std::vector<std::string> grouping;
};

// ==, !=, <, <=, >, >=
bool IsComparison(const std::string& op);

// kInvalid with Prometheus' kind of message.
Result<Expression> Parse(std::string_view query);

}  // namespace sluice::embedded::promql
