#include "compiler/check/data.h"

#include <algorithm>
#include <variant>

#include <fmt/format.h>

namespace sluice::check {
namespace {

// What in the value cannot be written into an object, if anything.
const graph::Value* NotData(const graph::Value& value) {
  if (value.as_secret() != nullptr || value.as_handle() != nullptr || value.is_residual()) {
    return &value;
  }
  const graph::Value* found = nullptr;
  if (const graph::List* list = value.as_list()) {
    for (auto item = list->begin(); found == nullptr && item != list->end(); ++item) {
      found = NotData(*item);
    }
  } else if (const graph::Map* map = value.as_map()) {
    for (auto entry = map->entries().begin(); found == nullptr && entry != map->entries().end(); ++entry) {
      found = NotData(entry->second);
    }
  }
  return found;
}

// Where in the plan the part is written that `NotData` finds: the line the author changes. As far as maps and
// lists are written out.
Span SpanOfNotData(const syntax::Expression& written, const graph::Value& value) {
  const auto* entries = std::get_if<syntax::MapLiteral>(&written.node);
  if (const graph::Map* map = value.as_map(); entries != nullptr && map != nullptr) {
    for (const syntax::MapEntry& entry : entries->entries) {
      const auto* key = entry.key ? std::get_if<syntax::StringLiteral>(&entry.key->node) : nullptr;
      if (key == nullptr || key->parts.size() != 1 || key->parts[0].value || !entry.value) {
        continue;
      }
      const auto found = std::find_if(map->entries().begin(), map->entries().end(),
                                      [&](const auto& field) { return field.first == key->parts[0].text; });
      if (found != map->entries().end() && NotData(found->second) != nullptr) {
        return SpanOfNotData(*entry.value, found->second);
      }
    }
  }
  const auto* items = std::get_if<syntax::ListLiteral>(&written.node);
  if (const graph::List* list = value.as_list(); items != nullptr && list != nullptr) {
    for (std::size_t i = 0; i < std::min(items->items.size(), list->size()); ++i) {
      if (items->items[i] && NotData((*list)[i]) != nullptr) {
        return SpanOfNotData(*items->items[i], (*list)[i]);
      }
    }
  }
  return written.span;
}

}  // namespace

std::optional<Span> CheckData(const graph::Value& value, const syntax::Expression& written, const std::string& what,
                              Checker& checker) {
  const graph::Value* alien = NotData(value);
  const Span span = SpanOfNotData(written, value);
  if (alien == nullptr) {
    return span;
  }
  if (alien->as_secret() != nullptr) {
    checker.context.Report(diagnostics::kMisplacedSecret, span, fmt::format("{} holds a secret", what))
        .Note("a secret is read in the cluster; a plan's objects are written out as text")
        .Emit();
    return span;
  }
  checker.context
      .Report(diagnostics::kWrongClauseValue, span,
              fmt::format("{} holds {}, which is no data", what, alien->KindName()))
      .Emit();
  return std::nullopt;
}

graph::Value WithoutUnits(const graph::Value& value) {
  if (const graph::Map* map = value.as_map()) {
    graph::Map result;
    for (const auto& [key, item] : map->entries()) {
      if (!item.is_none()) {
        result.Set(key, WithoutUnits(item));
      }
    }
    return graph::Value(std::move(result));
  }
  if (const graph::List* list = value.as_list()) {
    graph::List result;
    for (const graph::Value& item : *list) {
      result.push_back(WithoutUnits(item));
    }
    return graph::Value(std::move(result));
  }
  const graph::Quantity* quantity = value.as_quantity();
  return quantity != nullptr && quantity->unit != graph::Unit::kNone ? graph::Value(value.ToText()) : value;
}

}  // namespace sluice::check
