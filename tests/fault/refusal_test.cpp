// Each request meets a cluster that has no good answer for it, thrice, and the end is that of the run in which all were
// answered.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/fault/plays.h"

namespace sluice::execute {
namespace {

using cluster::Fault;

struct Case {
  const char* name;
  Fault fault;
  bool reads = true;  // may meet reads too
};

std::vector<Case> Cases() {
  return {
      {"unavailable", {Fault::Kind::kFail, Error{ErrorCode::kUnavailable, "503"}}},
      {"forbidden", {Fault::Kind::kFail, Error{ErrorCode::kForbidden, "403"}}},
      {"a conflict", {Fault::Kind::kFail, Error{ErrorCode::kConflict, "409"}}, false},
      {"lost", {Fault::Kind::kLoseRequest, {}}, false},
      {"done with the answer lost", {Fault::Kind::kLoseAnswer, {}}, false},
  };
}

void CheckPlay(const Play& play, int at_least = 50) {
  const Ending whole = Tell(play);
  REQUIRE(whole.over);
  std::string broken;
  int refusals = 0;
  for (std::size_t request = 1; request <= whole.requests.size(); ++request) {
    const std::string& what = whole.requests[request - 1];
    if (what.find("/Event/") != std::string::npos) continue;
    const bool read = what.starts_with("get ") || what.starts_with("list ");
    for (const Case& each : Cases()) {
      if (read && !each.reads) continue;
      const std::string difference = Difference(play, whole, Tell(play, Refusal{request, each.fault}));
      ++refusals;
      if (!difference.empty()) broken += fmt::format("request {} ({}), {}: {}\n", request, what, each.name, difference);
    }
  }
  INFO(broken);
  CHECK(broken.empty());
  CHECK(refusals > at_least);
}

TEST_CASE("no refused request changes the end of a first install") { CheckPlay(PlaysOfRollouts()[0]); }
TEST_CASE("no refused request changes the end of a good canary") { CheckPlay(PlaysOfRollouts()[1]); }
TEST_CASE("no refused request changes the end of a rollout whose gate fails") { CheckPlay(PlaysOfRollouts()[2]); }
TEST_CASE("no refused request changes the end of a superseded rollout") { CheckPlay(PlaysOfRollouts()[3]); }
TEST_CASE("no refused request changes the end of a canary by pods") { CheckPlay(PlaysOfRollouts()[4]); }
TEST_CASE("no refused request changes the end of a rollout with Jobs") { CheckPlay(PlaysOfRollouts()[5]); }
TEST_CASE("no refused request changes the end of an autoscaled rollout") { CheckPlay(PlaysOfRollouts()[6]); }
TEST_CASE("no refused request changes the end of a takeover") { CheckPlay(PlaysOfRollouts()[7]); }
TEST_CASE("no refused request changes the end of a StatefulSet's rollouts") { CheckPlay(PlaysOfRollouts()[8]); }
TEST_CASE("no refused request changes the end of a service that gets a rollout") { CheckPlay(PlaysOfRollouts()[9]); }
TEST_CASE("no refused request changes the end of an ejection") { CheckPlay(PlaysOfRollouts()[10], 30); }
TEST_CASE("no refused request changes the end of a removal") { CheckPlay(PlaysOfRollouts()[11]); }

}  // namespace
}  // namespace sluice::execute
