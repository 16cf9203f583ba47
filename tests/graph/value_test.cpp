#include "compiler/graph/value.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "compiler/graph/codec.h"
#include "compiler/graph/value_codec.h"

namespace sluice::graph {
namespace {

std::string Exact(const Value& value) {
  std::string out;
  AppendExactValue(out, value);
  return out;
}

TEST_CASE("a map finds its entries however many they are, and keeps their order") {
  Map map;
  for (int i = 0; i < 100; ++i) {
    map.Set("k" + std::to_string((i * 37) % 100), Value(i));
  }
  map.Set("k0", Value("changed"));
  CHECK(map.size() == 100);
  CHECK(map.entries()[1].first == "k37");
  for (int i = 1; i < 100; ++i) {
    REQUIRE(map.Find("k" + std::to_string((i * 37) % 100)) != nullptr);
    CHECK(*map.Find("k" + std::to_string((i * 37) % 100)) == Value(i));
  }
  CHECK(*map.Find("k0") == Value("changed"));
  map.Erase("k37");
  CHECK(map.Find("k37") == nullptr);
  CHECK(map.Find("k99") != nullptr);
  CHECK(map.Find("missing") == nullptr);
}

TEST_CASE("maps are equal regardless of order, lists are not") {
  Map a;
  a.Set("x", Value(1));
  a.Set("y", Value(2));
  Map b;
  b.Set("y", Value(2));
  b.Set("x", Value(1));
  CHECK(Value(a) == Value(b));
  CHECK_FALSE(Value(List{Value(1), Value(2)}) == Value(List{Value(2), Value(1)}));
  CHECK_FALSE(Value(1) == Value::Percent(Number(1)));
}

TEST_CASE("the exact form keeps every kind of value") {
  Map map;
  map.Set("b", Value(1));
  map.Set("a", Value(List{Value(), Value(true)}));
  const std::pair<Value, const char*> row =
      GENERATE_COPY(std::make_pair(Value(), "null"), std::make_pair(Value(false), "false"),
                    std::make_pair(Value(-3), "-3"), std::make_pair(Value(Number::Ratio(1, 3)), R"({"n":"1/3"})"),
                    std::make_pair(Value(Number::Ratio(1, 4)), R"({"n":"0.25"})"),
                    std::make_pair(Value(std::int64_t{9'007'199'254'740'993}), R"({"n":"9007199254740993"})"),
                    std::make_pair(Value::Percent(Number::Ratio(1, 20)), R"({"%":"0.05"})"),
                    std::make_pair(Value::Milliseconds(Duration(1500)), R"({"d":"1500"})"),
                    std::make_pair(Value(Quantity{Number(1024), Unit::kBytes}), R"({"b":"1024"})"),
                    std::make_pair(Value(TimePoint(Duration(5))), R"({"t":5})"),
                    std::make_pair(Value(SecretKey{"db", "password"}), R"({"s":["db","password"]})"),
                    std::make_pair(Value("a\"\n\x01ü"), R"("a\"\n\u0001ü")"),
                    std::make_pair(Value(map), R"({"m":["b",1,"a",[null,true]]})"));
  CHECK(Exact(row.first) == row.second);
  const Result<Value> json = DecodeValue(row.second);
  REQUIRE(json.ok());
  const Result<Value> read = ExactValue(*json);
  REQUIRE(read.ok());
  CHECK(*read == row.first);
}

TEST_CASE("values as data are what other programs read") {
  Map map;
  map.Set("share", Value::Percent(Number::Ratio(1, 20)));
  map.Set("third", Value(Number::Ratio(1, 3)));
  map.Set("time", Value::Milliseconds(Duration(90'000)));
  map.Set("at", Value(TimePoint(Duration(0))));
  CHECK(EncodeValue(Value(map)) ==
        R"({"share":0.05,"third":0.333333333333,"time":90000,"at":"1970-01-01T00:00:00.000Z"})");
}

TEST_CASE("a text is the same text to other programs, whatever bytes stand in it and wherever") {
  for (int byte = 1; byte < 0x80; ++byte) {
    for (std::size_t size = 1; size <= 18; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(byte);
        text[size / 2] = '\\';
        text += "\xc3\xa9\xf0\x9f\x9a\xb0";
        const std::string json = EncodeValue(Value(text));
        REQUIRE(nlohmann::json::parse(json) == text);
        REQUIRE(*DecodeValue(json) == Value(text));
      }
    }
  }
  CHECK(EncodeValue(Value("a\"b\\c\nd\te\rf\x01\x7f")) == R"("a\"b\\c\nd\te\rf\u0001)"
                                                          "\x7f\"");
}

TEST_CASE("JSON is read exactly") {
  const std::pair<const char*, const char*> row = GENERATE(
      std::make_pair("0.1", "0.1"), std::make_pair("1e3", "1000"), std::make_pair("-2.50", "-2.5"),
      std::make_pair("123456789012345678901234", "none"), std::make_pair(R"("\ud83d\ude00\u00fc\/")", "😀ü/"),
      std::make_pair(R"("\ud800x")", "\xEF\xBF\xBDx"), std::make_pair(R"( [ 1 , {"a" : null} ] )", R"([1,{"a":null}])"),
      std::make_pair(R"({"a":1,"a":2})", R"({"a":2})"));
  const Result<Value> read = DecodeValue(row.first);
  CHECK((read.ok() ? read->ToText() : "none") == row.second);
}

TEST_CASE("what is no JSON is refused with its place") {
  const std::pair<const char*, const char*> row =
      GENERATE(std::make_pair("", "no JSON at byte 0: a value is missing"),
               std::make_pair("{\"a\" 1}", "no JSON at byte 5: `:` is missing"),
               std::make_pair("[1 2]", "no JSON at byte 3: `,` or `]` is missing"),
               std::make_pair("\"a", "no JSON at byte 2: text without an end"),
               std::make_pair("1 x", "no JSON at byte 2: something stands behind the value"),
               std::make_pair("tru", "no JSON at byte 0: unknown word"), std::make_pair("\xff", "no UTF-8 at byte 0"),
               std::make_pair("\"\\x\"", "no JSON at byte 2: unknown escape"));
  const Result<Value> read = DecodeValue(row.first);
  REQUIRE_FALSE(read.ok());
  CHECK(read.error().message == row.second);
}

TEST_CASE("an answer nested too deeply is refused") {
  const std::string deep = std::string(65, '[') + std::string(65, ']');
  CHECK_FALSE(DecodeValue(deep).ok());
  CHECK(DecodeValue(deep.substr(1, 128)).ok());
  CHECK_FALSE(DecodeValue(std::string(100'000, '[')).ok());
}

}  // namespace
}  // namespace sluice::graph

TEST_CASE("a measurement is shown as a person reads it") {
  using sluice::Number;
  using sluice::graph::Value;
  CHECK(Value::Percent(*Number::Parse("0.19999999999999998")).ToShortText() == "20%");
  CHECK(Value::Percent(*Number::Parse("0.0012345678")).ToShortText() == "0.123%");
  CHECK(Value(Number::Ratio(1, 3)).ToShortText() == "0.333");
  CHECK(Value(sluice::graph::Quantity{*Number::Parse("312.4567"), sluice::graph::Unit::kDuration}).ToShortText() ==
        "312ms");
  CHECK(Value("text").ToShortText() == "text");
}
