// The reconciler dies at each of its writes, a new one starts on what is left, and the end is that of the run in
// which nobody died.
//
// Events are left out as points of death: they are hints, nothing reads them, so that dying at one leaves what dying
// at the write after it leaves.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/fault/play.h"

namespace sluice::execute {
namespace {

using cluster::Death;

constexpr const char* kDeaths[] = {"before it is sent", "with its answer lost", "before the answer is recorded"};

void CheckPlay(const Play& play, int at_least = 30) {
  const Ending whole = Tell(play);
  INFO(play.name);
  INFO(whole.status);
  REQUIRE(whole.over);
  REQUIRE(whole.left_over.empty());
  std::string broken;
  int crashes = 0;
  for (std::size_t write = 1; write <= whole.writes.size(); ++write) {
    if (whole.writes[write - 1].find("/Event/") != std::string::npos) continue;
    for (const Death death : {Death::kBeforeSending, Death::kAnswerLost, Death::kBeforeRecording}) {
      const std::string difference = Difference(play, whole, Tell(play, Crash{write, death}));
      ++crashes;
      if (difference.empty()) continue;
      broken += fmt::format("write {} ({}) {}: {}\n", write, whole.writes[write - 1], kDeaths[static_cast<int>(death)],
                            difference);
    }
  }
  INFO(broken);
  CHECK(broken.empty());
  CHECK(crashes > at_least);
}

TEST_CASE("a crash at any write of a first install changes nothing of its end") { CheckPlay(Plays()[0]); }
TEST_CASE("a crash at any write of a good canary changes nothing of its end") { CheckPlay(Plays()[1]); }
TEST_CASE("a crash at any write of a rollout whose gate fails changes nothing of its end") { CheckPlay(Plays()[2]); }
TEST_CASE("a crash at any write of a superseded rollout changes nothing of its end") { CheckPlay(Plays()[3]); }
TEST_CASE("a crash at any write of a canary by pods changes nothing of its end") { CheckPlay(Plays()[4]); }
TEST_CASE("a crash at any write of a rollout with Jobs changes nothing of its end") { CheckPlay(Plays()[5]); }
TEST_CASE("a crash at any write of an autoscaled rollout changes nothing of its end") { CheckPlay(Plays()[6]); }
TEST_CASE("a crash at any write of a takeover changes nothing of its end") { CheckPlay(Plays()[7]); }
TEST_CASE("a crash at any write of a StatefulSet's rollouts changes nothing of its end") { CheckPlay(Plays()[8]); }
TEST_CASE("a crash at any write of a service that gets a rollout changes nothing of its end") { CheckPlay(Plays()[9]); }
TEST_CASE("a crash at any write of an ejection changes nothing of its end") { CheckPlay(Plays()[10], 20); }
TEST_CASE("a crash at any write of a removal changes nothing of its end") { CheckPlay(Plays()[11]); }

}  // namespace
}  // namespace sluice::execute
