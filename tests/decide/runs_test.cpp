// One run after another, and what of a run ends with it; several revisions at once.
#include <catch2/catch.hpp>

#include "compiler/graph/capacity.h"
#include "reconciler/decide/context.h"
#include "reconciler/decide/history.h"
#include "reconciler/decide/revision.h"
#include "tests/decide/story.h"

namespace sluice::decide::test {
namespace {

graph::Graph Held(const std::string& revision, int share) {
  Plan plan;
  plan.Weight("some", share).Hold("some", minutes(30)).Weight("full", 100);
  return plan.Build(revision);
}

graph::Graph Asked(const std::string& revision) {
  Plan plan;
  plan.Weight("half", 50).Pause("half", hours(4), 2).Weight("full", 100);
  return plan.Build(revision);
}

// b2 and c3 are leaving with what a1 can't carry, d4 is the candidate.
Story TwoLeave() {
  Story story = Story::Installed(Held("a1", 60), Held("b2", 60));
  REQUIRE(story.RunUntilEntered("some/hold"));
  story.world.behaviour["a1"].at_most = 4;
  story.world.Commit(Held("c3", 20));
  REQUIRE(story.Run(minutes(5), [&] { return story.world.Routed().contains("c3"); }));
  story.world.Commit(Held("d4", 5));
  REQUIRE(story.Run(minutes(5), [&] { return story.world.Routed().contains("d4"); }));
  REQUIRE(story.status.leaving == std::vector<Revision>{"b2", "c3"});
  return story;
}

}  // namespace

TEST_CASE("an approval counts for its run only") {
  Story story = Story::Installed(Canary("a1"), Asked("b2"));
  REQUIRE(story.RunUntilEntered("half/pause"));
  story.Command("approve", "ann");
  story.Decide();
  story.Command("abort");
  REQUIRE(story.RunToRest());
  story.Command("retry");
  REQUIRE(story.Run(hours(1), [&] { return story.status.run == 3 && story.Entered("half/pause"); }));
  story.Command("approve", "bob");
  story.Run(minutes(5));
  CHECK_FALSE(story.Entered("full/scale"));
  story.Command("approve", "ann");
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckKept(story);
}

TEST_CASE("the first word on how a run ended stays") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  REQUIRE(story.RunUntilEntered("ramp[30%]/hold"));
  story.Command("abort", "ann");
  story.Decide();
  REQUIRE(story.status.phase == Phase::kGoingBack);
  story.world.Commit(Canary("c3"));
  story.Decide();
  REQUIRE(story.status.run == 3);
  const RunRecord& run = *story.status.history[story.status.history.size() - 2];
  CHECK(run.outcome == "aborted");
  CHECK(run.who == "ann");
  CheckKept(story);
}

TEST_CASE("the way back is fast to as many promoted revisions as the plan says, and no further") {
  Story story = Story::Installed(Held("a1", 10), Held("b2", 10));  // fast-track within 2
  for (const char* revision : {"b2", "c3", "d4"}) {
    story.world.Commit(Held(revision, 10));
    REQUIRE(story.RunToRest());
    REQUIRE(story.status.stable == revision);
  }
  SECTION("two back") {
    story.world.Commit(Held("b2", 10));
    story.Decide();
    CHECK(story.status.fast_track);
  }
  SECTION("three back") {
    story.world.Commit(Held("a1", 10));
    story.Decide();
    CHECK_FALSE(story.status.fast_track);
  }
  CHECK(story.RunToRest());
  CheckKept(story);
}

TEST_CASE("commands that are still there are remembered, however many") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  REQUIRE(story.RunUntilEntered("ramp[10%]/hold"));
  Observed seen = story.world.Observe();
  for (std::size_t i = 0; i < kConsumedLength + 8; ++i) {
    Command command;
    command.uid = "u" + std::to_string(i);
    command.verb = "resume";
    seen.commands.push_back(command);
  }
  const Status taken = Decide(story.world.plan(), story.status, seen, story.world.now()).status;
  CHECK(taken.consumed.size() >= seen.commands.size());
  const Decision again = Decide(story.world.plan(), taken, seen, story.world.now());
  for (const Action& action : again.actions) {
    CHECK_FALSE(std::holds_alternative<EmitEvent>(action));
  }
}

TEST_CASE("nobody ejects a rollout in the middle of a run") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  REQUIRE(story.RunUntilEntered("ramp[10%]/hold"));
  story.Command("eject");
  story.Decide();
  CHECK(story.status.phase == Phase::kProgressing);
  REQUIRE(story.world.refused.size() == 1);
  CHECK(story.world.refused.front() == "a rollout is under way: wait for its end, or abort it first");
  story.Command("abort");
  story.Decide();
  REQUIRE(story.status.phase == Phase::kGoingBack);
  story.Command("eject");
  story.Decide();
  CHECK(story.world.refused.size() == 2);
  CheckKept(story);
}

TEST_CASE("of two that leave none gets what the other gives up") {
  Story story = TwoLeave();
  SECTION("while the next candidate goes forward") {
    story.world.behaviour["a1"].at_most = 6;
    story.Run(minutes(2));
  }
  SECTION("on the way back") {
    story.Command("abort");
    story.Run(seconds(20));
    for (const std::int32_t ready : {5, 7, 8}) {
      story.world.behaviour["a1"].at_most = ready;
      story.Run(seconds(10));
    }
  }
  CheckKept(story);
}

