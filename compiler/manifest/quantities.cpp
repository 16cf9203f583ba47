#include "compiler/manifest/quantities.h"

#include <array>
#include <cstdint>
#include <utility>

#include "compiler/kubernetes/quantities.h"

namespace sluice::manifest {
namespace {

using graph::List;
using graph::Map;
using graph::Value;

struct Suffix {
  std::string_view text;
  std::int64_t numerator, denominator;
};
constexpr std::array<Suffix, 15> kSuffixes{{
    {"Ki", 1LL << 10, 1},
    {"Mi", 1LL << 20, 1},
    {"Gi", 1LL << 30, 1},
    {"Ti", 1LL << 40, 1},
    {"Pi", 1LL << 50, 1},
    {"Ei", 1LL << 60, 1},
    {"n", 1, 1'000'000'000},
    {"u", 1, 1'000'000},
    {"m", 1, 1'000},
    {"k", 1'000, 1},
    {"M", 1'000'000, 1},
    {"G", 1'000'000'000, 1},
    {"T", 1'000'000'000'000, 1},
    {"P", 1'000'000'000'000'000, 1},
    {"E", 1'000'000'000'000'000'000, 1},
}};

// KEP-853: a metric's target is any number.
bool IsTarget(const std::vector<std::string>& path, std::string_view key) {
  return !path.empty() && path.back() == "target" && (key == "averageValue" || key == "value");
}

Value AsWrittenBack(const Value& value, bool bytes, bool cpu) {
  const std::string* text = value.as_string();
  const graph::Quantity* quantity = value.as_quantity();
  const std::optional<Number> number = text != nullptr       ? ParseQuantity(*text)
                                       : quantity != nullptr ? std::optional(quantity->number)
                                                             : std::nullopt;
  const bool binary = bytes || (text != nullptr && text->ends_with('i'));  // what has a binary suffix keeps one
  const auto canonical = !number  ? std::nullopt
                         : cpu    ? kubernetes::CpuText(*number)
                         : binary ? kubernetes::BytesText(*number)
                                  : kubernetes::DecimalText(*number);
  return canonical ? Value(*canonical) : value;
}

Value WithCanonical(const Value& value, std::vector<std::string>& path) {
  if (const List* list = value.as_list()) {
    List result;
    for (const Value& item : *list) {
      result.push_back(WithCanonical(item, path));
    }
    return Value(std::move(result));
  }
  const Map* map = value.as_map();
  if (map == nullptr) {
    return value;
  }
  Map result;
  for (const auto& [key, item] : map->entries()) {
    const bool resource = IsQuantity(path, key);
    if (resource || IsTarget(path, key)) {
      result.Set(key, AsWrittenBack(item, resource, key == "cpu"));
      continue;
    }
    path.push_back(key);
    result.Set(key, WithCanonical(item, path));
    path.pop_back();
  }
  return Value(std::move(result));
}

}  // namespace

bool IsQuantity(const std::vector<std::string>& path, std::string_view key) {
  const std::size_t depth = path.size();
  if (depth >= 2 && path[depth - 2] == "resources" && (path[depth - 1] == "requests" || path[depth - 1] == "limits")) {
    return true;
  }
  return depth >= 1 && path[depth - 1] == "emptyDir" && key == "sizeLimit";
}

std::optional<Number> ParseQuantity(std::string_view text) {
  for (const Suffix& suffix : kSuffixes) {
    if (text.size() > suffix.text.size() && text.ends_with(suffix.text)) {
      const auto number = Number::Parse(text.substr(0, text.size() - suffix.text.size()));
      if (!number || number->overflowed()) {
        return std::nullopt;
      }
      const Number scaled = *number * Number::Ratio(suffix.numerator, suffix.denominator);
      return scaled.overflowed() ? std::nullopt : std::optional<Number>(scaled);
    }
  }
  const auto number = Number::Parse(text, /*exponent=*/true);
  return number && !number->overflowed() ? number : std::nullopt;
}

Value WithCanonicalQuantities(const Value& object) {
  std::vector<std::string> path;
  return WithCanonical(object, path);
}

}  // namespace sluice::manifest
