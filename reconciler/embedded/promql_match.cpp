#include "reconciler/embedded/promql_match.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "reconciler/embedded/promql_functions.h"

namespace sluice::embedded::promql {
namespace {

bool Holds(const std::string& op, double left, double right) {
  if (op == "==") return left == right;
  if (op == "!=") return left != right;
  if (op == "<") return left < right;
  if (op == "<=") return left <= right;
  if (op == ">") return left > right;
  return left >= right;
}

Labels Only(const Labels& labels, const std::vector<std::string>& names) {
  Labels kept;
  for (const std::string& name : names) {
    auto found = labels.find(name);
    if (found != labels.end()) kept.insert(*found);
  }
  return kept;
}

Labels Without(Labels labels, const std::vector<std::string>& names) {
  labels.erase("__name__");
  for (const std::string& name : names) labels.erase(name);
  return labels;
}

Labels MatchKey(const Matching& matching, const Labels& labels) {
  return matching.on ? Only(labels, matching.labels) : Without(labels, matching.labels);
}

std::string Show(const Labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ", ", name, value);
  return "{" + text + "}";
}

// Labels of a result: those of the "many" side, with what group_left or group_right takes over.
Labels ResultLabels(const Expression& both, const Labels& many, const Labels& one) {
  const Matching& matching = both.matching;
  Labels labels = many;
  if (!IsComparison(both.name) || both.return_bool) labels.erase("__name__");
  if (matching.group == Matching::Group::kNone) {
    return matching.on ? Only(labels, matching.labels) : [&] {
      for (const std::string& name : matching.labels) labels.erase(name);
      return labels;
    }();
  }
  for (const std::string& name : matching.include) {
    auto found = one.find(name);
    if (found == one.end()) {
      labels.erase(name);
    } else {
      labels[name] = found->second;
    }
  }
  return labels;
}

// Numbers of one group in the order of the vector.
double Summary(const std::string& what, const std::vector<double>& values, double parameter) {
  double count = static_cast<double>(values.size());
  double sum = 0;
  for (double value : values) sum += value;
  if (what == "sum") return sum;
  if (what == "avg") return sum / count;
  if (what == "count") return count;
  if (what == "group") return 1;
  if (what == "min") return *std::min_element(values.begin(), values.end());
  if (what == "max") return *std::max_element(values.begin(), values.end());
  if (what == "quantile") return Quantile(parameter, values);
  double squares = 0;
  for (double value : values) squares += (value - sum / count) * (value - sum / count);
  return what == "stdvar" ? squares / count : std::sqrt(squares / count);
}

}  // namespace

std::optional<double> Operate(const std::string& op, bool return_bool, double left, double right) {
  if (IsComparison(op)) {
    bool holds = Holds(op, left, right);
    if (return_bool) return holds ? 1 : 0;
    return holds ? std::optional<double>(left) : std::nullopt;
  }
  if (op == "+") return left + right;
  if (op == "-") return left - right;
  if (op == "*") return left * right;
  if (op == "/") return left / right;
  if (op == "%") return std::fmod(left, right);
  if (op == "^") return std::pow(left, right);
  return std::atan2(left, right);
}

Vector CombineSets(const Expression& both, const Vector& left, const Vector& right) {
  std::set<Labels> of_right;
  for (const Element& each : right) of_right.insert(MatchKey(both.matching, each.labels));
  Vector combined;
  std::set<Labels> of_left;
  for (const Element& each : left) {
    Labels signature = MatchKey(both.matching, each.labels);
    bool in_both = of_right.contains(signature);
    if (both.name == "or" || in_both == (both.name == "and")) combined.push_back(each);
    of_left.insert(std::move(signature));
  }
  if (both.name != "or") return combined;
  for (const Element& each : right) {
    if (!of_left.contains(MatchKey(both.matching, each.labels))) combined.push_back(each);
  }
  return combined;
}

Result<Vector> CombineVectors(const Expression& both, const Vector& left, const Vector& right) {
  bool many_right = both.matching.group == Matching::Group::kRight;
  const Vector& many = many_right ? right : left;
  const Vector& one = many_right ? left : right;
  std::map<Labels, const Element*> by_signature;
  for (const Element& each : one) {
    Labels signature = MatchKey(both.matching, each.labels);
    if (!by_signature.emplace(signature, &each).second) {
      return Error{ErrorCode::kInvalid,
                   fmt::format("found duplicate series for the match group {} on the {} hand-side of the operation; "
                               "many-to-many matching not allowed: matching labels must be unique on one side",
                               Show(signature), many_right ? "left" : "right")};
    }
  }
  Vector combined;
  std::set<Labels> used;
  for (const Element& each : many) {
    Labels signature = MatchKey(both.matching, each.labels);
    auto partner = by_signature.find(signature);
    if (partner == by_signature.end()) continue;
    double a = many_right ? partner->second->value : each.value;
    double b = many_right ? each.value : partner->second->value;
    auto value = Operate(both.name, both.return_bool, a, b);
    if (!value) continue;
    Labels labels = ResultLabels(both, each.labels, partner->second->labels);
    bool single = both.matching.group == Matching::Group::kNone;
    if (!used.insert(single ? signature : labels).second) {
      return Error{ErrorCode::kInvalid,
                   "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"};
    }
    combined.push_back({std::move(labels), *value});
  }
  return combined;
}

Vector CombineWithScalar(const Expression& both, const Vector& vector, double scalar, bool scalar_left) {
  Vector combined;
  for (const Element& each : vector) {
    double left = scalar_left ? scalar : each.value;
    double right = scalar_left ? each.value : scalar;
    auto value = Operate(both.name, both.return_bool, left, right);
    if (!value) continue;
    bool filter = IsComparison(both.name) && !both.return_bool;
    Labels labels = each.labels;
    if (!filter) labels.erase("__name__");
    combined.push_back({std::move(labels), filter ? each.value : *value});
  }
  return combined;
}

Vector Aggregated(const Expression& aggregate, const Vector& vector, double parameter) {
  std::map<Labels, std::vector<const Element*>> groups;
  for (const Element& each : vector) {
    Labels group = aggregate.without ? Without(each.labels, aggregate.grouping) : Only(each.labels, aggregate.grouping);
    groups[std::move(group)].push_back(&each);
  }
  bool top = aggregate.name == "topk";
  Vector aggregated;
  for (auto& [labels, elements] : groups) {
    if (top || aggregate.name == "bottomk") {
      std::stable_sort(elements.begin(), elements.end(), [&](const Element* a, const Element* b) {
        return top ? a->value > b->value : a->value < b->value;
      });
      auto wanted = static_cast<std::size_t>(std::clamp(parameter, 0.0, static_cast<double>(elements.size())));
      for (std::size_t i = 0; i < wanted; ++i) aggregated.push_back(*elements[i]);
      continue;
    }
    std::vector<double> values;
    for (const Element* each : elements) values.push_back(each->value);
    aggregated.push_back({labels, Summary(aggregate.name, values, parameter)});
  }
  return aggregated;
}

}  // namespace sluice::embedded::promql
