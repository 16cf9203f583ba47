#include "reconciler/embedded/promql_eval.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include "reconciler/embedded/promql_functions.h"
#include "reconciler/embedded/promql_match.h"

namespace sluice::embedded::promql {
namespace {

class Evaluator {
 public:
  Evaluator(const TimeSeries& series, std::int64_t at_ms) : series_(series), at_ms_(at_ms) {}

  Result<Value> At(const Expression& expression) const {
    switch (expression.kind) {
      case Expression::Kind::kNumber:
        return Value(expression.number);
      case Expression::Kind::kString:
        return Value(expression.name);
      case Expression::Kind::kSelector:
        return expression.range_ms > 0 ? Value(RangeOf(expression)) : Value(InstantOf(expression));
      case Expression::Kind::kNegate:
        return Negated(expression);
      case Expression::Kind::kBinary:
        return Binary(expression);
      case Expression::Kind::kAggregate:
        return Aggregate(expression);
      case Expression::Kind::kCall:
        return Call(expression);
    }
    return Error{ErrorCode::kInvalid, "unknown expression"};
  }

 private:
  Vector InstantOf(const Expression& selector) const {
    std::int64_t at = at_ms_ - selector.offset_ms;
    Vector vector;
    for (const Series* series : series_.Select(selector.matchers)) {
      const Sample* last = LastAt(*series, at);
      if (last != nullptr) vector.push_back({series->labels, last->value});
    }
    return vector;
  }

  // The sample that an instant selector takes: not older than the lookback, and no stale marker.
  static const Sample* LastAt(const Series& series, std::int64_t at) {
    auto after = std::upper_bound(series.samples.begin(), series.samples.end(), at,
                                  [](std::int64_t time, const Sample& sample) { return time < sample.at_ms; });
    if (after == series.samples.begin()) return nullptr;
    const Sample& last = *std::prev(after);
    return last.stale || last.at_ms <= at - kLookbackMs ? nullptr : &last;
  }

  static Window WindowOf(const Series& series, std::int64_t end, std::int64_t range) {
    Window window;
    window.start_ms = end - range;
    window.end_ms = end;
    auto from = std::upper_bound(series.samples.begin(), series.samples.end(), window.start_ms,
                                 [](std::int64_t time, const Sample& sample) { return time < sample.at_ms; });
    for (; from != series.samples.end() && from->at_ms <= end; ++from) {
      if (!from->stale) window.samples.emplace_back(from->at_ms, from->value);
    }
    return window;
  }

  Matrix RangeOf(const Expression& selector) const {
    Matrix matrix;
    for (const Series* series : series_.Select(selector.matchers)) {
      Window window = WindowOf(*series, at_ms_ - selector.offset_ms, selector.range_ms);
      if (!window.samples.empty()) matrix.push_back({series->labels, std::move(window.samples)});
    }
    return matrix;
  }

  Result<Value> Negated(const Expression& negated) const {
    auto value = At(negated.children[0]);
    if (!value.ok()) return value;
    if (const double* number = std::get_if<double>(&*value)) return Value(-*number);
    Vector vector = std::get<Vector>(std::move(value).value());
    for (Element& each : vector) {
      each.value = -each.value;
      each.labels.erase("__name__");
    }
    return Value(std::move(vector));
  }

  Result<Value> Binary(const Expression& both) const {
    auto left = At(both.children[0]);
    if (!left.ok()) return left;
    auto right = At(both.children[1]);
    if (!right.ok()) return right;
    const double* left_number = std::get_if<double>(&*left);
    const double* right_number = std::get_if<double>(&*right);
    if (left_number != nullptr && right_number != nullptr) {
      return Value(Operate(both.name, both.return_bool, *left_number, *right_number).value_or(0));
    }
    if (left_number != nullptr) {
      return Value(CombineWithScalar(both, std::get<Vector>(*right), *left_number, true));
    }
    if (right_number != nullptr) {
      return Value(CombineWithScalar(both, std::get<Vector>(*left), *right_number, false));
    }
    const Vector& a = std::get<Vector>(*left);
    const Vector& b = std::get<Vector>(*right);
    if (both.matching.group == Matching::Group::kSet) return Value(CombineSets(both, a, b));
    auto combined = CombineVectors(both, a, b);
    if (!combined.ok()) return combined.error();
    return Value(std::move(combined).value());
  }

  Result<Value> Aggregate(const Expression& aggregate) const {
    auto operand = At(aggregate.children.back());
    if (!operand.ok()) return operand;
    double parameter = 0;
    if (aggregate.children.size() > 1) {
      auto first = At(aggregate.children[0]);
      if (!first.ok()) return first;
      parameter = std::get<double>(*first);
    }
    return Value(Aggregated(aggregate, std::get<Vector>(*operand), parameter));
  }

