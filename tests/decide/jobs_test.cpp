// Run nodes and their Jobs.
#include <catch2/catch.hpp>

#include "tests/decide/story.h"

namespace sluice::decide::test {
namespace {

using Names = std::vector<std::string>;

constexpr const char* kNode = "checkout/smoke/run";

graph::Graph Smoked(const std::string& revision, int retries = 0, Duration within = minutes(5)) {
  Plan plan;
  plan.Weight("smoke", 5).Run("smoke", within, retries).Hold("smoke", minutes(1), false);
  plan.Weight("full", 100);
  return plan.Build(revision);
}

Story Installed(int retries = 0) { return Story::Installed(Smoked("a1", retries), Smoked("b2", retries)); }

std::string EvidenceOf(const Story& story) {
  for (const RunRecord::NodeResult& node : story.status.history.back()->nodes) {
    if (node.path == kNode) {
      return node.evidence;
    }
  }
  return "";
}

}  // namespace

TEST_CASE("a step waits for its Job and goes on when it completed") {
  Story story = Installed();
  REQUIRE(story.RunUntilEntered("smoke/run"));
  CHECK(story.world.Jobs() == Names{"checkout/smoke/run running"});
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CHECK(story.world.Jobs() == Names{"checkout/smoke/run complete, released"});
  CHECK(story.world.jobs_made.size() == 2);  // the first install's too
  CheckStory("job", story);
}

TEST_CASE("a Job that fails fails the step, with its last words") {
  Story story = Installed();
  story.world.job_acts[kNode].fails = 1;
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "a1");
  CHECK(story.status.hold == Hold::kHeld);
  CHECK_THAT(story.status.hold_reason, Catch::Contains("exit code 1: no such table"));
  CHECK(story.world.Jobs() == Names{"checkout/smoke/run failed, released"});
  CheckStory("job_fails", story);

  SECTION("retry is another run with another Job") {
    story.Command("retry");
    CHECK(story.RunToRest());
    CHECK(story.status.stable == "b2");
    CHECK(story.world.Jobs() == Names{"checkout/smoke/run complete, released"});
    CHECK(story.world.jobs_made.size() == 3);
    CheckKept(story);
  }
}

TEST_CASE("another attempt is another Job, as often as the plan says") {
  Story story = Installed(2);
  SECTION("the last one completes") {
    story.world.job_acts[kNode].fails = 2;
    CHECK(story.RunToRest());
    CHECK(story.status.stable == "b2");
  }
  SECTION("none does") {
    story.world.job_acts[kNode].fails = 3;
    CHECK(story.RunToRest());
    CHECK(story.status.stable == "a1");
  }
  CHECK(story.world.jobs_made.size() == 1 + 3);
  CheckKept(story);
}

TEST_CASE("a Job that doesn't end is ended at the bound") {
  Story story = Installed();
  story.world.job_acts[kNode].hangs = true;
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "a1");
  CHECK_THAT(EvidenceOf(story), Catch::Contains("did not end in time"));
  CHECK(story.world.Jobs().empty());
  CheckStory("job_hangs", story);
}

TEST_CASE("nobody waits for the Job of a run that is given up: it is ended") {
  Story story = Installed();
  story.world.job_acts[kNode].hangs = true;
  REQUIRE(story.RunUntilEntered("smoke/run"));
  SECTION("abort") {
    story.Command("abort");
    CHECK(story.RunToRest());
    CHECK(story.world.Jobs().empty());
  }
  SECTION("another revision, whose own Job begins when the old one is gone") {
    story.world.job_acts[kNode].hangs = false;
    story.world.Commit(Smoked("c3"));
    CHECK(story.RunToRest());
    CHECK(story.status.stable == "c3");
    CHECK(story.world.Jobs() == Names{"checkout/smoke/run complete, released"});
  }
  SECTION("the rollout is removed") {
    story.world.removed = true;
    story.RunToRest();
    CHECK(story.world.Jobs().empty());
    CHECK(story.status.phase == Phase::kIdle);
  }
  CheckKept(story);
}

TEST_CASE("a Job that somebody takes away is an error, not a second Job") {
  Story story = Installed(1);
  REQUIRE(story.RunUntilEntered("smoke/run"));
  story.Run(seconds(2));
  story.world.TearOutJobs();
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "a1");
  CHECK_THAT(EvidenceOf(story), Catch::Contains("nobody knows how it ended"));
  CHECK(story.world.jobs_made.size() == 2);
  CheckKept(story);
}

TEST_CASE("whenever the executor dies, there is one Job, and its outcome counts") {
  Story undisturbed = Installed(1);
  undisturbed.world.job_acts[kNode].fails = 1;
  undisturbed.quiet = true;
  REQUIRE(undisturbed.RunToRest());
  for (const bool before_acting : {false, true}) {
    for (int at = 1; at <= undisturbed.decisions; ++at) {
      Story story = Installed(1);
      story.quiet = true;
      story.world.job_acts[kNode].fails = 1;
      story.restart_at = at;
      story.dies_before_acting = before_acting;
      REQUIRE(story.RunToRest());
      INFO("restart after decision " << at << (before_acting ? ", before it acts" : ""));
      CHECK(story.status.stable == "b2");
      CHECK(story.world.jobs_made.size() == 3);
      CHECK(story.world.Jobs() ==
            Names{"checkout/smoke/run complete, released", "checkout/smoke/run failed, released"});
      CheckKept(story);
    }
  }
}

