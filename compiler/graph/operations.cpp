#include "compiler/graph/operations.h"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::graph {
namespace {

std::string Described(const Value& value) {
  return value.as_quantity() != nullptr ? fmt::format("{} `{}`", value.KindName(), value.ToText())
                                        : std::string(value.KindName());
}

Evaluation Unlike(const char* verb, const Value& a, const Value& b) {
  return Failure(fmt::format("{} and {} can't be {}", Described(a), Described(b), verb));
}

const char* VerbOf(Operation operation) {
  switch (operation) {
    case Operation::kAdd:
      return "added";
    case Operation::kSubtract:
      return "subtracted";
    case Operation::kMultiply:
      return "multiplied";
    case Operation::kDivide:
      return "divided";
    default:
      return "compared";
  }
}

Evaluation FromNumber(const std::optional<Number>& number, Unit unit) {
  return number ? ValueOf(Value(Quantity{*number, unit})) : Failure("the result doesn't fit a number");
}

// The unit of a product: one side is a plain number, or a percent of the other.
std::optional<Unit> ProductUnit(Unit a, Unit b) {
  if (a == Unit::kNone) {
    return b;
  }
  if (b == Unit::kNone || b == Unit::kPercent) {
    return a;
  }
  return a == Unit::kPercent ? std::optional(b) : std::nullopt;
}

std::optional<Unit> QuotientUnit(Unit a, Unit b) {
  if (a == b) {
    return Unit::kNone;
  }
  return b == Unit::kNone ? std::optional(a) : std::nullopt;
}

Evaluation Calculate(Operation operation, const Value& left, const Value& right, Arithmetic arithmetic) {
  const Quantity& a = *left.as_quantity();
  const Quantity& b = *right.as_quantity();
  std::optional<Unit> unit;
  std::optional<Number> number;
  switch (operation) {
    case Operation::kAdd:
    case Operation::kSubtract:
      if (a.unit == b.unit) {
        unit = a.unit;
        number = operation == Operation::kAdd ? Add(a.number, b.number, arithmetic)
                                              : Subtract(a.number, b.number, arithmetic);
      }
      break;
    case Operation::kMultiply:
      unit = ProductUnit(a.unit, b.unit);
      if (unit) {
        number = Multiply(a.number, b.number, arithmetic);
      }
      break;
    default:
      unit = QuotientUnit(a.unit, b.unit);
      if (unit && b.number == Number(0)) {
        return arithmetic == Arithmetic::kExact ? Failure("division by zero") : NoData("division by zero");
      }
      if (unit) {
        number = Divide(a.number, b.number, arithmetic);
      }
      break;
  }
  return unit ? FromNumber(number, *unit) : Unlike(VerbOf(operation), left, right);
}

// A duration in whole milliseconds, as dates need it.
std::optional<Duration> WholeDuration(const Value& value) {
  const Quantity* quantity = value.as_quantity();
  if (quantity == nullptr || quantity->unit != Unit::kDuration) {
    return std::nullopt;
  }
  return Duration(quantity->number.Round());
}

Evaluation CalculateTime(Operation operation, const Value& a, const Value& b) {
  const TimePoint* left = a.as_time();
  const TimePoint* right = b.as_time();
  constexpr std::int64_t kFar = 1LL << 53;
  const auto within = [](TimePoint time) {
    const bool fits = time.time_since_epoch().count() < kFar && time.time_since_epoch().count() > -kFar;
    return fits ? ValueOf(Value(time)) : Failure("the date is too far away");
  };
  const auto shift = [](const Value& value) {
    const auto duration = WholeDuration(value);
    return duration && duration->count() < kFar && duration->count() > -kFar ? duration : std::nullopt;
  };
  if (left != nullptr && right != nullptr && operation == Operation::kSubtract) {
    return ValueOf(Value::Milliseconds(*left - *right));
  }
  const auto by = left != nullptr ? shift(b) : shift(a);
  if (by && operation == Operation::kAdd) {
    return within((left != nullptr ? *left : *right) + *by);
  }
  if (by && left != nullptr && operation == Operation::kSubtract) {
    return within(*left - *by);
  }
  return Unlike(VerbOf(operation), a, b);
}

Evaluation AddCollections(const Value& a, const Value& b) {
  if (a.as_list() != nullptr && b.as_list() != nullptr) {
    List items = *a.as_list();
    items.insert(items.end(), b.as_list()->begin(), b.as_list()->end());
    return ValueOf(Value(std::move(items)));
  }
  if (a.as_map() != nullptr && b.as_map() != nullptr) {
    Map map = *a.as_map();
    for (const auto& [key, value] : b.as_map()->entries()) {
      map.Set(key, value);
    }
    return ValueOf(Value(std::move(map)));
  }
  if (a.as_string() != nullptr && b.as_string() != nullptr) {
    return ValueOf(Value(*a.as_string() + *b.as_string()));
  }
  return Unlike("added", a, b);
}

Evaluation ApplyArithmetic(Operation operation, const Value& a, const Value& b, Arithmetic arithmetic) {
  if (a.is_none() || b.is_none()) {
    return NoData("calculated with a value that is missing");
  }
  if (a.as_quantity() != nullptr && b.as_quantity() != nullptr) {
    return Calculate(operation, a, b, arithmetic);
  }
  if (a.as_time() != nullptr || b.as_time() != nullptr) {
    return CalculateTime(operation, a, b);
  }
  return operation == Operation::kAdd ? AddCollections(a, b) : Unlike(VerbOf(operation), a, b);
}

// Below, equal, above: -1, 0, 1. nullopt if there is no order between them.
std::optional<int> Order(const Value& a, const Value& b) {
  const Quantity* left = a.as_quantity();
  const Quantity* right = b.as_quantity();
  if (left != nullptr && right != nullptr && left->unit == right->unit) {
    return left->number < right->number ? -1 : (left->number == right->number ? 0 : 1);
  }
  if (a.as_string() != nullptr && b.as_string() != nullptr) {
    const int order = a.as_string()->compare(*b.as_string());
    return order < 0 ? -1 : (order == 0 ? 0 : 1);
  }
  if (a.as_time() != nullptr && b.as_time() != nullptr) {
    return *a.as_time() < *b.as_time() ? -1 : (*a.as_time() == *b.as_time() ? 0 : 1);
  }
  return std::nullopt;
}

Evaluation Compare(Operation operation, const Value& a, const Value& b) {
  if (a.is_none() || b.is_none()) {
    return NoData("compared with a value that is missing");
  }
  const std::optional<int> order = Order(a, b);
  if (!order) {
    return Unlike("compared", a, b);
  }
  switch (operation) {
    case Operation::kLess:
      return ValueOf(*order < 0);
    case Operation::kLessEqual:
      return ValueOf(*order <= 0);
    case Operation::kGreater:
      return ValueOf(*order > 0);
    default:
      return ValueOf(*order >= 0);
  }
}

Evaluation Contains(const Value& item, const Value& in) {
  if (in.is_none()) {
    return ValueOf(false);
  }
  if (const List* list = in.as_list()) {
    return ValueOf(std::find(list->begin(), list->end(), item) != list->end());
  }
  const std::string* text = item.as_string();
  if (text != nullptr && in.as_map() != nullptr) {
    return ValueOf(in.as_map()->Find(*text) != nullptr);
  }
  if (text != nullptr && in.as_string() != nullptr) {
    return ValueOf(in.as_string()->find(*text) != std::string::npos);
  }
  return Failure(fmt::format("`in` looks into a list, a map or text, not into {}", in.KindName()));
}

bool IsNotFinite(std::string_view text) {
  static constexpr std::string_view kWords[] = {"nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::find(std::begin(kWords), std::end(kWords), lower) != std::end(kWords);
}

Evaluation Measured(const Value& value, Unit unit, const Number& factor) {
  if (const Quantity* quantity = value.as_quantity(); quantity != nullptr && quantity->unit != Unit::kNone) {
    return quantity->unit == unit ? ValueOf(value) : Failure(fmt::format("{} has another unit", Described(value)));
  }
  Evaluation number = ToNumber(value);
  if (number.kind != Evaluation::Kind::kValue) {
    return number;
  }
  return FromNumber(Multiply(number.value.as_quantity()->number, factor, Arithmetic::kRounded), unit);
}

}  // namespace

Evaluation ApplyBinary(Operation operation, const Value& a, const Value& b, Arithmetic arithmetic) {
  switch (operation) {
    case Operation::kEqual:
      return ValueOf(a == b);
    case Operation::kNotEqual:
      return ValueOf(!(a == b));
    case Operation::kLess:
    case Operation::kLessEqual:
    case Operation::kGreater:
    case Operation::kGreaterEqual:
      return Compare(operation, a, b);
    case Operation::kIn:
      return Contains(a, b);
    case Operation::kNotIn: {
      Evaluation in = Contains(a, b);
      return in.kind == Evaluation::Kind::kValue ? ValueOf(!*in.value.as_bool()) : in;
    }
    default:
      return ApplyArithmetic(operation, a, b, arithmetic);
  }
}

Evaluation Negate(const Value& value) {
  if (value.is_none()) {
    return NoData("calculated with a value that is missing");
  }
  const Quantity* quantity = value.as_quantity();
  if (quantity == nullptr) {
    return Failure(fmt::format("{} can't be negated", value.KindName()));
  }
  return ValueOf(Value(Quantity{-quantity->number, quantity->unit}));
}

Value MemberOf(const Value& object, std::string_view name) { return object.Field(name); }

Value IndexOf(const Value& object, const Value& index) {
  if (const std::string* key = index.as_string()) {
    return object.Field(*key);
  }
  const List* list = object.as_list();
  const Quantity* at = index.as_quantity();
  if (list == nullptr || at == nullptr || at->unit != Unit::kNone || !at->number.is_integer()) {
    return {};
  }
  const std::int64_t position = at->number.numerator();
  return position >= 0 && position < static_cast<std::int64_t>(list->size())
             ? (*list)[static_cast<std::size_t>(position)]
             : Value();
}

bool AppendText(std::string& out, const Value& part, Evaluation& failure) {
  if (const std::string* text = part.as_string()) {
    out += *text;
    return true;
  }
  if (part.is_none()) {
    failure = NoData("a part of the text is missing");
    return false;
  }
  if (part.as_secret() != nullptr || part.as_handle() != nullptr || part.is_residual()) {
    failure = Failure(fmt::format("{} has no text", part.KindName()));
    return false;
  }
  out += part.ToText();
  return true;
}

Evaluation ToNumber(const Value& value) {
  if (value.is_none()) {
    return NoData("the number is missing");
  }
  if (const Quantity* quantity = value.as_quantity()) {
    return ValueOf(Value(quantity->number));
  }
  const std::string* text = value.as_string();
  if (text == nullptr) {
    return Failure(fmt::format("{} is no number", value.KindName()));
  }
  if (IsNotFinite(*text)) {
    return NoData(fmt::format("the number is `{}`", *text));
  }
  const std::optional<Number> number = Number::Parse(*text, true, true);
  if (!number || number->overflowed()) {
    return Failure(fmt::format("`{}` is no number", text->substr(0, 64)));
  }
  return ValueOf(Value(*number));
}

std::size_t SizeInSteps(const Value& value) {
  if (const std::string* text = value.as_string()) {
    return text->size() / 16;
  }
  if (const List* list = value.as_list()) {
    return list->size();
  }
  const Map* map = value.as_map();
  return map != nullptr ? map->size() : 0;
}

Evaluation Convert(std::string_view unit, const Value& value) {
  if (unit == "ratio") {
    return Measured(value, Unit::kPercent, Number(1));
  }
  if (unit == "percent") {
    return Measured(value, Unit::kPercent, Number::Ratio(1, 100));
  }
  if (unit == "seconds") {
    return Measured(value, Unit::kDuration, Number(1000));
  }
  if (unit == "milliseconds") {
    return Measured(value, Unit::kDuration, Number(1));
  }
  if (unit == "bytes") {
    return Measured(value, Unit::kBytes, Number(1));
  }
  return unit == "number" ? Measured(value, Unit::kNone, Number(1)) : Failure("unknown unit");
}

}  // namespace sluice::graph
