#include "reconciler/cluster/value_json.h"

#include <cstdlib>
#include <limits>
#include <utility>

namespace sluice::cluster {
namespace {

using graph::Value;

Value NumberValue(const Json& json) {
  if (json.is_number_unsigned() &&
      json.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    return Value(Number::Overflow());
  }
  if (json.is_number_integer()) return Value(json.get<std::int64_t>());
  // The shortest text that reads back as the same double is what the server wrote.
  const auto number = Number::Parse(json.dump(), true, true);
  return number ? Value(*number) : Value();
}

Json NumberJson(const Number& number) {
  if (number.overflowed()) return nullptr;
  if (number.is_integer()) return number.numerator();
  const std::string text = number.IsDecimal() ? number.ToString() : number.ToRoundedString(12);
  return std::strtod(text.c_str(), nullptr);
}

}  // namespace

Value ToValue(const Json& json) {
  switch (json.type()) {
    case Json::value_t::boolean:
      return Value(json.get<bool>());
    case Json::value_t::string:
      return Value(json.get_ref<const std::string&>());
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float:
      return NumberValue(json);
    case Json::value_t::array: {
      graph::List list;
      list.reserve(json.size());
      for (const Json& item : json) list.push_back(ToValue(item));
      return Value(std::move(list));
    }
    case Json::value_t::object: {
      graph::Map map;
      map.entries().reserve(json.size());
      // Keys of a JSON object are unique already: appending saves the search of Set.
      for (const auto& [key, value] : json.get_ref<const Json::object_t&>()) {
        map.entries().emplace_back(key, ToValue(value));
      }
      return Value(std::move(map));
    }
    case Json::value_t::null:
    case Json::value_t::binary:
    case Json::value_t::discarded:
      return Value();
  }
  return Value();
}

Json ToJson(const Value& value) {
  if (const bool* boolean = value.as_bool()) return *boolean;
  if (const auto* quantity = value.as_quantity()) return NumberJson(quantity->number);
  if (const std::string* text = value.as_string()) return *text;
  if (const TimePoint* time = value.as_time()) return FormatTime(*time);
  if (const graph::List* list = value.as_list()) {
    Json json = Json::array();
    for (const Value& item : *list) json.push_back(ToJson(item));
    return json;
  }
  if (const graph::Map* map = value.as_map()) {
    Json::object_t members;
    members.reserve(map->size());
    for (const auto& [key, item] : map->entries()) members.emplace(key, ToJson(item));
    return members;
  }
  return nullptr;
}

}  // namespace sluice::cluster
