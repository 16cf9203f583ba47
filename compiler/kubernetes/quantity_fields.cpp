#include "compiler/kubernetes/quantity_fields.h"

#include <optional>
#include <utility>

#include "compiler/kubernetes/quantities.h"

namespace sluice::kubernetes {
namespace {

using graph::List;
using graph::Map;
using graph::Value;

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
                         : cpu    ? CpuText(*number)
                         : binary ? BytesText(*number)
                                  : DecimalText(*number);
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

Value WithCanonicalQuantities(const Value& object) {
  std::vector<std::string> path;
  return WithCanonical(object, path);
}

}  // namespace sluice::kubernetes
