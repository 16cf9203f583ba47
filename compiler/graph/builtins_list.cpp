#include <algorithm>

#include <fmt/format.h>

#include "compiler/graph/builtins.h"
#include "compiler/graph/split.h"

namespace sluice::graph::builtin {
namespace {

constexpr std::int64_t kMaxRange = 100'000;
constexpr int kMaxMergeDepth = 64;

Evaluation Wrong(std::string_view function, std::string_view wanted, const Value& got) {
  return Failure(fmt::format("`{}` takes {}, not {}", function, wanted, got.KindName()));
}

Value Merged(const Value& into, const Value& from, int depth) {
  const Map* a = into.as_map();
  const Map* b = from.as_map();
  if (a == nullptr || b == nullptr || depth > kMaxMergeDepth) {
    return from;
  }
  Map out = *a;
  for (const auto& [key, value] : b->entries()) {
    const Value* present = out.Find(key);
    out.Set(key, present != nullptr ? Merged(*present, value, depth + 1) : value);
  }
  return Value(std::move(out));
}

Evaluation Item(std::string_view function, const Value& items, std::int64_t position, bool from_end) {
  if (items.is_none()) {
    return ValueOf(Value());
  }
  const List* list = items.as_list();
  if (list == nullptr) {
    return Wrong(function, "a list", items);
  }
  const auto size = static_cast<std::int64_t>(list->size());
  const std::int64_t at = from_end ? size - 1 - position : position;
  return ValueOf(at >= 0 && at < size ? (*list)[static_cast<std::size_t>(at)] : Value());
}

}  // namespace

Evaluation Keys(const BuiltinCall& call) {
  if (call[0].is_none()) {
    return ValueOf(List{});
  }
  const Map* map = call[0].as_map();
  if (map == nullptr) {
    return Wrong("keys", "a map", call[0]);
  }
  List keys;
  for (const auto& [key, value] : map->entries()) {
    keys.emplace_back(key);
  }
  return ValueOf(Value(std::move(keys)));
}

Evaluation At(const BuiltinCall& call) {
  const Quantity* position = call[1].as_quantity();
  if (position == nullptr || position->unit != Unit::kNone || !position->number.is_integer()) {
    return Wrong("at", "a whole number as its position", call[1]);
  }
  return Item("at", call[0], position->number.numerator(), false);
}
Evaluation First(const BuiltinCall& call) { return Item("first", call[0], 0, false); }
Evaluation Last(const BuiltinCall& call) { return Item("last", call[0], 0, true); }

Evaluation Endpoints(const BuiltinCall& call) {
  const Value count = call[0].Field(kEndpointsField);
  return count.as_quantity() == nullptr ? Wrong("endpoints", "a revision of a split", call[0]) : ValueOf(count);
}

Evaluation Sorted(const BuiltinCall& call) {
  const List* list = call[0].as_list();
  if (list == nullptr) {
    return call[0].is_none() ? ValueOf(List{}) : Wrong("sorted", "a list", call[0]);
  }
  for (std::size_t i = 0; i + 1 < list->size(); ++i) {
    Evaluation comparable = ApplyBinary(Operation::kLess, (*list)[i], (*list)[i + 1], call.arithmetic);
    if (comparable.kind != Evaluation::Kind::kValue) {
      return comparable;
    }
  }
  List sorted = *list;
  std::stable_sort(sorted.begin(), sorted.end(), [&](const Value& a, const Value& b) {
    const Evaluation less = ApplyBinary(Operation::kLess, a, b, call.arithmetic);
    return less.kind == Evaluation::Kind::kValue && *less.value.as_bool();
  });
  return ValueOf(Value(std::move(sorted)));
}

Evaluation Range(const BuiltinCall& call) {
  const Quantity* from = call[0].as_quantity();
  const Quantity* to = call[1].as_quantity();
  if (from == nullptr || to == nullptr) {
    return Wrong("range", "numbers", from == nullptr ? call[0] : call[1]);
  }
  const Value step = call.count > 2 && !call[2].is_none() ? call[2] : Value(1);
  const Quantity* by = step.as_quantity();
  if (by == nullptr || from->unit != to->unit || from->unit != by->unit) {
    return Failure(call.count > 2 ? "`range` takes values of one unit" : "`range` needs the step `by` here");
  }
  if (by->number == Number(0)) {
    return Failure("`range` with a step of 0 has no end");
  }
  const bool up = by->number > Number(0);
  List items;
  Number at = from->number;
  while (up ? at < to->number : at > to->number) {
    if (static_cast<std::int64_t>(items.size()) >= kMaxRange) {
      return Failure(fmt::format("`range` has more than {} items", kMaxRange));
    }
    items.emplace_back(Quantity{at, from->unit});
    at = at + by->number;
  }
  return at.overflowed() ? Failure("the result doesn't fit a number") : ValueOf(Value(std::move(items)));
}

Evaluation Merge(const BuiltinCall& call) {
  for (std::size_t i = 0; i < 2; ++i) {
    if (call[i].as_map() == nullptr && !call[i].is_none()) {
      return Wrong("merge", "maps", call[i]);
    }
  }
  if (call[0].is_none() || call[1].is_none()) {
    return ValueOf(call[0].is_none() ? call[1] : call[0]);
  }
  return ValueOf(Merged(call[0], call[1], 0));
}

}  // namespace sluice::graph::builtin
