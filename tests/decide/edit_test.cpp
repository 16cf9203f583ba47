// Each row of the table of edits: what becomes of a rollout that runs when its plan changes.
#include <catch2/catch.hpp>

#include "tests/decide/story.h"

namespace sluice::decide::test {
namespace {

// 10% and 30% held, then all.
graph::Graph Ramp(const std::string& revision, Duration first, Duration second, int second_share = 30) {
  Plan plan;
  plan.Weight("one", 10).Hold("one", first);
  plan.Weight("two", second_share).Hold("two", second);
  plan.Weight("full", 100);
  return plan.Build(revision);
}

Story InSecondHold() {
  Story story = Story::Installed(Canary("a1"), Ramp("b2", minutes(5), minutes(10)));
  REQUIRE(story.RunUntilEntered("two/hold"));
  return story;
}

}  // namespace

TEST_CASE("done stays done: an edited step before the present one isn't run again") {
  Story story = InSecondHold();
  const NodeRecord before = story.status.nodes["checkout/two/hold"];
  story.world.Commit(Ramp("b2", minutes(50), minutes(10)));
  story.Decide();
  CHECK(story.status.run == 2);
  CHECK(story.status.nodes["checkout/two/hold"].entered_at == before.entered_at);
  CHECK(story.world.Routed().at("b2") == Number::Ratio(30, 100));
  CHECK(story.status.nodes["checkout/one/hold"].recheck);
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckKept(story);
}

TEST_CASE("done with changed intent: its gate is looked at once, and a failing one rolls back") {
  Story story = Story::Installed(Canary("a1"), [] {
    Plan plan;
    plan.Weight("one", 10).Hold("one", minutes(5)).Hold("wait", std::chrono::hours(1), false).Weight("full", 100);
    return plan.Build("b2");
  }());
  REQUIRE(story.RunUntilEntered("wait/hold"));
  story.Run(std::chrono::minutes(5));
  story.world.error_rate = Number::Ratio(8, 100);
  Plan plan;
  plan.Weight("one", 10).Hold("one", minutes(6)).Hold("wait", std::chrono::hours(1), false).Weight("full", 100);
  story.world.Commit(plan.Build("b2"));
  story.Run(std::chrono::minutes(2));
  CHECK(story.status.hold == Hold::kHeld);
  CHECK(story.status.hold_reason == "checkout/one/hold (edited): error-rate(max: 1%): value 8%");
  CheckKept(story);
}

TEST_CASE("a step put in front of what is done is behind and isn't run") {
  Story story = InSecondHold();
  Plan plan;
  plan.Weight("zero", 5).Hold("zero", minutes(5));
  plan.Weight("one", 10).Hold("one", minutes(5)).Weight("two", 30).Hold("two", minutes(10)).Weight("full", 100);
  story.world.Commit(plan.Build("b2"));
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CHECK_FALSE(story.Entered("zero/scale"));
  CheckKept(story);
}

TEST_CASE("a step under way that is moved before one that is done is behind and isn't run any more") {
  Story story = Story::Installed(Canary("a1"), Ramp("b2", minutes(5), minutes(10)));
  REQUIRE(story.RunUntilEntered("two/traffic"));
  Plan plan;
  plan.Weight("two", 10).Hold("two", minutes(10)).Weight("one", 30).Hold("one", minutes(5)).Weight("full", 100);
  story.world.Commit(plan.Build("b2"));
  story.Decide();
  CHECK_FALSE(story.status.nodes.contains("checkout/two/traffic"));
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckKept(story);
}

TEST_CASE("a step put behind the present one is run in its turn") {
  Story story = InSecondHold();
  Plan plan;
  plan.Weight("one", 10).Hold("one", minutes(5)).Weight("two", 30).Hold("two", minutes(10));
  plan.Weight("three", 60).Hold("three", minutes(5)).Weight("full", 100);
  story.world.Commit(plan.Build("b2"));
  CHECK(story.RunToRest());
  CHECK(story.Entered("three/hold"));
  CHECK(story.status.stable == "b2");
  CheckKept(story);
}

TEST_CASE("active with changed intent keeps its start and gets the new bounds") {
  Story story = InSecondHold();
  const TimePoint start = story.world.now();
  story.Run(minutes(2));
  SECTION("longer") {
    story.world.Commit(Ramp("b2", minutes(5), minutes(20)));
    CHECK(story.RunUntilEntered("full/scale"));
    CHECK(story.world.now() >= start + minutes(20));
    CHECK(story.world.now() < start + minutes(21));
  }
  SECTION("shorter than what has passed") {
    story.world.Commit(Ramp("b2", minutes(5), minutes(1)));
    CHECK(story.RunUntilEntered("full/scale"));
    CHECK(story.world.now() < start + minutes(4));
  }
  CheckKept(story);
}

TEST_CASE("a lower share of a node done applies at once, a higher one doesn't move traffic") {
  Story story = InSecondHold();
  SECTION("lower") {
    story.world.Commit(Ramp("b2", minutes(5), minutes(10), 20));
    story.Decide();
    CHECK(story.world.Routed().at("b2") == Number::Ratio(20, 100));
  }
  SECTION("higher") {
    story.world.Commit(Ramp("b2", minutes(5), minutes(10), 80));
    story.Run(minutes(1));
    CHECK(story.world.Routed().at("b2") == Number::Ratio(30, 100));
  }
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckKept(story);
}

TEST_CASE("a higher share of a node done moves pods only as far as the traffic lets them") {
  const auto with_share = [](int share) {
    Plan plan(Capacity::kShared);
    plan.Weight("some", share).Hold("some", minutes(30)).Weight("full", 100);
    return plan.Build("b2");
  };
  Story story = Story::Installed(Canary("a1", Capacity::kShared), with_share(50));
  REQUIRE(story.RunUntilEntered("some/hold"));
  story.world.Commit(with_share(90));
  story.Run(minutes(5));
  CHECK(story.world.Routed().at("a1") == Number::Ratio(50, 100));
  CHECK(story.world.Pods("a1") >= 5);
  CHECK(story.world.Pods("b2") > 5);
  CheckKept(story);
}

TEST_CASE("active with changed effect is entered again once") {
  Story story = Story::Installed(Canary("a1"), Ramp("b2", minutes(5), minutes(10)));
  story.world.behaviour["b2"].start = minutes(2);
  REQUIRE(story.RunUntilEntered("two/scale"));
  story.world.Commit(Ramp("b2", minutes(5), minutes(10), 40));
  story.Run(seconds(10));
  CHECK(story.status.nodes["checkout/two/scale"].entry == 2);
  CHECK(story.world.Pods("b2") == 4);
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckKept(story);
}

TEST_CASE("active and removed: the walk goes to the frontier") {
  Story story = InSecondHold();
  Plan plan;
  plan.Weight("one", 10).Hold("one", minutes(5)).Weight("two", 30).Weight("full", 100);
  story.world.Commit(plan.Build("b2"));
  story.Decide();
  CHECK(story.Entered("full/scale"));
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckKept(story);
}

TEST_CASE("replicas are rescaled within the present step") {
  Story story = InSecondHold();
  Plan plan(Capacity::kFull, 20);
  plan.Weight("one", 10).Hold("one", minutes(5)).Weight("two", 30).Hold("two", minutes(10)).Weight("full", 100);
  story.world.Commit(plan.Build("b2"));
  story.Run(seconds(20));
  CHECK(story.world.Pods("a1") == 20);
  CHECK(story.world.Pods("b2") == 6);
  CHECK(story.status.run == 2);
  CHECK(story.RunToRest());
  CHECK(story.world.Pods("b2") == 20);
  CheckKept(story);
}

TEST_CASE("the last step gets another name while the promotion waits") {
  const auto ending = [](const std::string& last) {
    Plan plan;
    plan.Weight("half", 50).Weight(last, 100);
    return plan.Build("b2");
  };
  Story story = Story::Installed(Canary("a1"), ending("full"));
  REQUIRE(story.Run(hours(1), [&] {
    if (story.Entered("full/traffic")) story.world.behaviour["b2"].at_most = 9;
    return story.Entered("promote");
  }));
  story.world.Commit(ending("everyone"));
  story.Run(seconds(20));
  CHECK(story.world.Routed().at("b2") == Number(1));
  story.world.behaviour.clear();
  story.world.MoveTo(story.world.now() + seconds(1));
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckKept(story);
}

TEST_CASE("an edit of the router waits until no candidate has traffic") {
  Story story = InSecondHold();
  graph::Graph edited = Ramp("b2", minutes(5), minutes(1));
  // One more field, whatever it says.
  graph::RouterObject& route = edited.router.objects.front();
  std::vector<graph::ExpressionPtr> fields = route.manifest->operands;
  fields.push_back(graph::MakeLiteral(graph::Value("edited")));
  fields.push_back(graph::MakeLiteral(graph::Value(true)));
  route.manifest = graph::MakeNode(graph::Operation::kMap, fields);
  const std::string digest = story.status.accepted_digest;
  story.world.Commit(edited);
  story.Run(minutes(3));
  CHECK(story.status.hold == Hold::kEditDeferred);
  CHECK(story.status.accepted_digest == digest);
  SECTION("the rollout goes on by the accepted plan and then takes the edit") {
    CHECK(story.RunToRest());
    CHECK(story.status.stable == "b2");
    CHECK(story.status.accepted_digest != digest);
    CHECK(story.status.hold == Hold::kNone);
  }
  SECTION("with another revision it goes back first") {
    edited.workload = WorkloadFor(edited, "c3");
    story.world.Commit(edited);
    story.Run(minutes(3));
    CHECK(story.status.run == 3);
    CHECK(story.status.history.back()->revision == "c3");
    CHECK(story.status.history[story.status.history.size() - 2]->outcome == "superseded");
  }
  CheckKept(story);
}

TEST_CASE("a comment in the plan changes nothing") {
  Story story = InSecondHold();
  story.world.Commit(Ramp("b2", minutes(5), minutes(10)));
  const std::size_t writes = story.transcript.size();
  story.Decide();
  CHECK(story.transcript.substr(writes).find("write") == std::string::npos);
  CHECK_FALSE(story.status.nodes["checkout/one/hold"].recheck);
}

}  // namespace sluice::decide::test
