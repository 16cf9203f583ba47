#include "reconciler/embedded/promql_functions.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

namespace sluice::embedded::promql {
namespace {

using Samples = std::vector<std::pair<std::int64_t, double>>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Prometheus' extrapolatedRate: to the window's edges, but no further than half a scrape where the samples end
// well before, and never below zero for a counter.
std::optional<double> Extrapolated(const Window& window, bool counter, bool per_second) {
  const Samples& samples = window.samples;
  if (samples.size() < 2) return std::nullopt;
  double result = samples.back().second - samples.front().second;
  for (std::size_t i = 1; counter && i < samples.size(); ++i) {
    if (samples[i].second < samples[i - 1].second) result += samples[i - 1].second;
  }
  double to_start = static_cast<double>(samples.front().first - window.start_ms) / 1000;
  double to_end = static_cast<double>(window.end_ms - samples.back().first) / 1000;
  double sampled = static_cast<double>(samples.back().first - samples.front().first) / 1000;
  double average = sampled / static_cast<double>(samples.size() - 1);
  double threshold = average * 1.1;
  if (to_start >= threshold) to_start = average / 2;
  if (counter && result > 0 && samples.front().second >= 0) {
    to_start = std::min(to_start, sampled * (samples.front().second / result));
  }
  if (to_end >= threshold) to_end = average / 2;
  double factor = (sampled + to_start + to_end) / sampled;
  if (per_second) factor /= static_cast<double>(window.end_ms - window.start_ms) / 1000;
  return result * factor;
}

// Of the last two samples.
std::optional<double> Instant(const Samples& samples, bool rate) {
  if (samples.size() < 2) return std::nullopt;
  const auto& last = samples.back();
  const auto& before = samples[samples.size() - 2];
  double difference = last.second - before.second;
  if (!rate) return difference;
  if (last.second < before.second) difference = last.second;
  return difference / (static_cast<double>(last.first - before.first) / 1000);
}

double Changes(const Samples& samples, bool resets) {
  double changes = 0;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    double now = samples[i].second;
    double before = samples[i - 1].second;
    bool counts = resets ? now < before : now != before && !(std::isnan(now) && std::isnan(before));
    if (counts) ++changes;
  }
  return changes;
}

double Variance(const std::vector<double>& values) {
  double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  double sum = 0;
  for (double value : values) sum += (value - mean) * (value - mean);
  return sum / static_cast<double>(values.size());
}

std::optional<double> OverTime(const std::string& what, const Samples& samples, double parameter) {
  std::vector<double> values;
  for (const auto& [at, value] : samples) values.push_back(value);
  double count = static_cast<double>(values.size());
  if (what == "count") return count;
  if (what == "present") return 1;
  if (what == "last") return values.back();
  if (what == "min") return *std::min_element(values.begin(), values.end());
  if (what == "max") return *std::max_element(values.begin(), values.end());
  if (what == "stdvar") return Variance(values);
  if (what == "stddev") return std::sqrt(Variance(values));
  if (what == "quantile") return Quantile(parameter, values);
  double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return what == "avg" ? sum / count : sum;
}

}  // namespace

const Signature* SignatureOf(const std::string& name) {
  static const std::map<std::string, Signature> kSignatures = [] {
    std::map<std::string, Signature> all;
    for (const char* each : {"rate", "irate", "increase", "delta", "idelta", "changes", "resets", "avg_over_time",
                             "min_over_time", "max_over_time", "sum_over_time", "count_over_time", "last_over_time",
                             "present_over_time", "stddev_over_time", "stdvar_over_time"}) {
      all[each] = {Type::kVector, {Type::kRange}, 1};
    }
    for (const char* each : {"abs", "ceil", "floor", "sqrt", "exp", "ln", "log2", "log10", "sgn", "sort", "sort_desc",
                             "timestamp", "absent"}) {
      all[each] = {Type::kVector, {Type::kVector}, 1};
    }
    all["round"] = {Type::kVector, {Type::kVector, Type::kScalar}, 1};
    all["clamp"] = {Type::kVector, {Type::kVector, Type::kScalar, Type::kScalar}, 3};
    all["clamp_min"] = {Type::kVector, {Type::kVector, Type::kScalar}, 2};
    all["clamp_max"] = {Type::kVector, {Type::kVector, Type::kScalar}, 2};
    all["quantile_over_time"] = {Type::kVector, {Type::kScalar, Type::kRange}, 2};
    all["histogram_quantile"] = {Type::kVector, {Type::kScalar, Type::kVector}, 2};
    all["vector"] = {Type::kVector, {Type::kScalar}, 1};
    all["scalar"] = {Type::kScalar, {Type::kVector}, 1};
    all["time"] = {Type::kScalar, {}, 0};
    return all;
  }();
  auto found = kSignatures.find(name);
  return found == kSignatures.end() ? nullptr : &found->second;
}

