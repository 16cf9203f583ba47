#include <regex>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "compiler/diagnostics/diagnostic.h"

namespace sluice::diagnostics {

TEST_CASE("every kind has a code and a name of its own, and a title that reads as a sentence part") {
  std::set<std::string> codes, names;
  for (const Kind* kind : AllKinds()) {
    CAPTURE(kind->code, kind->name);
    CHECK(codes.insert(kind->code).second);
    CHECK(names.insert(kind->name).second);
    CHECK(std::regex_match(kind->code, std::regex("SL[0-9]{4}")));
    CHECK(std::regex_match(kind->name, std::regex("[a-z][a-z0-9_]*")));
    const std::string title = kind->title;
    CHECK_FALSE(title.empty());
    CHECK(title.back() != '.');
    CHECK(title.find('\n') == std::string::npos);
  }
}

}  // namespace sluice::diagnostics
