// Reads what graph_fields.h names from parsed JSON. Private to this folder.
//
// Goes on after a mistake but remembers the first; what is read is of use only if `error()` is empty.
#pragma once

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "compiler/base/result.h"
#include "compiler/graph/expression_codec.h"
#include "compiler/graph/graph_fields.h"
#include "compiler/graph/value_codec.h"

namespace sluice::graph {

class GraphReader {
 public:
  static constexpr bool kReading = true;

  explicit GraphReader(bool spans) : spans_(spans) {}

  const std::string& error() const { return error_; }
  bool HasSpans() const { return spans_; }

  template <typename T>
  void Field(std::string_view name, T& value) {
    if (const Value* json = Take(name)) {
      path_.emplace_back(name);
      Read(*json, value);
      path_.pop_back();
    }
  }
  void Required(std::string_view name, ExpressionPtr& value) {
    Field(name, value);
    if (!value) {
      value = std::make_shared<Expression>();
    }
  }
  // A member that may be missing.
  template <typename T>
  void Optional(std::string_view name, T& values) {
    if (objects_.back().map->Find(name) != nullptr) {
      Field(name, values);
    }
  }
  void Exact(std::string_view name, Value& value) {
    if (const Value* json = Take(name)) {
      Keep(ExactValue(*json), value);
    }
  }
  template <typename... Ts>
  void Kind(std::string_view name, std::variant<Ts...>& value) {
    std::string word;
    Field(name, word);
    const auto found = std::find(kNodeWords.begin(), kNodeWords.end(), word);
    if (found == kNodeWords.end()) {
      return Fail(fmt::format("`{}` is no kind of node", word));
    }
    Emplace(value, static_cast<std::size_t>(found - kNodeWords.begin()), std::index_sequence_for<Ts...>());
  }
  template <typename... Ts>
  void Alternative(std::string_view name, std::variant<Ts...>& value) {
    std::visit([&](auto& alternative) { Field(name, alternative); }, value);
  }
  void Outcomes(std::string_view name, Disposition (&outcomes)[kOutcomeCount]) {
    if (const Value* json = Take(name)) {
      path_.emplace_back(name);
      ReadObject(*json, [&] {
        for (std::size_t i = 0; i < kOutcomeCount; ++i) {
          Field(kOutcomeWords[i], outcomes[i]);
        }
      });
      path_.pop_back();
    }
  }

  template <typename T>
  void Read(const Value& json, T& value) {
    if constexpr (std::is_enum_v<T>) {
      const std::string* word = json.as_string();
      const auto& words = WordsOf(T{});
      const auto found = word == nullptr ? words.end() : std::find(words.begin(), words.end(), *word);
      if (found == words.end()) {
        return Fail("no such word");
      }
      value = static_cast<T>(found - words.begin());
    } else {
      ReadObject(json, [&] { Fields(*this, value); });
    }
  }
  void Read(const Value& json, bool& value) {
    const bool* read = json.as_bool();
    read != nullptr ? void(value = *read) : Fail("true or false is missing");
  }
  void Read(const Value& json, std::int32_t& value) { ReadInteger(json, value); }
  void Read(const Value& json, std::uint32_t& value) { ReadInteger(json, value); }
  void Read(const Value& json, Duration& value) {
    std::int64_t count = 0;
    ReadInteger(json, count);
    value = Duration(count);
  }
  void Read(const Value& json, std::string& value) {
    const std::string* read = json.as_string();
    read != nullptr ? void(value = *read) : Fail("text is missing");
  }
  void Read(const Value& json, Value& value) { value = json; }
  void Read(const Value& json, Number& value);
  void Read(const Value& json, ExpressionPtr& value) {
    if (json.is_none()) {
      value = nullptr;
      return;
    }
    Keep(ExpressionOf(json), value);
  }
  template <typename T>
  void Read(const Value& json, std::optional<T>& value) {
    if (json.is_none()) {
      value = std::nullopt;
      return;
    }
    Read(json, value.emplace());
  }
  template <typename T>
  void Read(const Value& json, std::vector<T>& values) {
    const List* list = json.as_list();
    if (list == nullptr) {
      return Fail("a list is missing");
    }
    values.clear();
    values.reserve(list->size());
    for (std::size_t i = 0; i < list->size() && error_.empty(); ++i) {
      path_.push_back(fmt::format("[{}]", i));
      Read((*list)[i], values.emplace_back());
      path_.pop_back();
    }
  }
  void Read(const Value& json, std::pair<std::string, ExpressionPtr>& pair) {
    const List* list = json.as_list();
    if (list == nullptr || list->size() != 2) {
      return Fail("a name and a value are missing");
    }
    Read((*list)[0], pair.first);
    Read((*list)[1], pair.second);
    if (!pair.second) {
      pair.second = std::make_shared<Expression>();
    }
  }
  void Read(const Value& json, FunctionTable& functions) {
    const Map* map = json.as_map();
    if (map == nullptr) {
      return Fail("functions are missing");
    }
    for (const auto& [name, body] : map->entries()) {
      path_.push_back(name);
      Read(body, functions[name]);
      path_.pop_back();
    }
  }

