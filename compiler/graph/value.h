// The values of the language: what expressions evaluate to, at compile time and in the cluster alike.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/base/number.h"
#include "compiler/base/time.h"

namespace sluice::graph {

enum class Unit : std::uint8_t { kNone, kPercent, kDuration, kBytes };

// A number with its unit: percent as a ratio (5% is 1/20), durations in milliseconds, bytes in bytes.
struct Quantity {
  Number number;
  Unit unit = Unit::kNone;
  friend bool operator==(const Quantity&, const Quantity&) = default;
};

// A key of a Kubernetes Secret in the rollout's namespace. Only the reference: content is never held.
struct SecretKey {
  std::string name;
  std::string key;
  friend bool operator==(const SecretKey&, const SecretKey&) = default;
};

struct Expression;
using ExpressionPtr = std::shared_ptr<const Expression>;

// What exists only while compiling and is named by a value: a function, a gate, a service. Never stored.
class Handle {
 public:
  virtual ~Handle() = default;
  virtual std::string_view type_name() const = 0;  // "gate"
};

class Value;
using List = std::vector<Value>;
// Keys in the order in which the source wrote them; unique. Searched linearly below 16 entries, above by an
// order that `Set` keeps.
class Map {
 public:
  using Entry = std::pair<std::string, Value>;
  const Value* Find(std::string_view key) const;
  // Replaces the value at its place, or appends.
  void Set(std::string key, Value value);
  void Erase(std::string_view key);
  const std::vector<Entry>& entries() const;
  // For changing values in place. Changing keys is the caller's care for uniqueness.
  std::vector<Entry>& entries();
  void Reserve(std::size_t size);
  bool empty() const;
  std::size_t size() const;

 private:
  std::vector<std::uint32_t>::const_iterator LowerBound(std::string_view key) const;
  bool indexed() const;

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> sorted_;  // positions by key; not kept while small
};

// Immutable and cheap to copy: text, lists and maps are shared.
class Value {
 public:
  // NOLINTBEGIN(google-explicit-constructor): what is a value may stand where one is wanted
  Value() = default;  // none
  Value(bool value) : data_(value) {}
  Value(Quantity quantity) : data_(quantity) {}
  Value(std::int64_t number) : data_(Quantity{Number(number), Unit::kNone}) {}
  Value(int number) : Value(static_cast<std::int64_t>(number)) {}
  Value(Number number) : data_(Quantity{number, Unit::kNone}) {}
  Value(std::string text) : data_(std::make_shared<const std::string>(std::move(text))) {}
  Value(const char* text) : Value(std::string(text)) {}
  Value(TimePoint time) : data_(time) {}
  Value(SecretKey secret) : data_(std::make_shared<const SecretKey>(std::move(secret))) {}
  Value(List list);
  Value(Map map);
  Value(ExpressionPtr residual) : data_(std::move(residual)) {}
  Value(std::shared_ptr<const Handle> handle) : data_(std::move(handle)) {}
  // NOLINTEND(google-explicit-constructor)

  static Value Percent(Number ratio) { return Value(Quantity{ratio, Unit::kPercent}); }
  static Value Milliseconds(Duration duration) { return Value(Quantity{Number(duration.count()), Unit::kDuration}); }

  bool is_none() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_residual() const { return std::holds_alternative<ExpressionPtr>(data_); }

  // Null if the value is of another kind. The pointer lives as long as this value.
  const bool* as_bool() const { return std::get_if<bool>(&data_); }
  const Quantity* as_quantity() const { return std::get_if<Quantity>(&data_); }
  const std::string* as_string() const { return Shared<std::string>(); }
  const TimePoint* as_time() const { return std::get_if<TimePoint>(&data_); }
  const SecretKey* as_secret() const { return Shared<SecretKey>(); }
  const List* as_list() const { return Shared<List>(); }
  const Map* as_map() const { return Shared<Map>(); }
  const ExpressionPtr* as_residual() const { return std::get_if<ExpressionPtr>(&data_); }
  const std::shared_ptr<const Handle>* as_handle() const { return std::get_if<std::shared_ptr<const Handle>>(&data_); }

  // A map's field or none; none for anything that is no map.
  Value Field(std::string_view key) const;
  // Field by field: Path({"metadata", "name"}).
  Value Path(std::initializer_list<std::string_view> keys) const;

  // As a reader expects it inside a string: 90s → 1m30s, 5%, 256Mi, 0.25, true, text as it is. Lists and
  // maps as JSON. Secrets, residuals and handles have no text: "".
  std::string ToText() const;
  // As ToText, a number rounded to what a person reads of a measurement: thousandths, of a percent too, and
  // whole milliseconds.
  std::string ToShortText() const;
  // "a percent", "a duration", "text", "a list": for diagnostics. A handle gives its type's name: "gate".
  std::string_view KindName() const;

  // Same kind and same content; maps regardless of the order of their keys.
  friend bool operator==(const Value& a, const Value& b);

 private:
  template <typename T>
  const T* Shared() const {
    const auto* held = std::get_if<std::shared_ptr<const T>>(&data_);
    return held != nullptr ? held->get() : nullptr;
  }

  std::variant<std::monostate, bool, Quantity, std::shared_ptr<const std::string>, TimePoint,
               std::shared_ptr<const SecretKey>, std::shared_ptr<const List>, std::shared_ptr<const Map>, ExpressionPtr,
               std::shared_ptr<const Handle>>
      data_;
};

// Here, where an entry is complete.
inline const std::vector<Map::Entry>& Map::entries() const { return entries_; }
inline std::vector<Map::Entry>& Map::entries() {
  sorted_.clear();
  return entries_;
}
inline void Map::Reserve(std::size_t size) { entries_.reserve(size); }
inline bool Map::empty() const { return entries_.empty(); }
inline std::size_t Map::size() const { return entries_.size(); }
inline bool Map::indexed() const { return !sorted_.empty() && sorted_.size() == entries_.size(); }

}  // namespace sluice::graph
