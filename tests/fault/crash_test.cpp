// The reconciler dies at each of its writes, a new one starts on what is left, and the end is that of the run in
// which nobody died.
//
// Events are left out as points of death: they are hints, nothing reads them, so that dying at one leaves what dying
// at the write after it leaves.
#include <ctime>
#include <iostream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/fault/plays.h"
#include "tests/fault/seeds.h"

namespace sluice::execute {
namespace {

using cluster::Death;

// Of the writes, one in so many is died at. All of them where the run is quick; the sanitizers look at memory, for
// which a part will do.
#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t kOneIn = 7;
#else
constexpr std::size_t kOneIn = 1;
#endif

constexpr const char* kDeaths[] = {"before it is sent", "with its answer lost", "before the answer is recorded"};
constexpr std::size_t kRecovery = 20;  // writes after a death, of which one is the second

void CheckPlay(const Play& play, int at_least) {
  const std::clock_t started = std::clock();
  const Ending whole = Tell(play);
  INFO(play.name);
  INFO(whole.status);
  INFO(whole.left_over);
  CHECK(whole.over);
  CHECK(Difference(play, whole, whole).empty());
  std::string broken;
  int crashes = 0;
  for (std::size_t write = 1; write <= whole.writes.size(); write += kOneIn) {
    if (whole.writes[write - 1].find("/Event/") != std::string::npos) continue;
    for (const Death death : {Death::kBeforeSending, Death::kAnswerLost, Death::kBeforeRecording}) {
      const std::string difference = Difference(play, whole, Tell(play, Crashes{{write, death}}));
      ++crashes;
      if (difference.empty()) continue;
      broken += fmt::format("write {} ({}) {}: {}\n", write, whole.writes[write - 1], kDeaths[static_cast<int>(death)],
                            difference);
    }
  }
  const double took = static_cast<double>(std::clock() - started) / CLOCKS_PER_SEC;
  std::cout << fmt::format("{}: {} deaths, at each {}. of {} writes, {:.1f} s\n", play.name, crashes, kOneIn,
                           whole.writes.size(), took);
  INFO(broken);
  CHECK(broken.empty());
  CHECK(crashes * static_cast<int>(kOneIn) > at_least);
}

// The second process dies too, in the middle of what it makes of the first one's death.
TEST_CASE("two crashes change nothing of the end", "[pairs]") {
  std::vector<Play> plays = PlaysOfRollouts();
  for (auto more : {PlaysOfSteps(), PlaysOfPlanSets()}) plays.insert(plays.end(), more.begin(), more.end());
  std::map<std::string, Ending> wholes;
  std::string broken;
  int tellings = 0;
  for (int seed = 1; seed <= Seeds(300); ++seed) {
    Dice dice(static_cast<std::uint64_t>(seed));
    const Play& play = dice.Of(plays);
    auto whole = wholes.find(play.name);
    if (whole == wholes.end()) whole = wholes.emplace(play.name, Tell(play)).first;
    const auto death = [&] { return static_cast<Death>(dice.Below(std::size(kDeaths))); };
    const Crashes crashes{{1 + dice.Below(whole->second.writes.size()), death()}, {1 + dice.Below(kRecovery), death()}};
    const std::string difference = Difference(play, whole->second, Tell(play, crashes));
    ++tellings;
    if (difference.empty()) continue;
    broken += fmt::format("seed {}: {}, writes {} {} and then {} {}: {}\n", seed, play.name, crashes[0].write,
                          kDeaths[static_cast<int>(crashes[0].death)], crashes[1].write,
                          kDeaths[static_cast<int>(crashes[1].death)], difference);
  }
  INFO(broken);
  CHECK(broken.empty());
  std::cout << fmt::format("{} pairs of deaths\n", tellings);
}

TEST_CASE("a crash at any write of a rollout changes nothing of its end", "[rollouts]") {
  for (const Play& play : PlaysOfRollouts()) CheckPlay(play, 20);
}
TEST_CASE("a crash at any write in the middle of a step changes nothing of its end", "[steps]") {
  for (const Play& play : PlaysOfSteps()) CheckPlay(play, 30);
}
TEST_CASE("a crash at any write of a plan set changes nothing of its end", "[plan-sets]") {
  for (const Play& play : PlaysOfPlanSets()) CheckPlay(play, 2);
}

}  // namespace
}  // namespace sluice::execute
