#include "compiler/graph/arithmetic.h"

#include <limits>

namespace sluice::graph {
namespace {

__extension__ typedef __int128 Wide;  // NOLINT(modernize-use-using): no __extension__ there

constexpr Wide kMax = std::numeric_limits<std::int64_t>::max();
constexpr int kDigits = 12;
constexpr std::int64_t kOne = 1'000'000'000'000'000'000;  // 1.0 with 18 digits

Wide Absolute(Wide x) { return x < 0 ? -x : x; }

// numerator / denominator, with as many digits after the point as fit, at most twelve; half away from zero.
// Denominators above 2^80 lose their lowest bits, which stand far behind the last digit kept.
std::optional<Number> Rounded(Wide numerator, Wide denominator) {
  const bool negative = numerator < 0;
  Wide magnitude = Absolute(numerator);
  const Wide whole = magnitude / denominator;
  if (whole > kMax) {
    return std::nullopt;
  }
  Wide rest = magnitude % denominator;
  while (denominator >= (Wide{1} << 80)) {
    denominator >>= 1;
    rest >>= 1;
  }
  std::int64_t scale = 1;
  for (int i = 0; i < kDigits && (whole + 1) * scale * 10 <= kMax; ++i) {
    scale *= 10;
  }
  Wide digits = whole * scale + (rest * scale * 2 + denominator) / (denominator * 2);
  if (digits > kMax) {
    return std::nullopt;
  }
  const auto fitted = static_cast<std::int64_t>(digits);
  return Number::Ratio(negative ? -fitted : fitted, scale);
}

std::optional<Number> Finish(const Number& exact, Arithmetic arithmetic, Wide numerator, Wide denominator) {
  if (!exact.overflowed()) {
    return exact;
  }
  return arithmetic == Arithmetic::kExact ? std::nullopt : Rounded(numerator, denominator);
}

// Fixed-point with 18 digits.
Wide Multiply18(Wide a, Wide b) {
  const bool negative = (a < 0) != (b < 0);
  const Wide x = Absolute(a);
  const Wide y = Absolute(b);
  // (xh·1 + xl)·y / 1 in halves, so that nothing exceeds 128 bits for values below 2^60 before the point.
  const Wide product = (x / kOne) * y + (x % kOne) * (y / kOne) + ((x % kOne) * (y % kOne) + kOne / 2) / kOne;
  return negative ? -product : product;
}
Wide Divide18(Wide a, Wide b) { return a * kOne / b; }

std::optional<Number> FromFixed(Wide value) { return Rounded(value, kOne); }

// ln 2 with 18 digits.
constexpr std::int64_t kLn2 = 693'147'180'559'945'309;

}  // namespace

std::optional<Number> Add(const Number& a, const Number& b, Arithmetic arithmetic) {
  return Finish(a + b, arithmetic, Wide{a.numerator()} * b.denominator() + Wide{b.numerator()} * a.denominator(),
                Wide{a.denominator()} * b.denominator());
}
std::optional<Number> Subtract(const Number& a, const Number& b, Arithmetic arithmetic) {
  return Add(a, -b, arithmetic);
}
std::optional<Number> Multiply(const Number& a, const Number& b, Arithmetic arithmetic) {
  return Finish(a * b, arithmetic, Wide{a.numerator()} * b.numerator(), Wide{a.denominator()} * b.denominator());
}
std::optional<Number> Divide(const Number& a, const Number& b, Arithmetic arithmetic) {
  const Wide sign = b.numerator() < 0 ? -1 : 1;
  return Finish(a / b, arithmetic, sign * a.numerator() * b.denominator(),
                sign * Wide{a.denominator()} * b.numerator());
}

std::optional<Number> Ln(const Number& x) {
  if (x.numerator() <= 0) {
    return std::nullopt;
  }
  // x = m · 2^k with m in [1, 2): ln x = k·ln 2 + 2·artanh((m − 1) / (m + 1)).
  Wide numerator = x.numerator();
  Wide denominator = x.denominator();
  int power = 0;
  for (; numerator >= denominator * 2; ++power) {
    denominator *= 2;
  }
  for (; numerator < denominator; --power) {
    numerator *= 2;
  }
  // (m − 1) / (m + 1) with 18 digits; both below 2^66 after the shifts, so keep 60 bits of each.
  Wide difference = numerator - denominator;
  Wide sum = numerator + denominator;
  while (sum >= (Wide{1} << 60)) {
    sum >>= 1;
    difference >>= 1;
  }
  const Wide ratio = Divide18(difference, sum);
  const Wide square = Multiply18(ratio, ratio);
  Wide term = ratio;
  Wide series = 0;
  for (int odd = 1; term != 0 && odd < 200; odd += 2) {
    series += term / odd;
    term = Multiply18(term, square);
  }
  return FromFixed(series * 2 + Wide{kLn2} * power);
}

std::optional<Number> Exp(const Number& x) {
  if (x > Number(43)) {
    return std::nullopt;  // e^44 doesn't fit 63 bits
  }
  if (x < Number(-43)) {
    return Number(0);
  }
  // x = k·ln 2 + r with |r| ≤ ln 2: e^x = 2^k · e^r.
  const Wide fixed = Wide{x.numerator()} * kOne / x.denominator();
  const Wide power = fixed / kLn2;
  const Wide rest = fixed % kLn2;
  Wide term = kOne;
  Wide series = 0;
  for (int i = 1; term != 0 && i < 60; ++i) {
    series += term;
    term = Multiply18(term, rest) / i;
  }
  for (Wide i = 0; i < power; ++i) {
    series *= 2;
  }
  for (Wide i = 0; i > power; --i) {
    series /= 2;
  }
  return FromFixed(series);
}

std::optional<Number> SquareRoot(const Number& x) {
  if (x.numerator() < 0) {
    return std::nullopt;
  }
  // The integer root of x·10^(2d), with the most digits for which that fits 120 bits.
  Wide scaled = x.numerator();
  const Wide denominator = x.denominator();
  Wide scale = 1;
  for (int i = 0; i < 15 && (scaled / denominator) < (Wide{1} << 100) && scaled < (Wide{1} << 119); ++i) {
    scaled *= 100;
    scale *= 10;
  }
  scaled /= denominator;
  if (scaled == 0) {
    return Number(0);
  }
  Wide root = scaled;
  Wide next = (root + 1) / 2;
  while (next < root) {
    root = next;
    next = (root + scaled / root) / 2;
  }
  return Rounded(root, scale);
}

}  // namespace sluice::graph