 private:
  struct Object {
    const Map* map = nullptr;
    std::set<std::string, std::less<>> taken;
  };

  template <typename Body>
  void ReadObject(const Value& json, const Body& body) {
    const Map* map = json.as_map();
    if (map == nullptr) {
      return Fail("an object is missing");
    }
    objects_.push_back(Object{map, {}});
    body();
    const Object done = std::move(objects_.back());
    objects_.pop_back();
    for (const auto& [name, value] : map->entries()) {
      if (!done.taken.contains(name)) {
        return Fail(fmt::format("unknown field `{}`", name));
      }
    }
  }

  const Value* Take(std::string_view name) {
    Object& object = objects_.back();
    const Value* value = object.map->Find(name);
    if (value == nullptr) {
      Fail(fmt::format("field `{}` is missing", name));
      return nullptr;
    }
    object.taken.emplace(name);
    return value;
  }

  template <typename T>
  void ReadInteger(const Value& json, T& value) {
    const Quantity* read = json.as_quantity();
    if (read == nullptr || !read->number.is_integer() || read->number.overflowed() ||
        !std::in_range<T>(read->number.numerator())) {
      return Fail("a whole number is missing");
    }
    value = static_cast<T>(read->number.numerator());
  }

  template <typename T>
  void Keep(Result<T> result, T& value) {
    if (result) {
      value = *std::move(result);
    } else {
      Fail(result.error().message);
    }
  }

  template <typename... Ts, std::size_t... Is>
  static void Emplace(std::variant<Ts...>& value, std::size_t index, std::index_sequence<Is...>) {
    ((index == Is ? void(value.template emplace<Is>()) : void()), ...);
  }

  void Fail(const std::string& what) {
    if (!error_.empty()) {
      return;
    }
    std::string path;
    for (const std::string& part : path_) {
      path += path.empty() || part.front() == '[' ? part : "." + part;
    }
    error_ = path.empty() ? what : path + ": " + what;
  }

  bool spans_;
  std::vector<std::string> path_;
  std::vector<Object> objects_;
  std::string error_;
};

inline void GraphReader::Read(const Value& json, Number& value) {
  if (const Quantity* read = json.as_quantity()) {
    value = read->number;
    return;
  }
  const std::string* text = json.as_string();
  const std::size_t slash = text == nullptr ? std::string::npos : text->find('/');
  const auto numerator = slash == std::string::npos ? std::nullopt : Number::Parse(text->substr(0, slash));
  const auto denominator = slash == std::string::npos ? std::nullopt : Number::Parse(text->substr(slash + 1));
  const Number ratio = numerator && denominator ? *numerator / *denominator : Number::Overflow();
  if (ratio.overflowed()) {
    return Fail("a number is missing");
  }
  value = ratio;
}

}  // namespace sluice::graph
