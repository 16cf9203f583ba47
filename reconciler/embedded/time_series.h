// What the embedded Prometheus remembers: samples by their labels, for as long as the retention says.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "compiler/base/time.h"
#include "reconciler/embedded/pattern.h"

namespace sluice::embedded {

using Labels = std::map<std::string, std::string>;  // "__name__" among them

struct Matcher {
  enum class Kind { kEqual, kNotEqual, kMatches, kNotMatches };
  Kind kind = Kind::kEqual;
  std::string label;
  std::string value;
  std::shared_ptr<const Pattern> pattern;  // of the last two kinds

  bool Fits(const Labels& labels) const;  // an absent label is ""
};

struct Sample {
  std::int64_t at_ms = 0;
  double value = 0;
  bool stale = false;  // the series ended here
};

struct Series {
  Labels labels;
  std::deque<Sample> samples;  // ascending in time
};

class TimeSeries {
 public:
  explicit TimeSeries(Duration retention) : retention_(retention) {}

  // Samples older than a series' last are dropped.
  void Append(const Labels& labels, TimePoint at, double value) { Append(At(labels), at, value); }
  static void Append(Series& series, TimePoint at, double value);
  // Made where there is none. Stays where it is for as long as its newest sample is younger than the retention.
  Series& At(const Labels& labels);
  // The series' source is gone: it is absent from `at` on until it is appended to again.
  void End(const Labels& labels, TimePoint at);
  // In the order of their labels.
  std::vector<const Series*> Select(const std::vector<Matcher>& matchers) const;
  // Forgets what is older than the retention.
  void Prune(TimePoint now);
  std::size_t size() const { return series_.size(); }

 private:
  Duration retention_;
  std::map<Labels, std::unique_ptr<Series>> series_;
  std::map<std::pair<std::string, std::string>, std::map<Labels, const Series*>> by_label_;
};

}  // namespace sluice::embedded
