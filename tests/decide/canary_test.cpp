// Whole stories, each a page: golden/canary.txt and its neighbours.
#include <catch2/catch.hpp>

#include "tests/decide/story.h"

namespace sluice::decide::test {
TEST_CASE("a first install is scaled, routed and promoted without steps") {
  Story story(Canary("a1"));
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "a1");
  CheckStory("first_install", story);
}

TEST_CASE("a canary goes to its end") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  CHECK(story.RunUntilEntered("sign-off/pause"));
  story.Command("approve");
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckStory("canary", story);
}

// A write to the cluster each: entering the step with its candidate's pods; its end and the hold's begin, with stable's
// pods as they were asked for and seen. The last step's second is the promotion and the end; one more follows: drained.
TEST_CASE("by pods a step costs two changes of the status, also where stable's pods shrink in between") {
  const auto graph = [](const std::string& revision) {
    Plan plan(Capacity::kPods, 5);
    plan.Weight("a", 20).Hold("a", minutes(1), false).Weight("b", 40).Hold("b", minutes(1), false);
    return plan.Weight("full", 100).Build(revision);
  };
  Story story = Story::Installed(graph("a1"), graph("b2"));
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckKept(story);
  CHECK(story.status_changes == 3 * 2 + 1);
}

TEST_CASE("stable's pods go when all of the candidate's are there, or half a minute after these were asked for") {
  Plan plan(Capacity::kPods, 5);
  plan.Weight("a", 20).Hold("a", minutes(1), false).Weight("b", 60).Hold("b", minutes(1), false);
  Plan same = plan;
  Story story = Story::Installed(plan.Build("a1"), same.Build("b2"));
  story.world.behaviour["b2"].at_most = 2;
  REQUIRE(story.RunUntilEntered("b/scale"));
  REQUIRE(story.world.Pods("a1") == 4);
  const std::chrono::seconds most(29);
  CHECK_FALSE(story.Run(most, [&] { return story.world.Pods("a1") != 4; }));
  CHECK(story.world.ReadyPods("b2") == 2);
  CHECK(story.Run(std::chrono::seconds(2), [&] { return story.world.Pods("a1") == 3; }));
  // The last one comes.
  story.world.behaviour["b2"].at_most.reset();
  CHECK(story.Run(std::chrono::seconds(60), [&] { return story.Entered("b/hold"); }));
  CHECK(story.world.Pods("a1") == 2);
  CheckKept(story);
}

TEST_CASE("while what is known may be old, no node is entered and no pod is taken") {
  const auto graph = [](const std::string& revision) {
    Plan plan(Capacity::kPods, 5);
    plan.Weight("a", 20).Hold("a", minutes(1), false).Weight("b", 60).Hold("b", minutes(1), false);
    return plan.Build(revision);
  };
  Story story = Story::Installed(graph("a1"), graph("b2"));
  REQUIRE(story.RunUntilEntered("b/scale"));
  REQUIRE(story.world.Pods("a1") == 4);
  story.world.unseen = "endpoints can't be watched";
  CHECK_FALSE(story.Run(minutes(8), [&] { return story.world.Pods("a1") < 4 || story.Entered("b/hold"); }));
  story.world.unseen.clear();
  CHECK(story.Run(minutes(1), [&] { return story.Entered("b/hold"); }));
  CHECK(story.world.Pods("a1") == 2);
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckKept(story);
}

TEST_CASE("a failing gate rolls back and holds the revision") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  CHECK(story.RunUntilEntered("ramp[30%]/hold"));
  story.Note("the candidate fails 8% of its requests");
  story.world.error_rate = Number::Ratio(8, 100);
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "a1");
  CHECK(story.status.hold == Hold::kHeld);
  CheckStory("gate_fails", story);
}

}  // namespace sluice::decide::test
