// Evaluates PromQL at one instant.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "reconciler/embedded/promql_parse.h"
#include "reconciler/embedded/time_series.h"

namespace sluice::embedded::promql {

// Prometheus' default: how old a sample an instant selector takes.
inline constexpr std::int64_t kLookbackMs = 300'000;

struct Element {
  Labels labels;
  double value = 0;
};
using Vector = std::vector<Element>;

// A range selector's answer stands only at the top of a query.
struct RangeElement {
  Labels labels;
  std::vector<std::pair<std::int64_t, double>> samples;
};
using Matrix = std::vector<RangeElement>;

using Value = std::variant<double, Vector, Matrix, std::string>;

// kInvalid where vectors don't match as the query demands.
Result<Value> Evaluate(const Expression& expression, const TimeSeries& series, std::int64_t at_ms);

}  // namespace sluice::embedded::promql