  Result<Value> Call(const Expression& call) const {
    const std::string& name = call.name;
    if (name == "time") return Value(static_cast<double>(at_ms_) / 1000);
    for (const Expression& child : call.children) {
      if (child.type == Type::kRange) return OverRange(call, child);
    }
    std::vector<Value> arguments;
    for (const Expression& child : call.children) {
      auto value = At(child);
      if (!value.ok()) return value;
      arguments.push_back(std::move(value).value());
    }
    if (name == "vector") return Value(Vector{{{}, std::get<double>(arguments[0])}});
    if (name == "histogram_quantile") {
      return Value(Histogram(std::get<double>(arguments[0]), std::get<Vector>(arguments[1])));
    }
    const Vector& vector = std::get<Vector>(arguments[0]);
    if (name == "scalar") return Value(vector.size() == 1 ? vector[0].value : kNaN);
    if (name == "absent") return Value(Absent(call.children[0], vector));
    if (name == "timestamp") return Value(Timestamps(call.children[0], vector));
    if (name == "sort" || name == "sort_desc") return Value(Sorted(vector, name == "sort"));
    std::vector<double> numbers;
    for (std::size_t i = 1; i < arguments.size(); ++i) numbers.push_back(std::get<double>(arguments[i]));
    Vector answer;
    for (const Element& each : vector) answer.push_back({Unnamed(each.labels), OfValue(name, each.value, numbers)});
    return Value(std::move(answer));
  }

  static Labels Unnamed(Labels labels) {
    labels.erase("__name__");
    return labels;
  }

  Result<Value> OverRange(const Expression& call, const Expression& selector) const {
    double parameter = 0;
    if (call.children[0].type == Type::kScalar) {
      auto first = At(call.children[0]);
      if (!first.ok()) return first;
      parameter = std::get<double>(*first);
    }
    Vector answer;
    for (const Series* series : series_.Select(selector.matchers)) {
      Window window = WindowOf(*series, at_ms_ - selector.offset_ms, selector.range_ms);
      auto value = OverWindow(call.name, window, parameter);
      bool keeps_name = call.name == "last_over_time";
      if (value) answer.push_back({keeps_name ? series->labels : Unnamed(series->labels), *value});
    }
    return Value(std::move(answer));
  }

  static Vector Histogram(double q, const Vector& vector) {
    std::map<Labels, std::vector<Bucket>> histograms;
    for (const Element& each : vector) {
      auto bound = each.labels.find("le");
      if (bound == each.labels.end()) continue;
      const std::string& text = bound->second;
      double number = std::numeric_limits<double>::infinity();
      if (text != "+Inf" && text != "Inf") {
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc() || end != text.data() + text.size()) continue;
      }
      Labels labels = Unnamed(each.labels);
      labels.erase("le");
      histograms[std::move(labels)].push_back({number, each.value});
    }
    Vector answer;
    for (auto& [labels, buckets] : histograms) {
      answer.push_back({labels, HistogramQuantile(q, std::move(buckets))});
    }
    return answer;
  }

  static Vector Absent(const Expression& operand, const Vector& vector) {
    if (!vector.empty()) return {};
    Labels labels;
    for (const Matcher& matcher : operand.matchers) {
      if (matcher.kind == Matcher::Kind::kEqual && matcher.label != "__name__") labels[matcher.label] = matcher.value;
    }
    return {{labels, 1}};
  }

  // Of a selector when its samples were taken, of anything else now.
  Vector Timestamps(const Expression& operand, const Vector& vector) const {
    Vector answer;
    if (operand.kind != Expression::Kind::kSelector) {
      for (const Element& each : vector) answer.push_back({Unnamed(each.labels), static_cast<double>(at_ms_) / 1000});
      return answer;
    }
    for (const Series* series : series_.Select(operand.matchers)) {
      const Sample* last = LastAt(*series, at_ms_ - operand.offset_ms);
      if (last != nullptr) answer.push_back({Unnamed(series->labels), static_cast<double>(last->at_ms) / 1000});
    }
    return answer;
  }

  static Vector Sorted(Vector vector, bool ascending) {
    std::stable_sort(vector.begin(), vector.end(), [&](const Element& a, const Element& b) {
      return ascending ? a.value < b.value : a.value > b.value;
    });
    return vector;
  }

  const TimeSeries& series_;
  std::int64_t at_ms_;
};

}  // namespace

Result<Value> Evaluate(const Expression& expression, const TimeSeries& series, std::int64_t at_ms) {
  auto value = Evaluator(series, at_ms).At(expression);
  if (!value.ok()) return value;
  const Vector* vector = std::get_if<Vector>(&*value);
  if (vector == nullptr) return value;
  std::set<Labels> seen;
  for (const Element& each : *vector) {
    if (!seen.insert(each.labels).second) {
      return Error{ErrorCode::kInvalid, "vector cannot contain metrics with the same labelset"};
    }
  }
  return value;
}

}  // namespace sluice::embedded::promql
