// PromQL's functions: their types and what they compute of samples and numbers.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reconciler/embedded/promql_parse.h"

namespace sluice::embedded::promql {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Signature {
  Type result = Type::kVector;
  std::vector<Type> parameters;
  std::size_t least = 0;  // of the parameters that must be given
};
// nullptr for an unknown function.
const Signature* SignatureOf(const std::string& name);

// The samples of one series within (end - range, end], stale markers left out.
struct Window {
  std::vector<std::pair<std::int64_t, double>> samples;  // ms, value
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
};
// rate, increase, *_over_time …: nothing where there are too few samples. `parameter` is quantile_over_time's.
std::optional<double> OverWindow(const std::string& function, const Window& window, double parameter);

// abs, ceil, clamp …: of one value with the further arguments of the call.
double OfValue(const std::string& function, double value, const std::vector<double>& arguments);

// Prometheus' quantile of values (linear between ranks).
double Quantile(double q, std::vector<double> values);

// A cumulative bucket: upper bound and count.
struct Bucket {
  double bound = 0;
  double count = 0;
};
// histogram_quantile of one histogram; NaN without a +Inf bucket or observations.
double HistogramQuantile(double q, std::vector<Bucket> buckets);

}  // namespace sluice::embedded::promql
