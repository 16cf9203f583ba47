// What people say: approvals, pauses, aborts, retries, promotions and undos.
#include <catch2/catch.hpp>

#include "tests/decide/story.h"

namespace sluice::decide::test {
namespace {

Story AtPause() {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  REQUIRE(story.RunUntilEntered("sign-off/pause"));
  return story;
}

Command Say(const std::string& verb, const std::string& who = "ann") {
  Command command;
  command.verb = verb;
  command.who = who;
  command.groups = {"sre"};
  return command;
}

}  // namespace

TEST_CASE("an approval by someone outside the group is refused") {
  Story story = AtPause();
  Command command = Say("approve", "eve");
  command.groups = {"web"};
  story.world.Say(command);
  story.Decide();
  CHECK(story.world.refused == std::vector<std::string>{"eve is not in group sre"});
  CHECK_FALSE(story.Entered("half/scale"));
  CheckKept(story);
}

TEST_CASE("an approval for another revision is refused") {
  Story story = AtPause();
  Command command = Say("approve");
  command.revision = "a1";
  story.world.Say(command);
  story.Decide();
  REQUIRE(story.world.refused.size() == 1);
  CHECK(story.world.refused.front() == "it is about revision a1; the present one is b2");
  CHECK_FALSE(story.Entered("half/scale"));
}

TEST_CASE("an approval for another entry is refused") {
  Story story = AtPause();
  Command command = Say("approve");
  command.entry = 2;
  story.world.Say(command);
  story.Decide();
  REQUIRE(story.world.refused.size() == 1);
  CHECK_FALSE(story.Entered("half/scale"));
}

TEST_CASE("a rejection rolls back and names who said so") {
  Story story = AtPause();
  story.Command("reject", "bob");
  CHECK(story.RunToRest());
  CHECK(story.status.hold == Hold::kHeld);
  CHECK(story.status.hold_reason == "checkout/sign-off/pause: rejected by bob");
  CheckKept(story);
}

TEST_CASE("a pause that nobody approves ends in a rollback, and an approval after it is too late") {
  Story story = AtPause();
  story.Run(std::chrono::hours(24));
  CHECK(story.status.phase == Phase::kGoingBack);
  story.Command("approve");
  CHECK(story.RunToRest());
  CHECK(story.world.refused == std::vector<std::string>{"too late: no rollout is under way"});
  CHECK(story.Ending() == "Waiting Held, stable a1, run 2 of b2 rolled-back, routed a1 100%");
}

TEST_CASE("a quorum needs that many different people") {
  Plan plan;
  plan.Weight("half", 50).Pause("half", std::chrono::hours(1), 2).Weight("full", 100);
  Story story = Story::Installed(Canary("a1"), plan.Build("b2"));
  REQUIRE(story.RunUntilEntered("half/pause"));
  story.Command("approve", "ann");
  story.Command("approve", "ann");
  story.Decide();
  CHECK_FALSE(story.Entered("full/scale"));
  story.Command("approve", "bob");
  story.Decide();
  CHECK(story.Entered("full/scale"));
  CHECK(story.status.nodes["checkout/half/pause"].evidence == "approved by ann, bob");
}

TEST_CASE("an approval before its pause is refused") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  REQUIRE(story.RunUntilEntered("ramp[10%]/hold"));
  story.Command("approve");
  story.Decide();
  REQUIRE(story.world.refused.size() == 1);
  CHECK(story.world.refused.front() == "checkout/sign-off/pause does not wait yet");
}

TEST_CASE("a command is carried out once however often it is seen") {
  Story story = AtPause();
  Command command = Say("pause");
  command.uid = "u1";
  story.world.Say(command);
  story.Decide();
  CHECK(story.status.paused);
  story.Command("resume");
  story.Decide();
  story.world.Say(command);
  story.Decide();
  CHECK_FALSE(story.status.paused);
}

TEST_CASE("a paused rollout stays where it is, still rolls back on a failure, and goes on when resumed") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  REQUIRE(story.RunUntilEntered("ramp[10%]/hold"));
  story.Command("pause");
  story.Run(std::chrono::hours(2));
  CHECK(story.status.hold == Hold::kPaused);
  CHECK(story.MaxShare("b2") == Number::Ratio(10, 100));
  CHECK_FALSE(story.Entered("ramp[30%]/scale"));
  SECTION("resumed") {
    story.Command("resume");
    CHECK(story.RunUntilEntered("sign-off/pause"));
    CHECK(story.status.excluded >= Duration(std::chrono::hours(2)));
  }
  SECTION("the candidate's pods die") {
    story.world.behaviour["b2"].ready = false;
    story.Run(std::chrono::minutes(1));
    CHECK(story.status.applied.shares.at("a1") == Number(1));
  }
  SECTION("nobody resumes") {
    CHECK(story.RunToRest());
    CHECK(story.Ending() == "Waiting Held, stable a1, run 2 of b2 rolled-back, routed a1 100%");
  }
  CheckKept(story);
}

