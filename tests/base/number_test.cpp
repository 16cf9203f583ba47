#include "compiler/base/number.h"

#include <cstdint>
#include <limits>

#include <catch2/catch.hpp>

namespace sluice {

TEST_CASE("decimal text is read exactly and written back in its shortest form") {
  const struct {
    const char* text;
    const char* expected;
  } kCases[] = {{"0", "0"},      {"10", "10"},      {"-12", "-12"},   {"0.25", "0.25"},
                {"0.10", "0.1"}, {"007.50", "7.5"}, {"-0.5", "-0.5"}, {"0.000000000000000001", "0.000000000000000001"}};
  for (const auto& c : kCases) {
    CAPTURE(c.text);
    REQUIRE(Number::Parse(c.text));
    CHECK(Number::Parse(c.text)->ToString() == c.expected);
  }
}

TEST_CASE("what is no decimal is no number") {
  for (const char* text : {"", "-", ".5", "5.", "1e3", "0x10", "1 2", "NaN", "Inf", "+1", "1.2.3"}) {
    CAPTURE(text);
    CHECK_FALSE(Number::Parse(text));
  }
}

TEST_CASE("answers of metric stores may have exponents and more digits than fit") {
  CHECK(Number::Parse("1.5e-3", true)->ToString() == "0.0015");
  CHECK(Number::Parse("+2E2", true)->ToString() == "200");
  CHECK(Number::Parse("0.0034517623019283746512", true, true)->ToString() == "0.003451762301928375");
  CHECK(Number::Parse("0.99999999999999999999", true, true)->ToString() == "1");
  CHECK(Number::Parse("1e-400", true, true)->ToString() == "0");
  CHECK(Number::Parse("1e400", true, true)->overflowed());
}

TEST_CASE("arithmetic is exact") {
  const Number third = Number(1) / Number(3);
  CHECK(third + third + third == Number(1));
  CHECK(third.ToString() == "1/3");
  CHECK(third.ToRoundedString(3) == "0.333");
  CHECK(*Number::Parse("0.1") + *Number::Parse("0.2") == *Number::Parse("0.3"));
  CHECK(Number::Ratio(4, -6) == Number::Ratio(-2, 3));
  CHECK(Number::Ratio(-2, 3) < Number(0));
}

TEST_CASE("rounding goes down, up and to the nearest") {
  CHECK(Number::Ratio(-7, 2).Floor() == -4);
  CHECK(Number::Ratio(-7, 2).Ceil() == -3);
  CHECK(Number::Ratio(7, 2).Floor() == 3);
  CHECK(Number::Ratio(7, 2).Ceil() == 4);
  CHECK(Number::Ratio(5, 2).Round() == 3);
  CHECK(Number::Ratio(-5, 2).Round() == -3);
  CHECK(Number(3).Ceil() == 3);
}

TEST_CASE("an overflow is never a wrong number") {
  const Number large(std::numeric_limits<std::int64_t>::max());
  CHECK((large + Number(1)).overflowed());
  CHECK((large * large).overflowed());
  CHECK((Number(1) / Number(0)).overflowed());
  CHECK(Number::Ratio(1, std::numeric_limits<std::int64_t>::min()).overflowed());
  const Number lost = large * large;
  CHECK_FALSE(lost == lost);
  CHECK_FALSE(lost < Number(1));
  CHECK((lost - lost).overflowed());
  CHECK(large * Number::Ratio(1, 2) * Number(2) == large);
}

}  // namespace sluice
