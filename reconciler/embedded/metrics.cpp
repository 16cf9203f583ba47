#include "reconciler/embedded/metrics.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace sluice::embedded {
namespace {

// Linear between two points, clamped.
std::int64_t Between(std::int64_t x, std::int64_t x0, std::int64_t x1, std::int64_t y0, std::int64_t y1) {
  if (x <= x0) return y0;
  if (x >= x1) return y1;
  return y0 + (y1 - y0) * (x - x0) / (x1 - x0);
}

// The series of these counters, in a fixed order.
std::vector<Labels> SeriesOf(const Labels& labels, const Counters& counters) {
  std::vector<Labels> series;
  Labels own = labels;
  own["__name__"] = "http_requests_total";
  for (const auto& [code, count] : counters.by_code) {
    own["code"] = std::to_string(code);
    series.push_back(own);
  }
  own.erase("code");
  own["__name__"] = "http_request_duration_seconds_count";
  series.push_back(own);
  own["__name__"] = "http_request_duration_seconds_sum";
  series.push_back(own);
  own["__name__"] = "http_request_duration_seconds_bucket";
  for (std::size_t i = 0; i < counters.buckets.size(); ++i) {
    own["le"] = i < kBuckets.size() ? fmt::format("{}", static_cast<double>(kBuckets[i]) / 1000.0) : "+Inf";
    series.push_back(own);
  }
  return series;
}

// Their values, in the same order.
std::vector<double> ValuesOf(const Counters& counters) {
  std::vector<double> values;
  for (const auto& [code, count] : counters.by_code) values.push_back(static_cast<double>(count));
  values.push_back(static_cast<double>(counters.count));
  values.push_back(static_cast<double>(counters.sum_ms) / 1000.0);
  std::int64_t sum = 0;
  for (const std::int64_t bucket : counters.buckets) values.push_back(static_cast<double>(sum += bucket));
  return values;
}

}  // namespace

std::int64_t ShareWithin(const LatencyShape& latency, std::int64_t ms) {
  std::int64_t median = std::max<std::int64_t>(latency.median.count(), 1);
  std::int64_t p99 = std::max<std::int64_t>(latency.p99.count(), median);
  if (ms <= median) return Between(ms, median / 2, median, 0, kMillion / 2);
  if (ms <= p99) return Between(ms, median, p99, kMillion / 2, kMillion / 100 * 99);
  return Between(ms, p99, p99 + p99 / 4, kMillion / 100 * 99, kMillion);
}

std::int64_t Book(Counters& counters, const ImageBehaviour& behaviour, TimePoint ready, TimePoint now,
                  std::int64_t requests) {
  counters.owed_errors += requests * ErrorsAt(behaviour, ready, now);
  std::int64_t failed = counters.owed_errors / kMillion;
  counters.owed_errors %= kMillion;
  failed = std::min(failed, requests);
  if (requests > failed) counters.by_code[200] += requests - failed;
  if (failed > 0) counters.by_code[500] += failed;
  counters.count += requests;

  const LatencyShape latency = LatencyAt(behaviour, ready, now);
  std::int64_t below = 0;
  std::int64_t placed = 0;
  std::size_t most_owed = 0;
  for (std::size_t i = 0; i < counters.buckets.size(); ++i) {
    std::int64_t share = i < kBuckets.size() ? ShareWithin(latency, kBuckets[i]) : kMillion;
    counters.owed_buckets[i] += requests * (share - below);
    std::int64_t whole = std::min(std::max<std::int64_t>(counters.owed_buckets[i], 0) / kMillion, requests - placed);
    counters.owed_buckets[i] -= whole * kMillion;
    counters.buckets[i] += whole;
    placed += whole;
    below = share;
    std::int64_t upper = i < kBuckets.size() ? kBuckets[i] : kBuckets.back();
    counters.sum_ms += whole * std::min(upper, latency.p99.count());
    if (counters.owed_buckets[i] > counters.owed_buckets[most_owed]) most_owed = i;
  }
  // What rounding left over goes where most is owed, one by one.
  for (; placed < requests; ++placed) {
    most_owed = static_cast<std::size_t>(std::max_element(counters.owed_buckets.begin(), counters.owed_buckets.end()) -
                                         counters.owed_buckets.begin());
    ++counters.buckets[most_owed];
    counters.owed_buckets[most_owed] -= kMillion;
    counters.sum_ms += std::min(most_owed < kBuckets.size() ? kBuckets[most_owed] : kBuckets.back(),
                                static_cast<std::int64_t>(latency.p99.count()));
  }
  return failed;
}

Labels Metrics::LabelsFor(const std::string& namespace_, const std::map<std::string, std::string>& pod_labels) {
  Labels labels;
  for (const auto& [name, value] : pod_labels) {
    std::string clean = name;
    std::replace_if(
        clean.begin(), clean.end(),
        [](char c) {
          return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_');
        },
        '_');
    labels[clean] = value;
  }
  labels["namespace"] = namespace_;
  return labels;
}

void Metrics::DropAllBut(const std::set<Labels>& live, TimePoint now, TimeSeries& series) {
  std::erase_if(counters_, [&](const auto& entry) {
    if (live.contains(entry.first)) return false;
    for (const Labels& own : SeriesOf(entry.first, entry.second)) series.End(own, now);
    return true;
  });
}

void Metrics::Scrape(TimePoint now, TimeSeries& series) {
  for (auto& [labels, counters] : counters_) {
    const std::vector<double> values = ValuesOf(counters);
    if (counters.series.size() != values.size()) {
      counters.series.clear();
      for (const Labels& own : SeriesOf(labels, counters)) counters.series.push_back(&series.At(own));
    }
    for (std::size_t i = 0; i < values.size(); ++i) TimeSeries::Append(*counters.series[i], now, values[i]);
  }
}

}  // namespace sluice::embedded
