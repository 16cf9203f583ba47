// Rollouts of services whose pods autoscalers count.
#include <algorithm>

#include <catch2/catch.hpp>

#include "compiler/graph/resize.h"
#include "reconciler/decide/invariants.h"
#include "reconciler/decide/objects.h"
#include "tests/decide/story.h"

namespace sluice::decide::test {
namespace {

using Bounds = std::map<Revision, std::pair<std::int32_t, std::int32_t>>;

graph::Graph Counted(const std::string& revision, Capacity capacity = Capacity::kFull, std::int32_t least = 4,
                     std::int32_t most = 20) {
  Plan plan(capacity, least);
  plan.graph.policies.fast_track = 0;
  plan.graph.policies.surge = 1;
  plan.Autoscale(most);
  plan.Weight("tenth", 10).Hold("tenth", minutes(10));
  plan.Weight("half", 50).Hold("half", minutes(10));
  plan.Weight("full", 100).Hold("full", minutes(10));
  return plan.Build(revision);
}

// A first revision that ran under `load` for an hour, and the commit of a second one.
Story Loaded(int load, Capacity capacity = Capacity::kFull) {
  Story story(Counted("a1", capacity));
  story.quiet = true;
  story.RunToRest();
  story.world.load = Number(load);
  story.Run(hours(1));
  story.quiet = false;
  story.world.Commit(Counted("b2", capacity));
  return story;
}

}  // namespace

TEST_CASE("a graph says for any number of pods what it says for the autoscaler's least") {
  const graph::Graph graph = Counted("a1");
  const graph::Graph resized = graph::Resized(graph, 12);
  CHECK(resized.workload.replicas == 12);
  std::vector<graph::Pods> pods;
  for (const graph::Node& node : resized.nodes) {
    if (const auto* scale = std::get_if<graph::ScaleNode>(&node.does)) {
      pods.push_back(scale->pods);
    }
  }
  CHECK(pods == std::vector<graph::Pods>{{12, 2}, {12, 6}, {12, 12}});
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    CHECK(resized.nodes[i].effect == graph.nodes[i].effect);
  }
}

TEST_CASE("at rest an autoscaler moves a service's pods and the rollout has nothing to do") {
  Story story(Counted("a1"));
  REQUIRE(story.RunToRest());
  CHECK(story.world.AutoscalerBounds() == Bounds{{"a1", {4, 20}}});
  story.world.load = Number(9);
  const std::string before = Dump(story.status);
  story.Run(hours(1));
  CHECK(story.world.Pods("a1") == 9);
  story.world.load = Number(5);
  story.Run(hours(1));
  CHECK(story.world.Pods("a1") == 5);
  CHECK(Dump(story.status) == before);
  CheckKept(story);

  SECTION("a Deployment that somebody deletes comes back with as many pods as it had room for") {
    story.world.DeleteDeployment("a1");
    story.Run(minutes(10));
    CHECK(story.world.Pods("a1") == 5);
    CheckKept(story);
  }
}

TEST_CASE("where pods make the shares, a service that is installed may be counted up at once") {
  Story story(Counted("a1", Capacity::kPods));
  REQUIRE(story.Run(minutes(5), [&] { return story.status.phase == Phase::kSettled; }));
  story.world.load = Number(9);
  story.Run(seconds(75));
  CHECK(story.world.Pods("a1") >= 9);
  CHECK(story.RunToRest());
  CHECK(story.world.AutoscalerBounds() == Bounds{{"a1", {4, 20}}});
  CheckKept(story);
}

TEST_CASE("a canary takes the pods that the service needs, and stable keeps them until the drain ends") {
  Story story = Loaded(12);
  REQUIRE(story.world.Pods("a1") == 12);
  REQUIRE(story.RunUntilEntered("tenth/hold"));
  CHECK(story.world.Pods("b2") == 2);
  CHECK(story.status.demand == 12);
  story.Run(minutes(9));
  CHECK(story.world.AutoscalerBounds() == Bounds{{"a1", {12, 20}}, {"b2", {2, 20}}});
  REQUIRE(story.RunUntilEntered("half/hold"));
  story.Run(minutes(9));
  // Half of its requests are elsewhere, and it could take them back at once.
  CHECK(story.world.ReadyPods("a1") == 12);
  CHECK(story.world.ReadyPods("b2") == 6);
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CHECK(story.status.demand == 0);
  CHECK(story.world.Pods("b2") == 12);
  CHECK(story.world.AutoscalerBounds() == Bounds{{"b2", {4, 20}}});
  CheckStory("autoscaled_canary", story);
}

