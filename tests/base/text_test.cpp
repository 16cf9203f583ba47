#include "compiler/base/text.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "compiler/base/hash.h"

namespace sluice {

TEST_CASE("edit distance counts a swap of neighbours as one") {
  CHECK(EditDistance("weight", "wieght") == 1);
  CHECK(EditDistance("hold", "hole") == 1);
  CHECK(EditDistance("", "abc") == 3);
  CHECK(EditDistance("same", "same") == 0);
}

TEST_CASE("similar names are what a person most likely meant") {
  const std::vector<std::string> names = {"error-rate", "latency", "latency_p99", "smoke", "ramp", "full"};
  CHECK(SimilarNames("eror-rate", names) == std::vector<std::string>{"error-rate"});
  CHECK(SimilarNames("Smoke", names) == std::vector<std::string>{"smoke"});
  CHECK(SimilarNames("p99-latency", names) == std::vector<std::string>{"latency_p99"});
  CHECK(SimilarNames("checkout", names).empty());
  CHECK(SimilarNames("ab", {"ac", "ad", "ae", "af"}).size() == 3);
  CHECK(SimilarNames("a", {"b", "5", "ab"}) == std::vector<std::string>{"ab"});
}

TEST_CASE("the first byte that is not UTF-8 is found") {
  CHECK_FALSE(FirstInvalidUtf8("plain"));
  CHECK_FALSE(FirstInvalidUtf8("grün 你好 🚀"));
  CHECK(FirstInvalidUtf8("ab\xff") == 2);
  CHECK(FirstInvalidUtf8("a\xc3") == 1);             // cut off
  CHECK(FirstInvalidUtf8("\xc0\xaf") == 0);          // overlong
  CHECK(FirstInvalidUtf8("\xed\xa0\x80") == 0);      // a surrogate
  CHECK(FirstInvalidUtf8("\xf4\x90\x80\x80") == 0);  // beyond U+10FFFF
}

TEST_CASE("words are joined as in a sentence") {
  CHECK(JoinWords({}) == "");
  CHECK(JoinWords({"a"}) == "a");
  CHECK(JoinWords({"a", "b"}, "or") == "a or b");
  CHECK(JoinWords({"a", "b", "c"}) == "a, b and c");
}

TEST_CASE("SHA-256 is the standard's (FIPS 180-4 example)") {
  CHECK(Sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace sluice
