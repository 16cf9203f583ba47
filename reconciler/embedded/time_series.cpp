#include "reconciler/embedded/time_series.h"

#include <algorithm>

namespace sluice::embedded {
namespace {

std::int64_t Milliseconds(TimePoint time) { return time.time_since_epoch().count(); }

}  // namespace

bool Matcher::Fits(const Labels& labels) const {
  static const std::string kNone;
  auto found = labels.find(label);
  const std::string& text = found == labels.end() ? kNone : found->second;
  switch (kind) {
    case Kind::kEqual:
      return text == value;
    case Kind::kNotEqual:
      return text != value;
    case Kind::kMatches:
      return pattern->Matches(text);
    case Kind::kNotMatches:
      return !pattern->Matches(text);
  }
  return false;
}

Series& TimeSeries::At(const Labels& labels) {
  auto found = series_.find(labels);
  if (found != series_.end()) return *found->second;
  auto series = std::make_unique<Series>();
  series->labels = labels;
  for (const auto& label : labels) by_label_[label][labels] = series.get();
  return *(series_[labels] = std::move(series));
}

void TimeSeries::Append(Series& series, TimePoint at, double value) {
  std::int64_t at_ms = Milliseconds(at);
  if (!series.samples.empty() && series.samples.back().at_ms >= at_ms) return;
  series.samples.push_back({at_ms, value, false});
}

void TimeSeries::End(const Labels& labels, TimePoint at) {
  auto found = series_.find(labels);
  if (found == series_.end()) return;
  std::int64_t at_ms = Milliseconds(at);
  auto& samples = found->second->samples;
  if (samples.empty() || samples.back().stale || samples.back().at_ms >= at_ms) return;
  samples.push_back({at_ms, 0, true});
}

std::vector<const Series*> TimeSeries::Select(const std::vector<Matcher>& matchers) const {
  // The shortest list that an equality names; all series if there is none.
  const std::map<Labels, const Series*>* least = nullptr;
  for (const Matcher& matcher : matchers) {
    if (matcher.kind != Matcher::Kind::kEqual || matcher.value.empty()) continue;
    auto found = by_label_.find({matcher.label, matcher.value});
    if (found == by_label_.end()) return {};
    if (least == nullptr || found->second.size() < least->size()) least = &found->second;
  }
  std::vector<const Series*> selected;
  auto take = [&](const Labels& labels, const Series* series) {
    bool fits = std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& each) { return each.Fits(labels); });
    if (fits) selected.push_back(series);
  };
  if (least != nullptr) {
    for (const auto& [labels, series] : *least) take(labels, series);
  } else {
    for (const auto& [labels, series] : series_) take(labels, series.get());
  }
  return selected;
}

void TimeSeries::Prune(TimePoint now) {
  std::int64_t oldest = Milliseconds(now - retention_);
  for (auto at = series_.begin(); at != series_.end();) {
    auto& samples = at->second->samples;
    while (!samples.empty() && samples.front().at_ms < oldest) samples.pop_front();
    if (!samples.empty()) {
      ++at;
      continue;
    }
    for (const auto& label : at->first) {
      auto& listed = by_label_[label];
      listed.erase(at->first);
      if (listed.empty()) by_label_.erase(label);
    }
    at = series_.erase(at);
  }
}

}  // namespace sluice::embedded