TEST_CASE("what fails at half comes back to all of stable's pods") {
  Story story = Loaded(12);
  REQUIRE(story.RunUntilEntered("half/hold"));
  story.Run(minutes(8));
  story.world.error_rate = Number::Ratio(8, 100);
  int least = 100;
  story.Run(hours(1), [&] {
    least = std::min(least, story.world.ReadyPods("a1"));
    return IsAtRest(story.status);
  });
  CHECK(least == 12);
  CHECK(story.status.stable == "a1");
  CHECK(story.RunToRest());
  CHECK(story.world.AutoscalerBounds() == Bounds{{"a1", {4, 20}}});
  CheckKept(story);
}

TEST_CASE("a load that grows in the middle raises what both roles get") {
  Story story = Loaded(12);
  REQUIRE(story.RunUntilEntered("tenth/hold"));
  story.world.load = Number(18);
  REQUIRE(story.RunUntilEntered("half/hold"));
  CHECK(story.status.demand >= 16);
  CHECK(story.world.Pods("b2") >= 8);
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CHECK(story.world.Pods("b2") >= 16);
  CheckKept(story);
}

TEST_CASE("pods that a growing load asks for have the time of a step to come, and the candidate isn't blamed") {
  Story story = Loaded(8);
  for (const char* revision : {"a1", "b2"}) {
    story.world.behaviour[revision].start = seconds(90);
  }
  REQUIRE(story.RunUntilEntered("half/hold"));
  story.world.load = Number(16);
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CHECK(story.status.history.back()->outcome == "promoted");
  CheckKept(story);
}

TEST_CASE("what autoscalers measured before requests moved takes no pods after it") {
  Story story = Loaded(12);
  const auto fewest = [&](const std::string& revision) {
    int least = 100;
    story.Run(minutes(15), [&] {
      least = std::min(least, story.world.Pods(revision));
      return false;
    });
    return least;
  };
  REQUIRE(story.RunUntilEntered("half/hold"));
  SECTION("forward") {
    REQUIRE(story.Run(hours(1), [&] { return story.status.phase == Phase::kSettled; }));
    CHECK(fewest("b2") == 12);
  }
  SECTION("and back") {
    story.Run(minutes(8));
    story.Command("abort");
    REQUIRE(story.Run(hours(1), [&] { return IsAtRest(story.status); }));
    CHECK(fewest("a1") == 12);
  }
  CHECK(story.RunToRest());
  CHECK(story.status.demand == 0);
  CheckKept(story);
}

TEST_CASE("traffic doesn't move before stable's autoscaler is seen to leave it its pods") {
  Story story = Loaded(12);
  REQUIRE(story.RunUntilEntered("tenth/scale"));
  for (int i = 0; i < 10; ++i) {
    story.world.MoveTo(story.world.now() + Duration{500});  // the candidate's pods become ready
  }
  Observed seen = story.world.Observe();
  const auto entered = [&] {
    const Decision decision = decide::Decide(story.world.plan(), story.status, seen, story.world.now());
    return decision.status.nodes.contains("checkout/tenth/traffic");
  };
  CHECK(entered());
  for (auto& [name, companion] : seen.revisions["a1"].companions) {
    companion.object = With(companion.object, {"spec", "minReplicas"}, graph::Value(4));
  }
  CHECK_FALSE(entered());
}

TEST_CASE("a revision that needs more pods than the one before gets them on its way") {
  Story story = Loaded(8);
  story.world.appetite["b2"] = Number(2);
  REQUIRE(story.RunUntilEntered("half/hold"));
  story.Run(minutes(9));
  CHECK(story.world.Pods("b2") == 8);
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CHECK(story.world.Pods("b2") == 16);
  CheckKept(story);
}

TEST_CASE("where pods make the shares, both roles follow the load and the share stays") {
  Story story = Loaded(12, Capacity::kPods);
  REQUIRE(story.RunUntilEntered("half/hold"));
  UNSCOPED_INFO(story.transcript);
  CHECK(story.world.Pods("a1") == 6);
  CHECK(story.world.Pods("b2") == 6);
  story.world.load = Number(18);
  story.Run(minutes(9));
  CHECK(story.world.Pods("a1") == story.world.Pods("b2"));
  CHECK(story.world.Pods("a1") + story.world.Pods("b2") >= 17);
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CHECK(story.world.Pods("b2") >= 17);
  CHECK(story.world.AutoscalerBounds() == Bounds{{"b2", {4, 20}}});
  CheckKept(story);
}

