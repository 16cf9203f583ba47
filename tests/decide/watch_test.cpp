// The rollout's watch, and small promises that only a story of their own shows.
#include <catch2/catch.hpp>

#include "tests/decide/story.h"

namespace sluice::decide::test {
namespace {

// Half of the traffic for ten minutes, with nothing but the watch to look at it.
graph::Graph Watched(const std::string& revision) {
  Plan plan;
  plan.graph.watch = graph::GateTree{};
  plan.Weight("half", 50).Hold("half", minutes(10), false).Weight("full", 100);
  return plan.Build(revision);
}

Story InWatchedHold() {
  Story story = Story::Installed(Watched("a1"), Watched("b2"));
  REQUIRE(story.RunUntilEntered("half/hold"));
  story.Run(minutes(3));
  return story;
}

}  // namespace

TEST_CASE("a watch without data fails once that has lasted as long as its gate says") {
  Story story = InWatchedHold();
  story.world.answers = graph::Evaluation::Kind::kNoData;
  story.Run(minutes(2));
  CHECK(story.status.phase == Phase::kProgressing);
  story.Run(minutes(2));
  CHECK(story.status.phase != Phase::kProgressing);
  CHECK(story.RunToRest());
  CHECK(story.Ending() == "Waiting Held, stable a1, run 2 of b2 rolled-back, routed a1 100%");
  CheckKept(story);
}

TEST_CASE("a watch that fails rolls back, and one failing sample is not yet a fail") {
  Story story = InWatchedHold();
  story.world.error_rate = Number::Ratio(8, 100);
  story.Run(seconds(30));
  CHECK(story.status.phase == Phase::kProgressing);
  SECTION("it passes again") {
    story.world.error_rate = Number(0);
    CHECK(story.RunToRest());
    CHECK(story.status.stable == "b2");
  }
  SECTION("it goes on to fail") {
    CHECK(story.RunToRest());
    CHECK(story.Ending() == "Waiting Held, stable a1, run 2 of b2 rolled-back, routed a1 100%");
    CHECK(story.status.hold_reason.starts_with("watch: error-rate"));
  }
  CheckKept(story);
}

TEST_CASE("whoever promotes is not stopped by the watch") {
  Story story = InWatchedHold();
  story.world.behaviour["b2"].start = minutes(3);
  story.Command("promote");
  story.world.error_rate = Number::Ratio(8, 100);
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckKept(story);
}

TEST_CASE("verbs of a failure run after a failure and an abort, not after a revert or an undo") {
  Story story = InWatchedHold();
  std::size_t messages = 0;
  SECTION("a revert") { story.world.Commit(Watched("a1")); }
  SECTION("an undo") { story.Command("undo"); }
  SECTION("an abort") {
    story.Command("abort");
    messages = 1;
  }
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "a1");
  CHECK(story.world.sent.size() == messages);
  CheckKept(story);
}

TEST_CASE("endpoints lost for the fourth time end the run, and it says so") {
  Story story = Story::Installed(Watched("a1"), Watched("b2"));
  for (int time = 1; time <= 4; ++time) {
    REQUIRE(story.Run(minutes(8), [&] { return story.status.applied.settled_at && story.Entered("half/hold"); }));
    story.world.behaviour["b2"].ready = false;
    story.Run(seconds(5));
    story.world.behaviour["b2"].ready = true;
  }
  CHECK(story.RunToRest());
  CHECK(story.status.history.back()->reason == "checkout/half/traffic: the candidate lost all its endpoints 4 times");
  CheckKept(story);
}

TEST_CASE("an approval doesn't outlive the traffic on which it was given") {
  Plan plan;
  plan.Weight("half", 50).Pause("half", hours(4), 2).Weight("full", 100);
  Story story = Story::Installed(Canary("a1"), plan.Build("b2"));
  REQUIRE(story.RunUntilEntered("half/pause"));
  story.Command("approve", "ann");
  story.Decide();
  story.world.behaviour["b2"].ready = false;
  story.Run(seconds(5));
  story.world.behaviour["b2"].ready = true;
  REQUIRE(story.Run(minutes(2), [&] { return story.Entered("half/pause") && story.status.applied.settled_at; }));
  story.Command("approve", "bob");
  story.Run(minutes(1));
  CHECK_FALSE(story.Entered("full/scale"));
  story.Command("approve", "ann");
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckKept(story);
}

TEST_CASE("a message that nobody takes is sent three times") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  story.world.notify_down = true;
  REQUIRE(story.RunUntilEntered("sign-off/pause"));
  story.Run(minutes(10));
  int sent = 0;
  for (std::size_t at = 0; (at = story.transcript.find("send \"at sign-off", at)) != std::string::npos; ++at) ++sent;
  CHECK(sent == 3);
}

TEST_CASE("a promotion is over once Service NAME holds all of the candidate's ready pods and no other") {
  Story story = Story::Installed(Watched("a1"), Watched("b2"));
  REQUIRE(story.Run(hours(1), [&] { return story.status.stable == "b2"; }));
  Status before = story.status;
  before.nodes["checkout/promote"].state = NodeState::kActive;
  before.nodes.erase("checkout/retire");
  Observed seen = story.world.Observe();
  const auto over = [&](std::int32_t own, std::int32_t old) {
    seen.stable_service_revision = "b2";
    seen.stable_service_ready = {{"b2", own}, {"a1", old}};
    const Decision decision = decide::Decide(story.world.plan(), before, seen, story.world.now());
    return decision.status.nodes.at("checkout/promote").state == NodeState::kDone;
  };
  CHECK(over(10, 0));
  CHECK_FALSE(over(9, 0));
  CHECK_FALSE(over(10, 1));
}

TEST_CASE("as many promoted revisions as the plan goes back to keep their Deployment, without pods") {
  Story story = Story::Installed(Watched("a1"), Watched("b2"));  // fast-track within 2
  REQUIRE(story.RunToRest());
  story.world.Commit(Watched("c3"));
  REQUIRE(story.RunToRest());
  story.Run(minutes(5));
  CHECK(story.world.Has("a1"));
  CHECK(story.world.Pods("a1") == 0);
  story.world.Commit(Watched("d4"));
  REQUIRE(story.RunToRest());
  story.Run(minutes(5));
  CHECK_FALSE(story.world.Has("a1"));
  CHECK(story.world.Has("b2"));
  CheckKept(story);
}

}  // namespace sluice::decide::test