TEST_CASE("promote skips holds, gates and pauses, never capacity") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  REQUIRE(story.RunUntilEntered("ramp[10%]/hold"));
  story.world.behaviour["b2"].start = std::chrono::minutes(2);
  story.Command("promote", "ann");
  story.Run(std::chrono::minutes(1));
  CHECK(story.world.Routed().at("b2") == Number::Ratio(10, 100));
  CHECK(story.RunToRest());
  CHECK(story.Ending() == "Settled, stable b2, run 2 of b2 promoted, routed b2 100%");
  CHECK(story.status.history.back()->reason == "promote by ann");
  CheckKept(story);
}

TEST_CASE("a held revision is tried again after retry, from the first step") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  REQUIRE(story.RunUntilEntered("ramp[30%]/hold"));
  story.world.error_rate = Number::Ratio(8, 100);
  REQUIRE(story.RunToRest());
  story.world.error_rate = Number(0);
  story.Run(std::chrono::hours(1));
  CHECK(story.status.hold == Hold::kHeld);
  SECTION("retry") {
    story.Command("retry");
    CHECK(story.RunUntilEntered("ramp[10%]/hold", std::chrono::minutes(5)));
    CHECK(story.status.run == 3);
  }
  SECTION("an edit of the steps doesn't lift it") {
    Plan plan;
    plan.Weight("other", 20).Weight("full", 100);
    story.world.Commit(plan.Build("b2"));
    story.Run(std::chrono::hours(1));
    CHECK(story.status.hold == Hold::kHeld);
    CHECK(story.status.run == 2);
  }
  SECTION("another revision in between lifts it") {
    story.world.Commit(Canary("a1"));
    story.Run(std::chrono::minutes(1));
    CHECK(story.status.phase == Phase::kSettled);
    story.world.Commit(Canary("b2"));
    CHECK(story.RunUntilEntered("ramp[10%]/hold", std::chrono::minutes(5)));
    CHECK(story.status.run == 3);
  }
  CheckKept(story);
}

TEST_CASE("a stalled rollout goes on when resumed and starts anew when retried") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  REQUIRE(story.RunUntilEntered("ramp[30%]/hold"));
  story.world.answers = graph::Evaluation::Kind::kError;
  story.Run(std::chrono::minutes(10));
  REQUIRE(story.status.hold == Hold::kStalled);
  story.world.answers = graph::Evaluation::Kind::kValue;
  SECTION("resume") {
    story.Command("resume");
    CHECK(story.RunUntilEntered("sign-off/pause", std::chrono::minutes(10)));
    CHECK(story.status.nodes["checkout/ramp[30%]/hold"].entry == 2);
  }
  SECTION("retry") {
    story.Command("retry");
    CHECK(story.RunUntilEntered("sign-off/pause", std::chrono::minutes(15)));
    CHECK(story.status.run == 3);
  }
  SECTION("abort") {
    story.Command("abort");
    CHECK(story.RunToRest());
    CHECK(story.status.hold == Hold::kHeld);
  }
  CheckKept(story);
}

TEST_CASE("undo goes back fast and pins the promoted revision until git names another") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  REQUIRE(story.RunUntilEntered("sign-off/pause"));
  story.Command("approve");
  REQUIRE(story.RunToRest());
  REQUIRE(story.status.stable == "b2");
  story.Command("undo");
  CHECK(story.RunToRest());
  CHECK(story.Ending() == "Settled, stable a1, run 3 of a1 promoted, routed a1 100%");
  CHECK(story.status.pinned == "a1");
  story.Run(std::chrono::hours(1));
  CHECK(story.status.stable == "a1");
  story.world.Commit(Canary("c3"));
  story.Decide();
  CHECK(story.status.pinned.empty());
  CHECK(story.status.candidate == "c3");
  CheckKept(story);
}

TEST_CASE("undo of a rollout under way goes back to stable") {
  Story story = AtPause();
  story.Command("undo");
  CHECK(story.RunToRest());
  CHECK(story.Ending() == "Settled, stable a1, run 2 of b2 undone, routed a1 100%");
  CheckKept(story);
}

TEST_CASE("commands that fit nothing are refused with a reason") {
  Story story = Story::Installed(Canary("a1"), Canary("a1"));
  for (const char* verb : {"approve", "pause", "resume", "abort", "retry", "promote", "undo", "dance"}) {
    story.Command(verb);
    story.Decide();
  }
  CHECK(story.world.refused.size() == 8);
  CHECK(story.status.phase == Phase::kSettled);
  CheckKept(story);
}

TEST_CASE("abort with assume-settled leaves a route that never settles") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  REQUIRE(story.RunUntilEntered("ramp[10%]/hold"));
  story.world.route_stuck = true;
  story.Command("abort");
  story.Run(std::chrono::hours(1));
  REQUIRE(story.status.hold == Hold::kTrafficUnsettled);
  CHECK(story.world.Pods("b2") == 1);
  Command command = Say("abort");
  command.assume_settled = true;
  story.world.Say(command);
  CHECK(story.RunToRest());
  CHECK(story.status.hold == Hold::kHeld);
  CheckKept(story);
}

}  // namespace sluice::decide::test