TEST_CASE("a first install runs its Jobs, a way back to a promoted revision none, promote all") {
  Story story(Smoked("a1"));
  REQUIRE(story.RunToRest());
  CHECK(story.world.jobs_made.size() == 1);
  story.world.Commit(Smoked("b2"));
  SECTION("promote") {
    REQUIRE(story.RunUntilEntered("smoke/scale"));
    story.Command("promote");
    REQUIRE(story.RunToRest());
    CHECK(story.status.stable == "b2");
    CHECK(story.world.jobs_made.size() == 2);
  }
  SECTION("back to a promoted one") {
    REQUIRE(story.RunToRest());
    story.world.Commit(Smoked("a1"));
    REQUIRE(story.RunToRest());
    CHECK(story.status.stable == "a1");
    CHECK(story.world.jobs_made.size() == 2);
  }
  CheckKept(story);
}

TEST_CASE("a first install whose Job fails keeps its pods and says why") {
  Story story(Smoked("a1"));
  story.world.job_acts[kNode].fails = 1;
  CHECK(story.RunToRest());
  CHECK(story.status.hold == Hold::kFirstInstallFailed);
  CHECK_THAT(story.status.hold_reason, Catch::Contains("no such table"));
  CHECK(story.world.Pods("a1") == 10);
  CheckKept(story);
}

TEST_CASE("a first install's pods come after the Jobs that stand before them") {
  const auto migrated = [](const std::string& revision) {
    Plan plan;
    plan.Run("migrate", minutes(5)).Weight("full", 100);
    return plan.Build(revision);
  };
  Story story(migrated("a1"));
  REQUIRE(story.RunUntilEntered("migrate/run"));
  story.Run(seconds(10));
  CHECK(story.world.Pods("a1") == 0);
  CHECK(story.RunToRest());
  CHECK(story.world.Pods("a1") == 10);
  CheckKept(story);
}

TEST_CASE("a pause doesn't count for a Job that could not begin") {
  Story story = Installed(1);
  story.world.job_acts[kNode].fails = 1;
  REQUIRE(story.RunUntilEntered("smoke/run"));
  story.Run(seconds(5));
  story.Command("pause");
  story.Run(minutes(20));
  CHECK(story.status.phase == Phase::kProgressing);
  CHECK(story.world.jobs_made.size() == 2);
  story.Command("resume");
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckKept(story);
}

TEST_CASE("a Job at which the rollout stalls is ended; resume and promote run another one") {
  graph::Graph plan = Smoked("b2");
  for (graph::Node& node : plan.nodes) {
    node.outcomes[static_cast<int>(graph::Outcome::kTimeout)] = graph::Disposition::kHold;
  }
  Story story = Story::Installed(Smoked("a1"), plan);
  story.world.job_acts[kNode].hangs = true;
  CHECK(story.Run(std::chrono::hours(1), [&] { return story.status.hold == Hold::kStalled; }));
  story.Run(minutes(1));
  CHECK(story.world.Jobs().empty());
  story.world.job_acts[kNode].hangs = false;
  story.Command(GENERATE("resume", "promote"));
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CHECK(story.world.jobs_made.size() == 3);
  CheckKept(story);
}

TEST_CASE("a rollout that is removed and leaves what it made ends its Jobs, and none of them keeps a finalizer") {
  graph::Graph plan = Smoked("b2");
  plan.policies.delete_on_removal = false;
  Story story = Story::Installed(Smoked("a1"), plan);
  story.world.job_acts[kNode].hangs = true;
  REQUIRE(story.RunUntilEntered("smoke/run"));
  story.Run(seconds(5));
  story.world.removed = true;
  story.RunToRest();
  CHECK(story.status.phase == Phase::kIdle);
  CHECK(story.world.Jobs().empty());
  CHECK(story.world.Has("a1"));
  CheckKept(story);
}

TEST_CASE("a Job is made anew where the plan says another one, not where its bound was edited") {
  Story story = Installed();
  story.world.job_acts[kNode].takes = minutes(2);
  REQUIRE(story.RunUntilEntered("smoke/run"));
  story.Run(seconds(10));
  graph::Graph edited = Smoked("b2", 0, minutes(9));
  std::size_t made = 2;
  SECTION("the bound") {}
  SECTION("the Job") {
    for (graph::Node& node : edited.nodes) {
      if (std::holds_alternative<graph::RunNode>(node.does)) {
        node.effect = "h1:another";
      }
    }
    made = 3;
  }
  story.world.Commit(edited);
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CHECK(story.world.jobs_made.size() == made);
  CHECK(story.world.job_deadlines[kNode] == 9 * 60 + 60);
  CheckKept(story);
}

}  // namespace sluice::decide::test