TEST_CASE("what matched or was mirrored goes back with the rest") {
  Plan plan;
  plan.Match("aside", "x-canary");
  auto& traffic = std::get<graph::TrafficNode>(plan.graph.nodes.back().does);
  SECTION("matches") {}
  SECTION("a mirror") { traffic = graph::TrafficNode{Number(0), {}, Number::Ratio(20, 100)}; }
  plan.Hold("aside", minutes(10)).Weight("full", 100);
  Story story = Story::Installed(Canary("a1"), plan.Build("b2"));
  REQUIRE(story.RunUntilEntered("aside/hold"));
  story.Command("abort");
  CHECK(story.RunToRest());
  CHECK(story.status.applied.matches.empty());
  CHECK(story.status.applied.mirror == Number(0));
  CheckKept(story);
}

TEST_CASE("a way back whose candidate somebody deleted still waits for the route") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  REQUIRE(story.RunUntilEntered("ramp[10%]/hold"));
  story.world.route_stuck = true;
  story.Command("abort");
  story.Decide();
  story.world.DeleteDeployment("b2");
  story.Run(minutes(5));
  CHECK(story.status.phase == Phase::kGoingBack);
  story.world.route_stuck = false;
  story.world.MoveTo(story.world.now() + seconds(2));
  CHECK(story.RunToRest());
  CHECK(story.status.hold == Hold::kHeld);
  CheckKept(story);
}

TEST_CASE("nothing is entered on what may be old") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  REQUIRE(story.RunUntilEntered("ramp[10%]/hold"));
  story.world.unseen = "endpoints can't be watched";
  story.Run(minutes(30));
  CHECK_FALSE(story.Entered("ramp[30%]/scale"));
  CHECK(story.status.phase == Phase::kProgressing);
  story.world.unseen.clear();
  CHECK(story.RunUntilEntered("ramp[30%]/scale", minutes(1)));
  CheckKept(story);
}

TEST_CASE("a run that stalls where its pods stand takes none below the minimum") {
  const auto watched = [](const std::string& revision) {
    Plan plan(Capacity::kPods, 6);
    plan.graph.policies.surge = 3;
    plan.graph.policies.unavailable = 1;
    plan.graph.hold_on_failure = true;
    plan.graph.watch = graph::GateTree{};
    plan.Weight("half", 50).Hold("half", hours(1), false).Weight("full", 100);
    return plan.Build(revision);
  };
  Story story = Story::Installed(watched("a1"), watched("b2"));
  REQUIRE(story.RunUntilEntered("half/hold"));
  story.world.behaviour["a1"].ready = false;
  story.world.Commit(watched("c3"));
  story.Run(seconds(30));
  story.world.error_rate = Number::Ratio(8, 100);
  story.Run(minutes(10));
  CHECK(story.status.hold == Hold::kStalled);
  CHECK(story.world.ReadyPods("b2") + story.world.ReadyPods("c3") >= 3);
  CheckKept(story);
}

TEST_CASE("traffic whose time is up before it may shift doesn't shift") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  REQUIRE(story.RunUntilEntered("ramp[10%]/hold"));
  story.world.behaviour["b2"].ready = false;
  story.Decide();
  REQUIRE(story.status.nodes.at("checkout/ramp[10%]/traffic").entry == 2);
  story.Command("pause");
  story.Run(seconds(5));
  story.world.behaviour["b2"].ready = true;
  story.Run(minutes(15));
  story.Command("resume");
  CHECK(story.RunToRest());
  CHECK(story.status.hold_reason == "checkout/ramp[10%]/traffic: the traffic could not shift in time");
  CheckKept(story);
}

TEST_CASE("what matched is named on the way back until stable can have it") {
  Plan plan;
  plan.Match("aside", "x-canary").Hold("aside", minutes(10)).Weight("full", 100);
  Story story = Story::Installed(Canary("a1"), plan.Build("b2"));
  REQUIRE(story.RunUntilEntered("aside/hold"));
  story.world.behaviour["a1"].ready = false;
  SECTION("aborted") { story.Command("abort"); }
  SECTION("superseded") { story.world.Commit(Canary("c3")); }
  story.Run(seconds(30));
  story.world.behaviour.clear();
  story.world.MoveTo(story.world.now() + seconds(1));
  CHECK(story.RunToRest());
  CheckKept(story);
}

TEST_CASE("a Job begins once that of the run before has ended") {
  const auto migrated = [](const std::string& revision) {
    Plan plan;
    plan.Run("migrate", minutes(5)).Weight("full", 100);
    return plan.Build(revision);
  };
  Story story = Story::Installed(Canary("a1"), migrated("b2"));
  story.world.job_acts["checkout/migrate/run"].hangs = true;
  REQUIRE(story.RunUntilEntered("migrate/run"));
  story.Run(seconds(5));
  REQUIRE(story.world.Jobs().size() == 1);
  story.world.job_acts["checkout/migrate/run"].hangs = false;
  story.world.Commit(migrated("c3"));
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "c3");
  CHECK(story.world.jobs_made.size() == 2);
  CheckKept(story);
}

TEST_CASE("what ready pods carry needs no more than them") {
  for (std::int32_t replicas = 1; replicas <= 30; ++replicas) {
    for (std::int32_t unavailable = 0; unavailable <= std::min(replicas, 3); ++unavailable) {
      Plan plan(Capacity::kFull, replicas);
      plan.graph.policies.unavailable = unavailable;
      Decision scratch;
      const Context context{plan.graph, {}, {}, scratch, scratch.status, {}, {}, 0, {}, {}, {}};
      for (std::int32_t ready = 0; ready <= replicas; ++ready) {
        INFO(ready << " ready of " << replicas << ", unavailable " << unavailable);
        CHECK(NeedOf(context, ShareCarriedBy(context, ready)) <= ready);
      }
    }
  }
}

}  // namespace sluice::decide::test
