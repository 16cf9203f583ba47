// Each request meets a cluster that has no good answer for it, thrice, and the end is that of the run in which all were
// answered.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/fault/play.h"

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

TEST_CASE("no refused request changes the end of a first install") { CheckPlay(Plays()[0]); }
TEST_CASE("no refused request changes the end of a good canary") { CheckPlay(Plays()[1]); }
TEST_CASE("no refused request changes the end of a rollout whose gate fails") { CheckPlay(Plays()[2]); }
TEST_CASE("no refused request changes the end of a superseded rollout") { CheckPlay(Plays()[3]); }
TEST_CASE("no refused request changes the end of a canary by pods") { CheckPlay(Plays()[4]); }
TEST_CASE("no refused request changes the end of a rollout with Jobs") { CheckPlay(Plays()[5]); }
TEST_CASE("no refused request changes the end of an autoscaled rollout") { CheckPlay(Plays()[6]); }
TEST_CASE("no refused request changes the end of a takeover") { CheckPlay(Plays()[7]); }
TEST_CASE("no refused request changes the end of a StatefulSet's rollouts") { CheckPlay(Plays()[8]); }
TEST_CASE("no refused request changes the end of a service that gets a rollout") { CheckPlay(Plays()[9]); }
TEST_CASE("no refused request changes the end of an ejection") { CheckPlay(Plays()[10], 30); }
TEST_CASE("no refused request changes the end of a removal") { CheckPlay(Plays()[11]); }

}  // namespace
}  // namespace sluice::execute
