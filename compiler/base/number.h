// Exact numbers: what a plan calculates with. No binary floating point anywhere.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// A ratio of two 64-bit integers in lowest terms, denominator > 0.
//
// A result that does not fit is `overflowed()`; so is a division by zero. Every operation on an
// overflowed number is overflowed and every comparison with one is false: callers look once, at
// the end. Equal ratios are equal numbers.
class Number {
 public:
  constexpr Number() = default;
  constexpr Number(std::int64_t integer) : numerator_(integer) {}  // NOLINT(google-explicit-constructor)

  static Number Ratio(std::int64_t numerator, std::int64_t denominator);
  static Number Overflow();

  // Decimal text ("-12", "0.25", "1.5e-3" only if `exponent`); nothing else. Digits beyond what fits
  // are rounded half to even when `round`, otherwise the result is overflowed.
  static std::optional<Number> Parse(std::string_view text, bool exponent = false, bool round = false);

  bool overflowed() const { return denominator_ == 0; }
  std::int64_t numerator() const { return numerator_; }
  std::int64_t denominator() const { return denominator_; }
  bool is_integer() const { return denominator_ == 1; }

  // Towards minus infinity, plus infinity, nearest (half away from zero). Require !overflowed().
  std::int64_t Floor() const;
  std::int64_t Ceil() const;
  std::int64_t Round() const;

  // Whether decimal notation ends; if so ToString gives it, else "1/3".
  bool IsDecimal() const;
  std::string ToString() const;
  // Rounded to at most `digits` after the point, no trailing zeros: for people.
  std::string ToRoundedString(int digits) const;
  // A share as people read it: "5%", "33.33%" with two digits.
  std::string ToPercent(int digits = 2) const;

  friend Number operator+(const Number& a, const Number& b);
  friend Number operator-(const Number& a, const Number& b);
  friend Number operator*(const Number& a, const Number& b);
  friend Number operator/(const Number& a, const Number& b);
  Number operator-() const;
  friend bool operator==(const Number& a, const Number& b);
  friend bool operator<(const Number& a, const Number& b);
  friend bool operator>(const Number& a, const Number& b) { return b < a; }
  friend bool operator<=(const Number& a, const Number& b) { return a < b || a == b; }
  friend bool operator>=(const Number& a, const Number& b) { return b <= a; }
  friend bool operator!=(const Number& a, const Number& b) { return !(a == b); }

 private:
  std::int64_t numerator_ = 0;
  std::int64_t denominator_ = 1;  // 0: overflowed
};

}  // namespace sluice