std::optional<double> OverWindow(const std::string& function, const Window& window, double parameter) {
  const Samples& samples = window.samples;
  if (samples.empty()) return std::nullopt;
  if (function == "rate") return Extrapolated(window, true, true);
  if (function == "increase") return Extrapolated(window, true, false);
  if (function == "delta") return Extrapolated(window, false, false);
  if (function == "irate") return Instant(samples, true);
  if (function == "idelta") return Instant(samples, false);
  if (function == "changes" || function == "resets") return Changes(samples, function == "resets");
  return OverTime(function.substr(0, function.find('_')), samples, parameter);
}

double OfValue(const std::string& function, double value, const std::vector<double>& arguments) {
  if (function == "abs") return std::fabs(value);
  if (function == "ceil") return std::ceil(value);
  if (function == "floor") return std::floor(value);
  if (function == "sqrt") return std::sqrt(value);
  if (function == "exp") return std::exp(value);
  if (function == "ln") return std::log(value);
  if (function == "log2") return std::log2(value);
  if (function == "log10") return std::log10(value);
  if (function == "sgn") return value > 0 ? 1 : value < 0 ? -1 : value;
  if (function == "clamp_min") return std::max(value, arguments[0]);
  if (function == "clamp_max") return std::min(value, arguments[0]);
  if (function == "clamp") return std::max(std::min(value, arguments[1]), arguments[0]);  // NaN stays
  // round: halves go up.
  double inverse = 1.0 / (arguments.empty() ? 1.0 : arguments[0]);
  return std::floor(value * inverse + 0.5) / inverse;
}

double Quantile(double q, std::vector<double> values) {
  if (values.empty() || std::isnan(q)) return kNaN;
  if (q < 0) return -kInfinity;
  if (q > 1) return kInfinity;
  std::sort(values.begin(), values.end());
  double rank = q * static_cast<double>(values.size() - 1);
  auto lower = static_cast<std::size_t>(std::max(0.0, std::floor(rank)));
  std::size_t upper = std::min(values.size() - 1, lower + 1);
  double weight = rank - std::floor(rank);
  return values[lower] * (1 - weight) + values[upper] * weight;
}

double HistogramQuantile(double q, std::vector<Bucket> buckets) {
  if (std::isnan(q)) return kNaN;
  if (q < 0) return -kInfinity;
  if (q > 1) return kInfinity;
  std::sort(buckets.begin(), buckets.end(), [](const Bucket& a, const Bucket& b) { return a.bound < b.bound; });
  if (buckets.size() < 2 || !std::isinf(buckets.back().bound)) return kNaN;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    buckets[i].count = std::max(buckets[i].count, buckets[i - 1].count);
  }
  double observations = buckets.back().count;
  if (observations == 0) return kNaN;
  double rank = q * observations;
  std::size_t at = 0;
  while (at + 1 < buckets.size() && buckets[at].count < rank) ++at;
  if (at + 1 == buckets.size()) return buckets[at - 1].bound;
  if (at == 0 && buckets[0].bound <= 0) return buckets[0].bound;
  double start = at == 0 ? 0 : buckets[at - 1].bound;
  double before = at == 0 ? 0 : buckets[at - 1].count;
  double within = buckets[at].count - before;
  return start + (buckets[at].bound - start) * ((rank - before) / within);
}

}  // namespace sluice::embedded::promql
