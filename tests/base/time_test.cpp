#include "compiler/base/time.h"

#include <catch2/catch.hpp>

namespace sluice {

TEST_CASE("durations read as a plan writes them") {
  CHECK(FormatDuration(Duration(90'000)) == "1m30s");
  CHECK(FormatDuration(Duration(0)) == "0s");
  CHECK(FormatDuration(Duration(250)) == "250ms");
  CHECK(FormatDuration(Duration(3LL * 86'400'000)) == "3d");
  CHECK(FormatDuration(Duration(-1'500)) == "-1s500ms");
}

TEST_CASE("instants round trip through RFC 3339") {
  TimePoint time{};
  REQUIRE(ParseTime("2027-03-02T10:00:00.250Z", time));
  CHECK(FormatTime(time) == "2027-03-02T10:00:00.250Z");
  REQUIRE(ParseTime("2024-02-29T23:59:59Z", time));
  CHECK(FormatTime(time) == "2024-02-29T23:59:59.000Z");
}

TEST_CASE("what is no instant leaves the time untouched") {
  TimePoint time{Duration(42)};
  for (const char* text : {"", "2027-03-02", "2027-02-30T00:00:00Z", "2027-03-02T25:00:00Z",
                           "2027-03-02T10:00:00+01:00", "2027-03-02T10:00:00", "2027-3-2T10:00:00Z",
                           " 2027-03-02T10:00:00Z", "-027-03-02T10:00:00Z", "2027-03-02T10:00:00Z "}) {
    CAPTURE(text);
    CHECK_FALSE(ParseTime(text, time));
  }
  CHECK(time == TimePoint(Duration(42)));
}

}  // namespace sluice