TEST_CASE("bounds that are edited in the middle hold at once") {
  Story story = Loaded(12);
  REQUIRE(story.RunUntilEntered("tenth/hold"));
  SECTION("more pods at least") {
    story.world.Commit(Counted("b2", Capacity::kFull, 15, 30));
    story.Run(minutes(2));
    CHECK(story.world.AutoscalerBounds() == Bounds{{"a1", {15, 30}}, {"b2", {2, 30}}});
    CHECK(story.world.Pods("a1") == 15);
  }
  SECTION("fewer at most") {
    story.world.Commit(Counted("b2", Capacity::kFull, 4, 8));
    story.Run(minutes(2));
    CHECK(story.world.AutoscalerBounds() == Bounds{{"a1", {8, 8}}, {"b2", {1, 8}}});
    CHECK(story.world.Pods("a1") == 8);
  }
  SECTION("a number of pods instead") {
    Plan plan(Capacity::kFull, 7);
    plan.Weight("tenth", 10).Hold("tenth", minutes(10));
    plan.Weight("half", 50).Hold("half", minutes(10));
    plan.Weight("full", 100).Hold("full", minutes(10));
    story.world.Commit(plan.Build("b2"));
    story.Run(minutes(2));
    CHECK(story.world.AutoscalerBounds().empty());
    CHECK(story.world.Pods("a1") == 7);
    CHECK(story.status.demand == 0);
  }
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckKept(story);
}

TEST_CASE("an autoscaler that comes in the middle, where both roles share the pods, takes none") {
  Plan plan(Capacity::kPods, 12);
  plan.Weight("tenth", 10).Hold("tenth", minutes(10));
  plan.Weight("half", 50).Hold("half", minutes(10));
  plan.Weight("full", 100).Hold("full", minutes(10));
  Plan first = plan;
  Story story = Story::Installed(first.Build("a1"), plan.Build("b2"));
  REQUIRE(story.RunUntilEntered("half/hold"));
  story.world.load = Number(12);
  story.world.Commit(Counted("b2", Capacity::kPods));
  int least = 100;
  story.Run(minutes(8), [&] {
    least = std::min(least, story.world.ReadyPods("a1") + story.world.ReadyPods("b2"));
    return false;
  });
  CHECK(least >= 11);
  CHECK(story.RunToRest());
  CHECK(story.world.Pods("b2") >= 11);
  CheckKept(story);
}

TEST_CASE("a service with a number of pods gets an autoscaler, and keeps its pods") {
  Story story = Story::Installed(Canary("a1"), Counted("b2"));
  story.world.load = Number(10);
  REQUIRE(story.RunUntilEntered("half/hold"));
  CHECK(story.world.Pods("a1") == 10);
  CHECK(story.world.Pods("b2") == 5);
  CHECK(story.RunToRest());
  CHECK(story.world.Pods("b2") == 10);
  CheckKept(story);
}

TEST_CASE("an autoscaler that counts nothing is named") {
  Story story(Counted("a1"));
  REQUIRE(story.RunToRest());
  const Observed seen = [&] {
    Observed observed = story.world.Observe();
    for (auto& [name, companion] : observed.revisions["a1"].companions) {
      graph::Map condition;
      condition.Set("type", "ScalingActive");
      condition.Set("status", "False");
      condition.Set("reason", "FailedGetResourceMetric");
      graph::Map status;
      status.Set("conditions", graph::Value(graph::List{graph::Value(condition)}));
      graph::Map object = *companion.object.as_map();
      object.Set("status", graph::Value(status));
      companion.object = graph::Value(object);
    }
    return observed;
  }();
  const Decision decision = decide::Decide(story.world.plan(), story.status, seen, story.world.now());
  CHECK(std::any_of(decision.reasons.begin(), decision.reasons.end(), [](const Reason& reason) {
    return reason.trouble == "the autoscaler of a1 counts nothing: FailedGetResourceMetric";
  }));
}

}  // namespace sluice::decide::test
