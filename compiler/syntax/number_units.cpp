#include "compiler/syntax/number_units.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "compiler/syntax/symbols.h"

namespace sluice::syntax {
namespace {

std::size_t DecimalLength(std::string_view text) {
  const std::size_t length = text.find_first_not_of("0123456789.");
  return length == std::string_view::npos ? text.size() : length;
}

constexpr std::pair<std::string_view, std::int64_t> kMilliseconds[] = {
    {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}};

std::optional<Number> Duration(std::string_view text) {
  Number sum = 0;
  while (!text.empty()) {
    const std::size_t digits = DecimalLength(text);
    const std::optional<Number> count = Number::Parse(text.substr(0, digits));
    text.remove_prefix(digits);
    std::size_t unit_length = 0;
    while (unit_length < text.size() && std::isalpha(static_cast<unsigned char>(text[unit_length])) != 0) {
      ++unit_length;
    }
    const std::string_view unit = text.substr(0, unit_length);
    const auto* known = std::find_if(std::begin(kMilliseconds), std::end(kMilliseconds),
                                     [&](const auto& each) { return each.first == unit; });
    if (!count || known == std::end(kMilliseconds)) {
      return std::nullopt;
    }
    sum = sum + *count * Number(known->second);
    text.remove_prefix(unit_length);
  }
  return sum;
}

std::optional<Number> Bytes(std::string_view text) {
  const std::size_t digits = DecimalLength(text);
  const std::optional<Number> count = Number::Parse(text.substr(0, digits));
  const std::string_view unit = text.substr(digits);
  if (!count) {
    return std::nullopt;
  }
  std::int64_t factor = 1;
  const std::int64_t base = unit.size() == 2 && unit[1] == 'i' ? 1024 : 1000;
  const std::size_t power = unit.size() < 2 ? 0 : std::string_view("KMGTP").find(unit[0]) + 1;
  for (std::size_t i = 0; i < power; ++i) {
    factor *= base;
  }
  return *count * Number(factor);
}

}  // namespace

std::optional<NumberLiteral> ParseNumber(int type, std::string_view text) {
  std::optional<Number> value;
  Unit unit = Unit::kNone;
  switch (type) {
    case token::PERCENT:
      unit = Unit::kPercent;
      value = Number::Parse(text.substr(0, text.size() - 1));
      if (value) {
        value = *value / Number(100);
      }
      break;
    case token::DURATION:
      unit = Unit::kDuration;
      value = Duration(text);
      break;
    case token::BYTES:
      unit = Unit::kBytes;
      value = Bytes(text);
      break;
    default:
      value = Number::Parse(text);
  }
  if (!value || value->overflowed()) {
    return std::nullopt;
  }
  return NumberLiteral{*value, unit};
}

std::string LikelyNumber(std::string_view text) {
  const std::size_t digits = DecimalLength(text);
  const std::string number(text.substr(0, digits));
  std::string unit(text.substr(digits));
  // 10_000
  if (!unit.empty() && unit.find_first_not_of("0123456789_") == std::string::npos) {
    std::string plain(text);
    plain.erase(std::remove(plain.begin(), plain.end(), '_'), plain.end());
    return plain;
  }
  std::transform(unit.begin(), unit.end(), unit.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  static constexpr std::pair<std::string_view, std::string_view> kMeant[] = {
      {"sec", "s"},     {"secs", "s"},    {"second", "s"}, {"seconds", "s"}, {"min", "m"},   {"mins", "m"},
      {"minute", "m"},  {"minutes", "m"}, {"hr", "h"},     {"hrs", "h"},     {"hour", "h"},  {"hours", "h"},
      {"day", "d"},     {"days", "d"},    {"week", "w"},   {"weeks", "w"},   {"msec", "ms"}, {"millis", "ms"},
      {"s", "s"},       {"h", "h"},       {"d", "d"},      {"w", "w"},       {"ms", "ms"},   {"ki", "Ki"},
      {"mi", "Mi"},     {"gi", "Gi"},     {"ti", "Ti"},    {"kib", "Ki"},    {"mib", "Mi"},  {"gib", "Gi"},
      {"tib", "Ti"},    {"kb", "KB"},     {"mb", "MB"},    {"gb", "GB"},     {"tb", "TB"},   {"pct", "%"},
      {"percent", "%"}, {"k", "Ki"},      {"g", "Gi"},     {"t", "Ti"},      {"b", "B"}};
  for (const auto& [written, meant] : kMeant) {
    if (unit == written) {
      return number + std::string(meant);
    }
  }
  // 1e3
  if (unit.size() > 1 && unit[0] == 'e') {
    const std::optional<Number> value = Number::Parse(std::string(text), true);
    if (value && !value->overflowed() && value->is_integer()) {
      return value->ToString();
    }
  }
  return {};
}

}  // namespace sluice::syntax
