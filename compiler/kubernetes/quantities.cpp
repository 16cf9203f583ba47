#include "compiler/kubernetes/quantities.h"

#include <array>
#include <cstdint>
#include <utility>

namespace sluice::kubernetes {

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

}  // namespace sluice::kubernetes
