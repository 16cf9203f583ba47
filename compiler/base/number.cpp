#include "compiler/base/number.h"

#include <limits>
#include <numeric>

namespace sluice {
namespace {

__extension__ typedef __int128 Wide;  // NOLINT(modernize-use-using): no __extension__ there

constexpr Wide kMax = std::numeric_limits<std::int64_t>::max();

Wide GreatestCommonDivisor(Wide a, Wide b) {
  if (a <= kMax && b <= kMax) {
    return std::gcd(static_cast<std::int64_t>(a), static_cast<std::int64_t>(b));
  }
  while (b != 0) {
    const Wide rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

// Lowest terms; overflowed if they don't fit. `denominator` > 0.
Number Reduced(Wide numerator, Wide denominator) {
  if (denominator == 1) {
    if (numerator > kMax || numerator < -kMax) {
      return Number::Overflow();
    }
    return Number(static_cast<std::int64_t>(numerator));
  }
  const Wide divisor = GreatestCommonDivisor(numerator < 0 ? -numerator : numerator, denominator);
  numerator /= divisor;
  denominator /= divisor;
  if (numerator > kMax || numerator < -kMax || denominator > kMax) {
    return Number::Overflow();
  }
  return Number::Ratio(static_cast<std::int64_t>(numerator), static_cast<std::int64_t>(denominator));
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Digits of a decimal text, without its point, and how far the point is to the left of their end.
struct Digits {
  bool negative = false;
  std::string text;
  std::int64_t scale = 0;
};

std::optional<Digits> ReadDigits(std::string_view text, bool exponent) {
  Digits digits;
  std::size_t at = 0;
  if (at < text.size() && (text[at] == '-' || (exponent && text[at] == '+'))) {
    digits.negative = text[at] == '-';
    ++at;
  }
  std::size_t count = 0;
  for (; at < text.size() && IsDigit(text[at]); ++at, ++count) {
    digits.text += text[at];
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    std::size_t fraction = 0;
    for (; at < text.size() && IsDigit(text[at]); ++at, ++fraction) {
      digits.text += text[at];
    }
    if (fraction == 0) {
      return std::nullopt;
    }
    digits.scale = static_cast<std::int64_t>(fraction);
  }
  if (count == 0) {
    return std::nullopt;
  }
  if (exponent && at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    bool negative = false;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) {
      negative = text[at] == '-';
      ++at;
    }
    if (at == text.size() || text.size() - at > 4) {
      return std::nullopt;
    }
    std::int64_t power = 0;
    for (; at < text.size() && IsDigit(text[at]); ++at) {
      power = power * 10 + (text[at] - '0');
    }
    digits.scale -= negative ? -power : power;
  }
  return at == text.size() ? std::optional(digits) : std::nullopt;
}

// Drops the last digit, rounding half to even (what was dropped before counts as zero).
void DropLastDigit(std::string& digits, std::int64_t& scale) {
  const char last = digits.back();
  digits.pop_back();
  --scale;
  const bool odd = !digits.empty() && (digits.back() - '0') % 2 == 1;
  if (last < '5' || (last == '5' && !odd)) {
    return;
  }
  std::size_t at = digits.size();
  while (at > 0 && digits[at - 1] == '9') {
    digits[--at] = '0';
  }
  if (at > 0) {
    ++digits[at - 1];
  } else {
    digits.insert(digits.begin(), '1');
  }
}

}  // namespace

Number Number::Ratio(std::int64_t numerator, std::int64_t denominator) {
  constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();
  if (denominator == 0 || numerator == kLowest || denominator == kLowest) {
    return Overflow();
  }
  if (denominator < 0) {
    numerator = -numerator;
    denominator = -denominator;
  }
  const std::int64_t divisor = std::gcd(numerator, denominator);
  Number result;
  result.numerator_ = numerator / divisor;
  result.denominator_ = denominator / divisor;
  return result;
}

Number Number::Overflow() {
  Number result;
  result.denominator_ = 0;
  return result;
}

std::optional<Number> Number::Parse(std::string_view text, bool exponent, bool round) {
  std::optional<Digits> read = ReadDigits(text, exponent);
  if (!read) {
    return std::nullopt;
  }
  std::string digits = read->text.substr(std::min(read->text.find_first_not_of('0'), read->text.size()));
  std::int64_t scale = read->scale;
  while (!digits.empty() && digits.back() == '0' && scale > 0) {
    digits.pop_back();
    --scale;
  }
  if (digits.empty()) {
    return Number(0);
  }
  while (round && scale > 0 && (digits.size() > 18 || scale > 18)) {
    DropLastDigit(digits, scale);
    if (digits.empty()) {
      return Number(0);
    }
  }
  if (digits.size() > 18 || scale > 18 || scale < -18) {
    return Overflow();
  }
  std::int64_t value = 0;
  for (const char digit : digits) {
    value = value * 10 + (digit - '0');
  }
  Wide numerator = read->negative ? -value : value;
  Wide denominator = 1;
  for (; scale > 0; --scale) {
    denominator *= 10;
  }
  for (; scale < 0; ++scale) {
    numerator *= 10;
  }
  return Reduced(numerator, denominator);
}

std::int64_t Number::Floor() const {
  const std::int64_t quotient = numerator_ / denominator_;
  return numerator_ % denominator_ < 0 ? quotient - 1 : quotient;
}

std::int64_t Number::Ceil() const {
  const std::int64_t quotient = numerator_ / denominator_;
  return numerator_ % denominator_ > 0 ? quotient + 1 : quotient;
}

std::int64_t Number::Round() const {
  const Wide twice = static_cast<Wide>(numerator_) * 2;
  const Wide denominator = denominator_;
  const Wide shifted = twice >= 0 ? twice + denominator : twice - denominator;
  return static_cast<std::int64_t>(shifted / (2 * denominator));
}

bool Number::IsDecimal() const {
  if (overflowed()) {
    return false;
  }
  std::int64_t rest = denominator_;
  while (rest % 2 == 0) {
    rest /= 2;
  }
  while (rest % 5 == 0) {
    rest /= 5;
  }
  return rest == 1;
}

std::string Number::ToString() const {
  if (overflowed()) {
    return "overflow";
  }
  if (is_integer()) {
    return std::to_string(numerator_);
  }
  if (!IsDecimal()) {
    return std::to_string(numerator_) + "/" + std::to_string(denominator_);
  }
  std::string text = numerator_ < 0 ? "-" : "";
  Wide rest = numerator_ < 0 ? -static_cast<Wide>(numerator_) : numerator_;
  text += std::to_string(static_cast<std::int64_t>(rest / denominator_)) + ".";
  rest %= denominator_;
  while (rest != 0) {
    rest *= 10;
    text += static_cast<char>('0' + static_cast<int>(rest / denominator_));
    rest %= denominator_;
  }
  return text;
}

std::string Number::ToRoundedString(int digits) const {
  if (overflowed() || (IsDecimal() && is_integer())) {
    return ToString();
  }
  std::int64_t scale = 1;
  for (int i = 0; i < digits; ++i) {
    scale *= 10;
  }
  const Number scaled = *this * Number(scale);
  return scaled.overflowed() ? ToString() : Ratio(scaled.Round(), scale).ToString();
}

std::string Number::ToPercent(int digits) const { return (*this * Number(100)).ToRoundedString(digits) + "%"; }

Number operator+(const Number& a, const Number& b) {
  if (a.overflowed() || b.overflowed()) {
    return Number::Overflow();
  }
  return Reduced(static_cast<Wide>(a.numerator_) * b.denominator_ + static_cast<Wide>(b.numerator_) * a.denominator_,
                 static_cast<Wide>(a.denominator_) * b.denominator_);
}

Number operator-(const Number& a, const Number& b) { return a + (-b); }

Number operator*(const Number& a, const Number& b) {
  if (a.overflowed() || b.overflowed()) {
    return Number::Overflow();
  }
  return Reduced(static_cast<Wide>(a.numerator_) * b.numerator_, static_cast<Wide>(a.denominator_) * b.denominator_);
}

Number operator/(const Number& a, const Number& b) {
  if (a.overflowed() || b.overflowed() || b.numerator_ == 0) {
    return Number::Overflow();
  }
  const Wide numerator = static_cast<Wide>(a.numerator_) * b.denominator_;
  const Wide denominator = static_cast<Wide>(a.denominator_) * b.numerator_;
  return denominator < 0 ? Reduced(-numerator, -denominator) : Reduced(numerator, denominator);
}

Number Number::operator-() const {
  Number result = *this;
  result.numerator_ = -numerator_;
  return result;
}

bool operator==(const Number& a, const Number& b) {
  return !a.overflowed() && a.numerator_ == b.numerator_ && a.denominator_ == b.denominator_;
}

bool operator<(const Number& a, const Number& b) {
  return !a.overflowed() && !b.overflowed() &&
         static_cast<Wide>(a.numerator_) * b.denominator_ < static_cast<Wide>(b.numerator_) * a.denominator_;
}

}  // namespace sluice
