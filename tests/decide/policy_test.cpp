// What a rollout says about itself: keep previous, deadline, tolerance, and what a person's pause does to them.
#include <catch2/catch.hpp>

#include "tests/decide/story.h"

namespace sluice::decide::test {
namespace {

graph::Graph Quick(const std::string& revision, Duration keep, Capacity capacity = Capacity::kFull) {
  Plan plan(capacity);
  plan.graph.policies.keep_previous = keep;
  plan.Weight("half", 50).Hold("half", minutes(1)).Weight("full", 100);
  return plan.Build(revision);
}

// A hold longer than the deadline.
graph::Graph Slow(Duration deadline, graph::Disposition leads_to) {
  Plan plan;
  plan.graph.policies.deadline = deadline;
  plan.graph.policies.deadline_else = leads_to;
  plan.Weight("half", 50).Hold("half", hours(2)).Pause("half", hours(24)).Weight("full", 100);
  return plan.Build("b2");
}

Command Say(const std::string& verb, std::optional<Duration> duration = {}) {
  Command command;
  command.verb = verb;
  command.who = "ann";
  command.groups = {"sre"};
  command.duration = duration;
  return command;
}

}  // namespace

TEST_CASE("the previous revision keeps its pods for as long as the plan says, and not longer") {
  Story story = Story::Installed(Quick("a1", minutes(10)), Quick("b2", minutes(10)));
  REQUIRE(story.Run(minutes(30), [&] { return story.status.stable == "b2"; }));
  const TimePoint promoted = story.world.now();
  SECTION("nobody needs them") {
    REQUIRE(story.Run(minutes(30), [&] { return story.world.Pods("a1") == 0; }));
    CHECK(story.world.now() - promoted == Duration(minutes(10)));
    CHECK(story.RunToRest());
    CheckStory("keep_previous", story);
  }
  SECTION("a revert within it needs no new pod") {
    story.Run(minutes(5));
    story.world.Commit(Quick("a1", minutes(10)));
    story.world.behaviour["a1"].start = hours(10);  // a new pod would come too late
    REQUIRE(story.Run(minutes(1), [&] { return story.status.stable == "a1"; }));
    CHECK(story.RunToRest());
    CheckStory("keep_previous_revert", story);
  }
  SECTION("a revert after it waits for them") {
    REQUIRE(story.Run(minutes(30), [&] { return story.world.Pods("a1") == 0; }));
    story.Run(seconds(5));
    story.world.Commit(Quick("a1", minutes(10)));
    story.world.behaviour["a1"].start = minutes(2);
    CHECK_FALSE(story.Run(minutes(2), [&] { return story.status.stable == "a1"; }));
    CHECK(story.RunToRest());
    CHECK(story.status.stable == "a1");
  }
  CheckKept(story);
}

TEST_CASE("without a word the previous revision keeps its pods for the drain") {
  Story story = Story::Installed(Quick("a1", Duration(0)), Quick("b2", Duration(0)));
  REQUIRE(story.Run(minutes(30), [&] { return story.status.stable == "b2"; }));
  const TimePoint promoted = story.world.now();
  REQUIRE(story.Run(minutes(30), [&] { return story.world.Pods("a1") == 0; }));
  CHECK(story.world.now() - promoted == story.world.plan().policies.drain);
  CheckKept(story);
}

TEST_CASE("a deadline that is over rolls back, or holds where the plan says so") {
  SECTION("rollback") {
    Story story = Story::Installed(Canary("a1"), Slow(hours(1), graph::Disposition::kRollback));
    const TimePoint begun = story.world.now();
    REQUIRE(story.Run(hours(3), [&] { return story.status.phase == Phase::kGoingBack; }));
    CHECK(story.world.now() - begun == Duration(hours(1)));
    CHECK(story.RunToRest());
    CHECK(story.status.hold_reason == "the deadline of 1h is over");
    CheckStory("deadline", story);
  }
  SECTION("hold") {
    Story story = Story::Installed(Canary("a1"), Slow(hours(1), graph::Disposition::kHold));
    REQUIRE(story.Run(hours(3), [&] { return story.status.hold == Hold::kStalled; }));
    CHECK(story.status.hold_reason == "the deadline of 1h is over");
    story.Run(hours(48));
    CHECK(story.world.Routed().at("b2") == Number::Ratio(50, 100));
    SECTION("and a person aborts") {
      story.Command("abort");
      CHECK(story.RunToRest());
      CheckStory("deadline_hold", story);
    }
    SECTION("and a person promotes") {
      story.Command("promote");
      CHECK(story.RunToRest());
      CHECK(story.status.stable == "b2");
      CheckStory("deadline_hold_promote", story);
    }
    SECTION("and a person resumes: it gets as much time again") {
      story.Command("resume");
      REQUIRE(story.RunUntilEntered("half/pause", minutes(5)));
      CHECK(story.status.hold == Hold::kNone);
      story.Command("approve");
      CHECK(story.RunToRest());
      CHECK(story.status.stable == "b2");
    }
    SECTION("and the candidate's pods die: the hold is no reason to keep traffic there") {
      story.world.behaviour["b2"].ready = false;
      story.Run(seconds(5));
      CHECK_FALSE(story.world.Routed().contains("b2"));
      story.Command("abort");
      CHECK(story.RunToRest());
      CHECK(story.status.stable == "a1");
    }
    CheckKept(story);
  }
}

TEST_CASE("a deadline doesn't count the time in which a person is asked, nor a person's pause") {
  Story story = Story::Installed(Canary("a1"), Slow(hours(3), graph::Disposition::kRollback));
  REQUIRE(story.RunUntilEntered("half/hold"));
  story.world.Say(Say("pause", hours(5)));
  story.Run(hours(4));
  CHECK(story.status.phase == Phase::kProgressing);
  story.Command("resume");
  REQUIRE(story.RunUntilEntered("half/pause"));
  story.Run(hours(20));
  CHECK(story.status.phase == Phase::kProgressing);
  story.Command("approve");
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckStory("deadline_excluded", story);
}

TEST_CASE("an approval that comes under a person's pause counts once that is over") {
  Story story = Story::Installed(Canary("a1"), Slow(hours(30), graph::Disposition::kRollback));
  REQUIRE(story.RunUntilEntered("half/pause"));
  story.Run(hours(1));
  story.Command("pause");
  story.Run(hours(1));
  story.Command("approve");
  story.Run(hours(1));
  CHECK(story.world.refused == std::vector<std::string>());
  CHECK_FALSE(story.Entered("full/scale"));
  story.Command("resume");
  story.Decide();
  CHECK(story.status.excluded == Duration(hours(3)));  // no hour of it twice
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckStory("approval_under_pause", story);
}

TEST_CASE("an approval after the bound of its pause is too late, though nobody has looked since") {
  Story story = Story::Installed(Canary("a1"), Slow(hours(30), graph::Disposition::kRollback));
  REQUIRE(story.RunUntilEntered("half/pause"));
  const TimePoint due = story.status.nodes.at("checkout/half/pause").deadline.value();
  const auto approved = [&](TimePoint given, TimePoint seen) {
    Observed observed = story.world.Observe();
    Command approve = Say("approve");
    approve.uid = "c1";
    approve.at = given;
    observed.commands = {approve};
    return Decide(story.world.plan(), story.status, observed, seen).status.approvals.size() == 1;
  };
  const Duration moment{1};
  CHECK(approved(due - moment, due - moment));
  CHECK_FALSE(approved(due - moment, due));
  CHECK_FALSE(approved(due, due - moment));  // by the clock that dates it
}

TEST_CASE("a person's pause while an approval is waited for is no time of its own") {
  Story story = Story::Installed(Canary("a1"), Slow(hours(30), graph::Disposition::kRollback));
  REQUIRE(story.RunUntilEntered("half/pause"));
  story.Run(hours(1));
  story.Command("pause");
  story.Run(hours(1));
  story.Command("resume");
  story.Run(hours(1));
  story.Command("approve");
  story.Decide();
  CHECK(story.status.excluded == Duration(hours(3)));
  CheckKept(story);
}

TEST_CASE("a pause ends by itself in a rollback: after what was said, else after a day") {
  const bool said = GENERATE(true, false);
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  REQUIRE(story.RunUntilEntered("ramp[10%]/hold"));
  story.world.Say(Say("pause", said ? std::optional<Duration>(minutes(30)) : std::nullopt));
  const TimePoint paused = story.world.now();
  REQUIRE(story.Run(hours(48), [&] { return story.status.phase == Phase::kGoingBack; }));
  CHECK(story.world.now() - paused == (said ? Duration(minutes(30)) : Duration(hours(24))));
  CHECK(story.RunToRest());
  CHECK(story.status.hold == Hold::kHeld);
  CheckKept(story);
}

TEST_CASE("by pods the share is what whole pods make, and that is what status says") {
  struct Row {
    std::int32_t replicas;
    int percent;
    std::int32_t candidate, stable;
  };
  // Within the tolerance of 5 points; what is further away the compiler refuses.
  constexpr Row kRows[] = {{10, 10, 1, 9}, {10, 16, 2, 9}, {3, 25, 1, 3}, {3, 33, 1, 2}, {4, 50, 2, 2}};
  for (const Row& row : kRows) {
    Plan plan(Capacity::kPods, row.replicas);
    plan.Weight("one", row.percent).Hold("one", minutes(1)).Weight("full", 100);
    Plan first(Capacity::kPods, row.replicas);
    first.Weight("full", 100);
    Story story = Story::Installed(first.Build("a1"), plan.Build("b2"));
    REQUIRE(story.RunUntilEntered("one/hold"));
    INFO(row.percent << "% of " << row.replicas << "\n" << story.transcript);
    CHECK(story.world.Pods("b2") == row.candidate);
    CHECK(story.world.Pods("a1") == row.stable);
    const Number achieved = Number::Ratio(row.candidate, row.candidate + row.stable);
    CHECK(story.status.applied.shares.at("b2") == achieved);
    const Number wish = Number::Ratio(row.percent, 100);
    CHECK((achieved > wish ? achieved - wish : wish - achieved) <= story.world.plan().policies.tolerance);
    CHECK(story.RunToRest());
    CHECK(story.status.stable == "b2");
    CheckKept(story);
  }
}

}  // namespace sluice::decide::test
