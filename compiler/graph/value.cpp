#include "compiler/graph/value.h"

#include <algorithm>
#include <array>

#include "compiler/graph/codec.h"

namespace sluice::graph {
namespace {

constexpr std::size_t kIndexFrom = 16;
// Most maps of an object have so many entries or a few less.
constexpr std::size_t kUsualSize = 4;

// The largest of `units` that divides the number; binary units first, because memory is mostly written so.
std::string BytesText(const Number& bytes) {
  struct Suffix {
    std::int64_t size;
    const char* text;
  };
  static constexpr std::array<Suffix, 8> kSuffixes = {{{1LL << 40, "Ti"},
                                                       {1LL << 30, "Gi"},
                                                       {1LL << 20, "Mi"},
                                                       {1LL << 10, "Ki"},
                                                       {1'000'000'000'000, "T"},
                                                       {1'000'000'000, "G"},
                                                       {1'000'000, "M"},
                                                       {1'000, "k"}}};
  if (bytes.is_integer() && bytes.numerator() != 0) {
    for (const Suffix& suffix : kSuffixes) {
      if (bytes.numerator() % suffix.size == 0) {
        return std::to_string(bytes.numerator() / suffix.size) + suffix.text;
      }
    }
  }
  return bytes.ToString();
}

std::string QuantityText(const Quantity& quantity) {
  switch (quantity.unit) {
    case Unit::kNone:
      return quantity.number.ToString();
    case Unit::kPercent:
      return (quantity.number * Number(100)).ToString() + "%";
    case Unit::kDuration:
      return quantity.number.is_integer() ? FormatDuration(Duration(quantity.number.numerator()))
                                          : quantity.number.ToString() + "ms";
    case Unit::kBytes:
      return BytesText(quantity.number);
  }
  return "";
}

// A day as `2027-03-02`, any other instant in full.
std::string TimeText(TimePoint time) {
  const std::string text = FormatTime(time);
  const bool midnight = time == std::chrono::floor<std::chrono::days>(time);
  return midnight && text.size() > 10 ? text.substr(0, 10) : text;
}

bool SameEntries(const Map& a, const Map& b) {
  return a.size() == b.size() && std::all_of(a.entries().begin(), a.entries().end(), [&](const Map::Entry& entry) {
           const Value* other = b.Find(entry.first);
           return other != nullptr && *other == entry.second;
         });
}

}  // namespace

std::vector<std::uint32_t>::const_iterator Map::LowerBound(std::string_view key) const {
  return std::lower_bound(sorted_.begin(), sorted_.end(), key,
                          [&](std::uint32_t at, std::string_view wanted) { return entries_[at].first < wanted; });
}

const Value* Map::Find(std::string_view key) const {
  if (indexed()) {
    const auto at = LowerBound(key);
    return at != sorted_.end() && entries_[*at].first == key ? &entries_[*at].second : nullptr;
  }
  for (const Entry& entry : entries_) {
    if (entry.first == key) {
      return &entry.second;
    }
  }
  return nullptr;
}

void Map::Set(std::string key, Value value) {
  if (const Value* found = Find(key)) {
    *const_cast<Value*>(found) = std::move(value);
    return;
  }
  const auto position = static_cast<std::uint32_t>(entries_.size());
  if (indexed()) {
    sorted_.insert(LowerBound(key), position);
  }
  if (entries_.capacity() == 0) {
    entries_.reserve(kUsualSize);
  }
  entries_.emplace_back(std::move(key), std::move(value));
  if (entries_.size() >= kIndexFrom && !indexed()) {
    sorted_.resize(entries_.size());
    for (std::uint32_t i = 0; i < sorted_.size(); ++i) {
      sorted_[i] = i;
    }
    std::sort(sorted_.begin(), sorted_.end(),
              [&](std::uint32_t a, std::uint32_t b) { return entries_[a].first < entries_[b].first; });
  }
}

void Map::Erase(std::string_view key) {
  sorted_.clear();
  std::erase_if(entries_, [&](const Entry& entry) { return entry.first == key; });
}

Value::Value(List list) : data_(std::make_shared<const List>(std::move(list))) {}
Value::Value(Map map) : data_(std::make_shared<const Map>(std::move(map))) {}

Value Value::Field(std::string_view key) const {
  const Map* map = as_map();
  const Value* found = map != nullptr ? map->Find(key) : nullptr;
  return found != nullptr ? *found : Value();
}

Value Value::Path(std::initializer_list<std::string_view> keys) const {
  const Value* at = this;
  for (const std::string_view key : keys) {
    const Map* map = at->as_map();
    at = map != nullptr ? map->Find(key) : nullptr;
    if (at == nullptr) {
      return {};
    }
  }
  return *at;
}

std::string Value::ToText() const {
  if (const std::string* text = as_string()) {
    return *text;
  }
  if (const bool* flag = as_bool()) {
    return *flag ? "true" : "false";
  }
  if (const Quantity* quantity = as_quantity()) {
    return QuantityText(*quantity);
  }
  if (const TimePoint* time = as_time()) {
    return TimeText(*time);
  }
  if (as_list() != nullptr || as_map() != nullptr) {
    return EncodeValue(*this);
  }
  return is_none() ? "none" : "";
}

std::string Value::ToShortText() const {
  const Quantity* quantity = as_quantity();
  if (quantity == nullptr) return ToText();
  const int digits = quantity->unit == Unit::kPercent ? 5 : quantity->unit == Unit::kNone ? 3 : 0;
  const std::optional<Number> rounded = Number::Parse(quantity->number.ToRoundedString(digits));
  return rounded ? Value(Quantity{*rounded, quantity->unit}).ToText() : ToText();
}

std::string_view Value::KindName() const {
  if (const Quantity* quantity = as_quantity()) {
    switch (quantity->unit) {
      case Unit::kNone:
        return "a number";
      case Unit::kPercent:
        return "a percent";
      case Unit::kDuration:
        return "a duration";
      case Unit::kBytes:
        return "a size in bytes";
    }
  }
  if (const auto* handle = as_handle()) {
    return *handle != nullptr ? (*handle)->type_name() : "nothing";
  }
  static constexpr std::array<std::string_view, 10> kNames = {
      "none",   "a truth value", "a number",
      "text",   "a date",        "a secret",
      "a list", "a map",         "a value known only in the cluster",
      "nothing"};
  return kNames[data_.index()];
}

bool operator==(const Value& a, const Value& b) {
  if (a.data_.index() != b.data_.index()) {
    return false;
  }
  if (const std::string* text = a.as_string()) {
    return *text == *b.as_string();
  }
  if (const SecretKey* secret = a.as_secret()) {
    return *secret == *b.as_secret();
  }
  if (const List* list = a.as_list()) {
    return *list == *b.as_list();
  }
  if (const Map* map = a.as_map()) {
    return SameEntries(*map, *b.as_map());
  }
  return a.data_ == b.data_;
}

}  // namespace sluice::graph
