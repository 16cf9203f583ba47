// Random walks of the whole system with faults drawn for each: see walk.h. SLUICE_SEEDS=N walks N seeds, and
// SLUICE_SEED=S that one alone.
#include <iostream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/fault/kinds.h"

namespace sluice::execute {
namespace {

constexpr int kSeeds = 300;
constexpr std::uint64_t kTwice = 100;  // one seed in so many is walked twice

WalkEnd Walked(const Script& script) { return Walk(script).Run(); }

// The fewest of its happenings with which it still goes wrong (Zeller's ddmin).
Script Shrunk(Script script) {
  Script quiet = script;
  quiet.happenings.clear();
  if (!Walked(quiet).broken.empty()) return quiet;
  std::size_t parts = 2;
  while (script.happenings.size() > 1) {
    const std::size_t size = (script.happenings.size() + parts - 1) / parts;
    bool smaller = false;
    for (std::size_t from = 0; from < script.happenings.size() && !smaller; from += size) {
      Script without = script;
      const auto begin = without.happenings.begin() + static_cast<std::ptrdiff_t>(from);
      const auto left = static_cast<std::size_t>(without.happenings.end() - begin);
      without.happenings.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(size, left)));
      if (Walked(without).broken.empty()) continue;
      script = std::move(without);
      smaller = true;
    }
    if (smaller) {
      parts = std::max<std::size_t>(parts - 1, 2);
    } else if (size == 1) {
      break;
    } else {
      parts = std::min(parts * 2, script.happenings.size());
    }
  }
  return script;
}

std::vector<std::uint64_t> SeedsToWalk() {
  if (const char* one = std::getenv("SLUICE_SEED")) return {static_cast<std::uint64_t>(std::atoll(one))};
  std::vector<std::uint64_t> seeds;
  for (int seed = 1; seed <= Seeds(kSeeds); ++seed) seeds.push_back(static_cast<std::uint64_t>(seed));
  return seeds;
}

// What a run must have seen to be worth something.
std::vector<std::string> Sometimes() {
  std::vector<std::string> all = {"edit at rest",
                                  "edit in a run",
                                  "going back",
                                  "a revision that leaves",
                                  "another process goes on",
                                  "a death in a run",
                                  "a lease is lost",

                                  "run promoted",
                                  "run rolled-back",
                                  "run superseded",
                                  "run reverted",
                                  "run aborted",
                                  "state Held",
                                  "state Paused",
                                  "state Blocked",
                                  "state FirstInstallFailed"};
  for (const auto* kinds : {&Deeds(), &FaultKinds()}) {
    for (const HappeningKind& kind : *kinds) {
      if (kind.name != "edit") all.push_back(kind.name);
    }
  }
  return all;
}

TEST_CASE("whatever happens, nothing is broken, and once all is well the last version runs alone") {
  const std::vector<std::uint64_t> seeds = SeedsToWalk();
  std::map<std::string, int> reached;
  int failures = 0;
  for (const std::uint64_t seed : seeds) {
    const Script script = Drawn(seed);
    const WalkEnd end = Walked(script);
    for (const auto& [what, times] : end.reached) reached[what] += times;
    if (seed % kTwice == 0) CHECK(Walked(script).trace == end.trace);
    if (end.broken.empty()) continue;
    const Script shrunk = Shrunk(script);
    FAIL_CHECK(Describe(shrunk) << Walked(shrunk).broken);
    if (++failures == 3) break;
  }
  if (seeds.size() < kSeeds) return;
  for (const std::string& what : Sometimes()) {
    INFO(what);
    CHECK(reached[what] > 0);
  }
  for (const auto& [what, times] : reached) std::cout << fmt::format("{:8} {}\n", times, what);
}

}  // namespace
}  // namespace sluice::execute
