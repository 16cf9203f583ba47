#include "compiler/kubernetes/quantities.h"

#include <array>
#include <cstdint>
#include <utility>

namespace sluice::kubernetes {
namespace {

struct Suffix {
  std::string_view text;
  std::int64_t numerator, denominator;
};
constexpr std::array<Suffix, 15> kSuffixes{{
    {"Ki", 1LL << 10, 1},
    {"Mi", 1LL << 20, 1},
    {"Gi", 1LL << 30, 1},
    {"Ti", 1LL << 40, 1},
    {"Pi", 1LL << 50, 1},
    {"Ei", 1LL << 60, 1},
    {"n", 1, 1'000'000'000},
    {"u", 1, 1'000'000},
    {"m", 1, 1'000},
    {"k", 1'000, 1},
    {"M", 1'000'000, 1},
    {"G", 1'000'000'000, 1},
    {"T", 1'000'000'000'000, 1},
    {"P", 1'000'000'000'000'000, 1},
    {"E", 1'000'000'000'000'000'000, 1},
}};

}  // namespace

std::optional<std::string> CpuText(const Number& cores) {
  Number thousandths = cores * Number(1000);
  if (thousandths.overflowed() || !thousandths.is_integer()) {
    return std::nullopt;
  }
  if (cores.is_integer()) {
    return std::to_string(cores.numerator());
  }
  return std::to_string(thousandths.numerator()) + "m";
}

std::optional<std::string> BytesText(const Number& bytes) {
  if (bytes.overflowed() || !bytes.is_integer()) {
    return std::nullopt;
  }
  constexpr std::int64_t kKibi = 1024;
  constexpr std::int64_t kKilo = 1000;
  const std::array<std::pair<std::int64_t, const char*>, 8> units = {{{kKibi * kKibi * kKibi * kKibi, "Ti"},
                                                                      {kKibi * kKibi * kKibi, "Gi"},
                                                                      {kKibi * kKibi, "Mi"},
                                                                      {kKibi, "Ki"},
                                                                      {kKilo * kKilo * kKilo * kKilo, "T"},
                                                                      {kKilo * kKilo * kKilo, "G"},
                                                                      {kKilo * kKilo, "M"},
                                                                      {kKilo, "k"}}};
  std::int64_t count = bytes.numerator();
  for (const auto& [size, suffix] : units) {
    if (count != 0 && count % size == 0) {
      return std::to_string(count / size) + suffix;
    }
  }
  return std::to_string(count);
}

std::optional<std::string> DecimalText(const Number& number) {
  const Number thousandths = number * Number(1000);
  if (thousandths.overflowed() || !thousandths.is_integer() || thousandths < Number(0)) {
    return std::nullopt;
  }
  std::int64_t mantissa = thousandths.Floor();
  static constexpr std::array<const char*, 7> kSuffixes = {"m", "", "k", "M", "G", "T", "P"};
  std::size_t suffix = mantissa == 0 ? 1 : 0;
  while (mantissa != 0 && mantissa % 1000 == 0 && suffix + 1 < kSuffixes.size()) {
    mantissa /= 1000;
    ++suffix;
  }
  return std::to_string(mantissa) + kSuffixes[suffix];
}

std::optional<Number> ParseQuantity(std::string_view text) {
  for (const Suffix& suffix : kSuffixes) {
    if (text.size() > suffix.text.size() && text.ends_with(suffix.text)) {
      const auto number = Number::Parse(text.substr(0, text.size() - suffix.text.size()));
      if (!number || number->overflowed()) {
        return std::nullopt;
      }
      const Number scaled = *number * Number::Ratio(suffix.numerator, suffix.denominator);
      return scaled.overflowed() ? std::nullopt : std::optional<Number>(scaled);
    }
  }
  const auto number = Number::Parse(text, /*exponent=*/true);
  return number && !number->overflowed() ? number : std::nullopt;
}

}  // namespace sluice::kubernetes
