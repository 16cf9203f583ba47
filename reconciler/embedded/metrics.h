// The counters that pods keep of the requests they answer, as a scrape finds them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "reconciler/embedded/images.h"
#include "reconciler/embedded/options.h"
#include "reconciler/embedded/time_series.h"

namespace sluice::embedded {

// Upper bounds of http_request_duration_seconds, in milliseconds; +Inf follows.
inline constexpr std::array<std::int64_t, 18> kBuckets = {5,   10,  25,  50,  75,   100,  150,  200,  250,
                                                          300, 400, 500, 750, 1000, 1500, 2500, 5000, 10000};

// Requests of all pods with the same labels: a counter never goes back while one of them lives.
struct Counters {
  std::map<int, std::int64_t> by_code;
  std::array<std::int64_t, kBuckets.size() + 1> buckets{};  // not cumulative
  std::int64_t count = 0;
  std::int64_t sum_ms = 0;
  // What rounding still owes, in millionths of a request.
  std::int64_t owed_errors = 0;
  std::array<std::int64_t, kBuckets.size() + 1> owed_buckets{};
  // Where a scrape writes them, in its order; found anew when there are more.
  std::vector<Series*> series;
};

// Share of requests, per million, that take at most `ms`: half of them up to the median, evenly; the rest up to
// the 99th percentile; the last one up to a quarter above it.
std::int64_t ShareWithin(const LatencyShape& latency, std::int64_t ms);

// Books `requests` that a pod of this image answered now, ready since `ready`; how many of them failed.
std::int64_t Book(Counters& counters, const ImageBehaviour& behaviour, TimePoint ready, TimePoint now,
                  std::int64_t requests);

class Metrics {
 public:
  // Labels of a pod's metrics: its namespace, and its labels with what Prometheus doesn't allow as `_`
  // (labelmap over __meta_kubernetes_pod_label_*).
  static Labels LabelsFor(const std::string& namespace_, const std::map<std::string, std::string>& pod_labels);

  Counters& Of(const Labels& labels) { return counters_[labels]; }
  bool empty() const { return counters_.empty(); }
  // The last pod with other labels than these is gone: so are its counters.
  void DropAllBut(const std::set<Labels>& live, TimePoint now, TimeSeries& series);
  // Writes http_requests_total and http_request_duration_seconds as of `now`.
  void Scrape(TimePoint now, TimeSeries& series);

 private:
  std::map<Labels, Counters> counters_;
};

}  // namespace sluice::embedded
