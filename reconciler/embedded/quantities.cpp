#include "reconciler/embedded/quantities.h"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace sluice::embedded {
namespace {

struct Unit {
  std::string_view name;
  Quantity::Form form;
  int power;  // of 10 or of 1024
};

constexpr std::array<Unit, 16> kQuantityUnits = {{{"n", Quantity::Form::kDecimal, -9},
                                                  {"u", Quantity::Form::kDecimal, -6},
                                                  {"m", Quantity::Form::kDecimal, -3},
                                                  {"", Quantity::Form::kDecimal, 0},
                                                  {"k", Quantity::Form::kDecimal, 3},
                                                  {"M", Quantity::Form::kDecimal, 6},
                                                  {"G", Quantity::Form::kDecimal, 9},
                                                  {"T", Quantity::Form::kDecimal, 12},
                                                  {"P", Quantity::Form::kDecimal, 15},
                                                  {"E", Quantity::Form::kDecimal, 18},
                                                  {"Ki", Quantity::Form::kBinary, 1},
                                                  {"Mi", Quantity::Form::kBinary, 2},
                                                  {"Gi", Quantity::Form::kBinary, 3},
                                                  {"Ti", Quantity::Form::kBinary, 4},
                                                  {"Pi", Quantity::Form::kBinary, 5},
                                                  {"Ei", Quantity::Form::kBinary, 6}}};

Number Power(std::int64_t base, int power) {
  Number number(1);
  for (int i = 0; i < (power < 0 ? -power : power); ++i) number = number * Number(base);
  return power < 0 ? Number(1) / number : number;
}

Number AmountOf(const Unit& unit) { return Power(unit.form == Quantity::Form::kBinary ? 1024 : 10, unit.power); }

// The number of the largest unit of that form that is whole, nearest below what is asked.
std::optional<std::string> Written(const Number& value, Quantity::Form form) {
  for (auto unit = kQuantityUnits.rbegin(); unit != kQuantityUnits.rend(); ++unit) {
    if (unit->form != form) continue;
    const Number count = value / AmountOf(*unit);
    if (count.overflowed() || !count.is_integer()) continue;
    const bool exponent = form == Quantity::Form::kExponent;
    return fmt::format("{}{}", count.numerator(), exponent ? "" : unit->name);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Quantity> Quantity::Parse(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const std::size_t end = text.find_first_not_of("0123456789.", text.starts_with('-') ? 1 : 0);
  const std::string_view mantissa = text.substr(0, end);
  const std::string_view name = text.substr(mantissa.size());
  for (const Unit& unit : kQuantityUnits) {
    if (unit.name != name) continue;
    const auto number = Number::Parse(mantissa);
    const Number value = number ? *number * AmountOf(unit) : Number::Overflow();
    return value.overflowed() ? std::nullopt : std::make_optional(Quantity(value, unit.form));
  }
  if (!name.starts_with('e') && !name.starts_with('E')) return std::nullopt;
  const auto number = Number::Parse(text, true);
  return !number || number->overflowed() ? std::nullopt : std::make_optional(Quantity(*number, Form::kExponent));
}

std::optional<Quantity> Quantity::Of(const Json& json) {
  if (json.is_string()) return Parse(json.get_ref<const std::string&>());
  return json.is_number() ? Parse(json.dump()) : std::nullopt;
}

Quantity Quantity::OfThousandths(std::int64_t thousandths, Form form) {
  return {Number::Ratio(thousandths, 1000), form};
}

std::int64_t Quantity::thousandths() const {
  const Number scaled = value_ * Number(1000);
  return scaled.overflowed() ? INT64_MAX : scaled.Ceil();
}

std::string Quantity::ToString() const {
  if (value_ == Number(0)) return "0";
  // Below 1 Ki, and where it isn't whole, a binary one is written as a decimal one.
  const bool small = value_ > Number(-1024) && value_ < Number(1024);
  const bool binary = form_ == Form::kBinary && !small && value_.is_integer();
  if (binary) {
    if (auto written = Written(value_, Form::kBinary)) return *written;
    return std::to_string(value_.numerator());
  }
  if (form_ == Form::kExponent) {
    for (int power = 18; power >= -9; power -= 3) {
      const Number count = value_ / Power(10, power);
      if (count.overflowed() || !count.is_integer()) continue;
      return power == 0 ? std::to_string(count.numerator()) : fmt::format("{}e{}", count.numerator(), power);
    }
  }
  if (auto written = Written(value_, Form::kDecimal)) return *written;
  return fmt::format("{}n", (value_ * Power(10, 9)).Ceil());
}

}  // namespace sluice::embedded
