// Random walks through worlds, commits and people, and random input that contradicts itself.
#include <cstdlib>
#include <random>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "reconciler/decide/history.h"
#include "reconciler/decide/invariants.h"
#include "tests/decide/story.h"

namespace sluice::decide::test {
namespace {

constexpr Capacity kCapacities[] = {Capacity::kFull, Capacity::kShared, Capacity::kPods, Capacity::kSwitch};

int Walks() {
  const char* text = std::getenv("SLUICE_WALKS");
  return text == nullptr ? 200 : std::max(1, std::atoi(text));
}

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  int Below(int n) { return static_cast<int>(engine_() % static_cast<unsigned>(n)); }
  bool OneIn(int n) { return Below(n) == 0; }
  template <typename T, std::size_t N>
  const T& Of(const T (&items)[N]) {
    return items[Below(static_cast<int>(N))];
  }

 private:
  std::mt19937 engine_;
};

graph::Graph AnyPlan(Random& random, Capacity capacity, const std::string& revision) {
  Plan plan(capacity, 1 + random.Below(12));
  plan.graph.policies.surge = random.Below(4);
  plan.graph.policies.unavailable = random.Below(2);
  if (plan.graph.policies.surge == 0 && plan.graph.policies.unavailable == 0) {
    plan.graph.policies.unavailable = 1;
  }
  plan.graph.policies.unavailable = std::min(plan.graph.policies.unavailable, plan.graph.workload.replicas);
  plan.graph.policies.deadline = std::chrono::hours(6);
  plan.graph.hold_on_failure = random.OneIn(6);
  if (capacity != Capacity::kShared && random.OneIn(3)) {
    plan.Autoscale(plan.graph.workload.replicas + random.Below(12));
  }
  int share = 0;
  for (int i = 0; i < 4 && share < 90 && capacity != Capacity::kSwitch; ++i) {
    share += 5 + random.Below(40);
    const std::string step = fmt::format("step{}", i);
    if (random.OneIn(4)) {
      plan.Run("before-" + step, minutes(3), random.Below(2));
    }
    plan.Weight(step, std::min(share, 99));
    if (random.OneIn(6)) {
      plan.Run(step, minutes(5), random.Below(3));
    }
    if (random.OneIn(2)) {
      plan.Hold(step, minutes(1 + random.Below(10)), random.OneIn(2));
    }
    if (random.OneIn(4)) {
      plan.Pause(step, std::chrono::hours(1));
    }
    if (random.OneIn(4)) {
      plan.Check(step, minutes(20));
    }
  }
  plan.Weight("full", 100);
  plan.Hold("full", minutes(2), true);
  return plan.Build(revision);
}

void Disturb(Random& random, Capacity capacity, Story& story) {
  constexpr const char* kRevisions[] = {"a1", "b2", "c3", "d4"};
  constexpr const char* kVerbs[] = {"approve", "reject", "pause", "resume", "abort", "retry", "promote", "undo"};
  World& world = story.world;
  if (random.OneIn(6)) {
    for (auto& [node, acts] : world.job_acts) {
      acts.fails = random.Below(3);
      acts.hangs = random.OneIn(4);
      acts.takes = std::chrono::seconds(1 + random.Below(200));
    }
  }
  if (random.OneIn(5)) {
    world.load = Number(random.Below(20));
    story.Note("load for " + world.load->ToString() + " pods");
  }
  if (random.OneIn(40)) {
    story.Note("somebody tears out the Jobs");
    world.TearOutJobs();
  }
  switch (random.Below(13)) {
    case 0:
      world.Commit(AnyPlan(random, capacity, random.Of(kRevisions)));
      story.Note("commit of " + world.plan().workload.revision);
      break;
    case 1:
    case 2:
      story.Command(random.Of(kVerbs));
      break;
    case 3:
      world.behaviour[random.Of(kRevisions)].ready = random.OneIn(2);
      break;
    case 4:
      world.behaviour[random.Of(kRevisions)].at_most = random.Below(6);
      break;
    case 5:
      world.error_rate = random.OneIn(2) ? Number::Ratio(8, 100) : Number(0);
      break;
    case 6:
      world.answers = random.OneIn(2) ? graph::Evaluation::Kind::kValue : graph::Evaluation::Kind::kNoData;
      break;
    case 7:
      world.route_stuck = random.OneIn(2);
      break;
    case 8:
      world.quota = random.OneIn(2) ? std::optional<std::int32_t>(4 + random.Below(14)) : std::nullopt;
      break;
    case 9:
      world.DeleteDeployment(random.Of(kRevisions));
      story.Note("somebody deletes a Deployment");
      break;
    case 10:
      world.EditRoute();
      break;
    case 11:
      story.status.epoch += 1;
      world.Restart();
      break;
    default:
      world.gates_silent = random.OneIn(2);
  }
}

void Heal(World& world) {
  world.job_acts.clear();
  world.behaviour.clear();
  world.error_rate = Number(0);
  world.answers = graph::Evaluation::Kind::kValue;
  world.route_stuck = false;
  world.gates_silent = false;
  world.quota.reset();
}

}  // namespace

TEST_CASE("random walks keep every promise and end at rest or in a named state", "[walks]") {
  for (int seed = 1; seed <= Walks(); ++seed) {
    Random random(static_cast<unsigned>(seed));
    const Capacity capacity = random.Of(kCapacities);
    Story story(AnyPlan(random, capacity, "a1"));
    for (int i = 0; i < 15 && story.broken.empty(); ++i) {
      story.Run(seconds(1 + random.Below(random.OneIn(3) ? 2000 : 60)));
      Disturb(random, capacity, story);
    }
    const bool broken_world_ends = story.RunToRest(std::chrono::hours(48));
    Heal(story.world);
    story.world.MoveTo(story.world.now() + seconds(2));
    const bool healed_world_ends = story.RunToRest(std::chrono::hours(48));
    INFO("seed " << seed << "\n" << story.transcript);
    REQUIRE(story.broken == std::vector<std::string>());
    REQUIRE(broken_world_ends);
    REQUIRE(healed_world_ends);
    REQUIRE(StatusSize(story.status) <= kStatusBytes);
  }
}

TEST_CASE("input that contradicts itself never crashes and changes nothing twice", "[walks]") {
  for (int seed = 1; seed <= 4 * Walks(); ++seed) {
    Random random(static_cast<unsigned>(seed));
    const Capacity capacity = random.Of(kCapacities);
    const graph::Graph graph = AnyPlan(random, capacity, "b2");
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
