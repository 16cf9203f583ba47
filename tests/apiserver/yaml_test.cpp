#include "reconciler/apiserver/yaml.h"

#include <catch2/catch.hpp>

namespace sluice::apiserver {

using cluster::Json;

TEST_CASE("YAML becomes the JSON that it is") {
  const auto read = ReadYaml(
      "a: 1\nb: \"1\"\nc: 1.5\nd: true\ne: ~\nf:\n- x\n- {y: no}\ng: 'null'\nh: |\n  two\n  lines\ni:\n8: z\nj: "
      "0123x\n");
  REQUIRE(read.ok());
  CHECK(*read == Json{{"a", 1},
                      {"b", "1"},
                      {"c", 1.5},
                      {"d", true},
                      {"e", nullptr},
                      {"f", Json::array({"x", {{"y", "no"}}})},
                      {"g", "null"},
                      {"h", "two\nlines\n"},
                      {"i", nullptr},
                      {"8", "z"},
                      {"j", "0123x"}});
}

TEST_CASE("YAML that is wrong, or would grow, is refused with its line") {
  for (const char* wrong : {"a: [1", "a: &x 1\nb: *x\n", "a: 1\na: 2\n", "? [1]\n: 2\n", "{a: b}: c\n", "a: b: c\n"}) {
    CAPTURE(wrong);
    const auto read = ReadYaml(wrong);
    REQUIRE(!read.ok());
    CHECK(read.error().message.find("line ") != std::string::npos);
  }
  CHECK(!ReadYaml(std::string(5'000, '[')).ok());
  CHECK(!ReadYaml("a: " + std::string(300, '[') + std::string(300, ']')).ok());
}

}  // namespace sluice::apiserver
