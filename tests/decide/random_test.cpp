// Random walks through worlds, commits and people, and random input that contradicts itself.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "compiler/base/hash.h"
#include "tests/decide/shrink.h"
#include "tests/decide/walk.h"

namespace sluice::decide::test {
namespace {

constexpr Capacity kCapacities[] = {Capacity::kFull, Capacity::kShared, Capacity::kPods, Capacity::kSwitch};

// So many and more pass every mark.
constexpr int kEnoughForMarks = 5'000;

// SLUICE_WALKS of them; SLUICE_SHARD=2/3 is the second third.
struct Seeds {
  int walks = 400;
  int shard = 1, shards = 1;

  Seeds() {
    if (const char* text = std::getenv("SLUICE_WALKS")) {
      walks = std::max(1, std::atoi(text));
    }
    if (const char* text = std::getenv("SLUICE_SHARD")) {
      const std::string both = text;
      shard = std::max(1, std::atoi(both.c_str()));
      shards = std::max(shard, std::atoi(both.c_str() + std::min(both.size(), both.find('/') + 1)));
    }
  }
  // The first after `seed` that is of this shard, from 0 on.
  int After(int seed) const { return seed == 0 ? shard : seed + shards; }
};

void Fails(const Walk& walk, const std::string& failed) {
  const Walk least = Shrunk(walk);
  Marks scratch;
  const WalkEnd end = Play(least, scratch, false);
  FAIL("seed " << walk.seed << ": " << failed << "\nthe fewest disturbances: " << least.disturbances.size() << " of "
               << walk.disturbances.size() << ", which end in: " << end.failed << "\n"
               << CodeOf(least) << "\n"
               << end.transcript);
}

}  // namespace

TEST_CASE("random walks keep every promise and end at rest or in a named state", "[walks]") {
  const Seeds seeds;
  Marks marks;
  int played = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (int seed = seeds.After(0); seed <= seeds.walks; seed = seeds.After(seed)) {
    const Walk walk = DrawWalk(static_cast<unsigned>(seed));
    const WalkEnd end = Play(walk, marks, true);
    ++played;
    if (!end.failed.empty()) {
      Fails(walk, end.failed);
    }
    if (seed % 100 == 0) {
      Marks scratch;
      const WalkEnd once = Play(walk, scratch, false);
      const WalkEnd again = Play(walk, scratch, false);
      INFO("seed " << seed << ": the same seed, other bytes");
      REQUIRE(Sha256(once.transcript + once.status) == Sha256(again.transcript + again.status));
      REQUIRE(once.status == end.status);
    }
  }
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("%s%d walks, %.0f a second\n", marks.Table().c_str(), played, played / std::max(took, 0.001));
  if (played >= kEnoughForMarks) {
    INFO("no walk passes there: no promise is checked there (disturbance.cpp draws what happens)");
    CHECK(marks.Missed() == std::vector<std::string>());
  }
}

TEST_CASE("a list that fails is shrunk to what it fails by") {
  const auto needs = [](const std::vector<int>& items, std::initializer_list<int> all) {
    return std::all_of(all.begin(), all.end(),
                       [&](int one) { return std::find(items.begin(), items.end(), one) != items.end(); });
  };
  std::vector<int> items;
  for (int i = 0; i < 40; ++i) items.push_back(i);
  CHECK(Shrunk(items, [&](const auto& some) { return needs(some, {3, 17, 39}); }) == std::vector<int>{3, 17, 39});
  CHECK(Shrunk(items, [&](const auto& some) { return needs(some, {0}); }) == std::vector<int>{0});
  CHECK(Shrunk(items, [](const auto&) { return true; }).empty());
  CHECK(Shrunk(items, [&](const auto& some) { return some.size() == items.size(); }) == items);
}

TEST_CASE("input that contradicts itself never crashes and changes nothing twice", "[walks]") {
  for (int seed = 1; seed <= 4 * std::min(Seeds().walks, 1'000); ++seed) {
    Random random(static_cast<unsigned>(seed));
    const Capacity capacity = random.Of(kCapacities);
    const graph::Graph graph = Build(DrawPlan(random, capacity), "b2");
    Status status;
    status.phase = static_cast<Phase>(random.Below(5));
    status.hold = static_cast<Hold>(random.Below(10));
    constexpr const char* kNames[] = {"", "a1", "b2", "c3"};
    status.candidate = random.Of(kNames);
    status.stable = random.Of(kNames);
    status.pinned = random.OneIn(4) ? random.Of(kNames) : "";
    status.run = random.Below(3);
    for (const graph::Node& node : graph.nodes) {
      if (random.OneIn(3)) {
        NodeRecord& record = status.nodes[node.path];
        record.state = random.OneIn(2) ? NodeState::kDone : NodeState::kActive;
        record.recheck = random.OneIn(4);
      }
    }
    for (const char* name : kNames) {
      if (random.OneIn(2)) {
        status.applied.shares[name] = Number::Ratio(random.Below(5), 1 + random.Below(4));
      }
    }
    status.skip_to_end = random.OneIn(5);
    status.stalled = random.OneIn(5);
    status.back_holds = random.OneIn(2);
    Observed seen;
    seen.complete = !random.OneIn(10);
    seen.removed = random.OneIn(10);
    seen.wanted = random.Of(kNames);
    for (const char* name : kNames) {
      if (random.OneIn(2)) {
        ObservedDeployment deployment;
        deployment.spec_replicas = random.Below(30) - 5;
        deployment.generation = random.Below(3);
        deployment.observed_generation = random.Below(3);
        deployment.deleting = random.OneIn(4);
        seen.revisions[name].deployment = deployment;
        seen.revisions[name].ready_endpoints = random.Below(30) - 5;
      }
    }
    Command command;
    command.uid = "u";
    command.verb = "promote";
    seen.commands.push_back(command);
    const TimePoint now{Duration{random.Below(1'000'000)}};
    const Decision decision = Decide(graph, status, seen, now);
    const Decision again = Decide(graph, status, seen, now);
    REQUIRE(Dump(decision.status) == Dump(again.status));
    REQUIRE(decision.actions.size() == again.actions.size());
  }
}

}  // namespace sluice::decide::test
