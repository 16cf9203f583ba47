#include "reconciler/cluster/json.h"

#include <string>

#include <catch2/catch.hpp>

namespace sluice::cluster {
namespace {

TEST_CASE("a text becomes what the library makes of it") {
  for (const char* text : {
           "null",
           "true",
           "-7",
           "18446744073709551615",
           "1.5e3",
           R"("a\"b\u00e4")",
           "[]",
           "{}",
           " [1, [2, {\"a\": []}], {}] ",
           R"({"b": 1, "a": {"d": [null, {"z": "", "y": false}], "c": ""}, "": 0})",
           R"({"kind": "Pod", "metadata": {"name": "p", "labels": {"b": "1", "a": "2"}}, "spec": {}})",
           // Of one name the last counts.
           R"({"a": 1, "b": 2, "a": {"c": 3}, "a": [4]})",
           // Some that are none.
           "",
           "{",
           "[1,]",
           "{\"a\" 1}",
           "{\"a\": 1}}",
           "[1] 2",
           "\"\xff\"",
           "nul",
           "{\"a\": tru",
       }) {
    INFO(text);
    const auto library = nlohmann::json::parse(text, nullptr, false);
    const Json ours = ParseJson(text);
    REQUIRE(ours.is_discarded() == library.is_discarded());
    if (!library.is_discarded()) {
      CHECK(ours.dump() == library.dump());
    }
  }
}

TEST_CASE("a text that nests deeper than anyone should walk is none") {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  CHECK_FALSE(ParseJson(nested(1'000)).is_discarded());
  CHECK(ParseJson(nested(1'001)).is_discarded());
  CHECK(ParseJson(nested(1'000'000)).is_discarded());
  // Brackets in a text nest nothing.
  CHECK_FALSE(ParseJson("\"" + std::string(2'000, '[') + "\"").is_discarded());
  // What is left out is read, too.
  CHECK(ParseJson("{\"a\": " + nested(1'000) + "}", {{"a"}}).is_discarded());
}

TEST_CASE("members that nobody reads are left out, at their place only") {
  const std::vector<Names> left_out = {{"object", "metadata", "managedFields"}, {"object", "spec"}};
  const std::string text = R"({
    "managedFields": 1,
    "metadata": {"managedFields": 2},
    "object": {
      "managedFields": 3,
      "metadata": {"name": "p", "managedFields": [{"f:spec": {"managedFields": {}}}, []], "zone": "a"},
      "spec": {"metadata": {"managedFields": 4}, "list": [1, {"spec": 2}]},
      "status": {"metadata": {"managedFields": 5}, "spec": 6},
      "list": [{"metadata": {"managedFields": 7}, "spec": 8}]
    },
    "spec": 9,
    "type": "ADDED"
  })";
  auto wanted = nlohmann::json::parse(text);
  wanted["object"].erase("spec");
  wanted["object"]["metadata"].erase("managedFields");
  CHECK(ParseJson(text, left_out).dump(1) == wanted.dump(1));

  CHECK(ParseJson(R"({"a": "text", "b": 1})", {{"a"}}).dump() == R"({"b":1})");
  CHECK(ParseJson(R"({"b": 1, "a": {}})", {{"a"}}).dump() == R"({"b":1})");
  CHECK(ParseJson(R"({"a": [], "b": [{"a": 1}]})", {{"a"}}).dump() == R"({"b":[{"a":1}]})");
  CHECK(ParseJson(R"([{"a": 1}])", {{"a"}}).dump() == R"([{"a":1}])");
  CHECK(ParseJson(R"({"a": [}, "b": 1})", {{"a"}}).is_discarded());
}

}  // namespace
}  // namespace sluice::cluster
