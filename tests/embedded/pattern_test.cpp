#include "reconciler/embedded/pattern.h"

#include <catch2/catch.hpp>

namespace sluice::embedded {
namespace {

TEST_CASE("patterns match as RE2's do, anchored at both ends") {
  struct Case {
    std::string pattern, text;
    bool fits;
  };
  std::vector<Case> cases = {
      {"5..", "500", true},
      {"5..", "5000", false},
      {"5..", "200", false},
      {"a|b", "b", true},
      {"a|b", "ab", false},
      {"(a|b)+", "abba", true},
      {"", "", true},
      {"", "x", false},
      {".*", "", true},
      {"web-[0-9a-f]{8}", "web-1a2b3c4d", true},
      {"web-[0-9a-f]{8}", "web-1a2b3c4", false},
      {"x{2,3}", "xx", true},
      {"x{2,3}", "xxxx", false},
      {"x{2,}", "xxxxx", true},
      {"x{a}", "x{a}", true},
      {"\\d+\\.\\d+", "10.25", true},
      {"\\d+\\.\\d+", "10x25", false},
      {"[^a-c]", "d", true},
      {"[^a-c]", "b", false},
      {"[]a]", "]", true},
      {"^abc$", "abc", true},
      {"(?:ab)?c", "c", true},
      {"a.c",
       "a\xc3\xa9"
       "c",
       true},
      {"(a*)*b", std::string(200, 'a'), false},
      {"\\w+@\\w+", "me@here", true},
  };
  for (const Case& each : cases) {
    INFO(each.pattern << " on " << each.text);
    auto pattern = Pattern::Parse(each.pattern);
    REQUIRE(pattern.ok());
    CHECK(pattern->Matches(each.text) == each.fits);
  }
}

TEST_CASE("what is no pattern is refused") {
  for (const char* text :
       {"(", ")", "[a", "*a", "a**b(", "\\", "a{1001}", "[z-a]", "(?=a)", "((((a{100}){100}){100}))"}) {
    INFO(text);
    CHECK(!Pattern::Parse(text).ok());
  }
  CHECK(!Pattern::Parse(std::string(1000, '(')).ok());
}

}  // namespace
}  // namespace sluice::embedded
