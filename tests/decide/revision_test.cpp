// Revisions that come and go: hotfixes, first installs, fast tracks, other capacities, drift, removal.
#include <algorithm>

#include <catch2/catch.hpp>

#include "reconciler/decide/invariants.h"
#include "tests/decide/story.h"

namespace sluice::decide::test {
namespace {

graph::Graph Quick(const std::string& revision, Capacity capacity = Capacity::kFull) {
  Plan plan(capacity);
  plan.Weight("half", 50).Hold("half", minutes(1)).Weight("full", 100);
  return plan.Build(revision);
}

// Up to where the router's objects name it, and the routers know; its pods aren't ready yet.
void RunUntilNamed(Story& story, const Revision& revision) {
  story.world.behaviour[revision].start = minutes(1);
  REQUIRE(story.Run(seconds(50), [&] {
    return story.status.applied.shares.contains(revision) && story.status.applied.settled_at.has_value();
  }));
}

}  // namespace

TEST_CASE("a hotfix goes through while stable has no pods") {
  for (const Capacity capacity : {Capacity::kFull, Capacity::kShared, Capacity::kPods}) {
    Story story = Story::Installed(Quick("a1", capacity), Quick("a1", capacity));
    story.world.behaviour["a1"].ready = false;
    story.Run(minutes(5));
    story.world.Commit(Quick("b2", capacity));
    CHECK(story.RunToRest());
    CHECK(story.status.stable == "b2");
    CHECK(story.status.phase == Phase::kSettled);
    CheckKept(story);
  }
}

TEST_CASE("a hotfix takes the traffic from a leaving revision while stable has no pods") {
  for (const Capacity capacity : {Capacity::kFull, Capacity::kShared, Capacity::kPods}) {
    Story story = Story::Installed(Quick("a1", capacity), Quick("b2", capacity));
    REQUIRE(story.RunUntilEntered("half/hold"));
    story.world.behaviour["a1"].ready = false;
    story.world.Commit(Quick("c3", capacity));
    CHECK(story.RunToRest());
    CHECK(story.status.stable == "c3");
    CheckKept(story);
  }
}

TEST_CASE("two revisions may leave with what stable can't carry; one more goes back first") {
  const auto at = [](const std::string& revision, int share) {
    Plan plan(Capacity::kFull);
    plan.Weight("some", share).Hold("some", minutes(30)).Weight("full", 100);
    return plan.Build(revision);
  };
  Story story = Story::Installed(at("a1", 60), at("b2", 60));
  REQUIRE(story.RunUntilEntered("some/hold"));
  story.world.behaviour["a1"].at_most = 4;
  story.world.Commit(at("c3", 20));
  REQUIRE(story.Run(minutes(5), [&] { return story.world.Routed().contains("c3"); }));
  CHECK(story.status.leaving == std::vector<Revision>{"b2"});
  story.world.Commit(at("d4", 5));
  REQUIRE(story.Run(minutes(5), [&] { return story.world.Routed().contains("d4"); }));
  CHECK(story.status.leaving == std::vector<Revision>{"b2", "c3"});
  CHECK(story.status.phase == Phase::kProgressing);
  story.world.Commit(at("e5", 5));
  story.Decide();
  CHECK(story.status.phase == Phase::kGoingBack);
  CHECK(story.status.leaving == std::vector<Revision>{"b2", "c3"});
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "e5");
  CheckKept(story);
}

TEST_CASE("a revision that no bundle describes any more is deleted a drain after its traffic, not before") {
  graph::Graph next = Quick("b2", Capacity::kFull);
  next.policies.fast_track = 0;
  next.policies.drain = minutes(2);
  Story story = Story::Installed(Quick("a1", Capacity::kFull), next);
  REQUIRE(story.Run(hours(1), [&] { return story.status.stable == "b2" && story.status.applied.settled_at; }));
  const TimePoint moved = story.world.now();
  story.world.Forget("a1");
  REQUIRE(story.Run(hours(1), [&] { return !story.world.Has("a1"); }));
  CHECK(story.world.now() - moved >= Duration(minutes(2)));
  CheckKept(story);
}

TEST_CASE(
    "a run by pods whose stable no bundle describes any more says which one is gone, and goes back once it is there") {
  const graph::Graph first = Quick("a1", Capacity::kPods);
  Story story = Story::Installed(first, Quick("b2", Capacity::kPods));
  REQUIRE(story.RunUntilEntered("half/hold"));
  story.world.Forget("a1");
  story.Run(minutes(5));
  const auto& reasons = story.last.reasons;
  CHECK(std::any_of(reasons.begin(), reasons.end(), [](const Reason& reason) {
    return reason.trouble == "the bundle of revision a1 is gone" &&
           reason.text.find("until its version is committed again") != std::string::npos;
  }));
  CHECK(story.status.stable == "a1");
  story.world.Commit(first);
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "a1");
  CHECK_FALSE(story.world.Has("b2"));
  CheckKept(story);
}

TEST_CASE("a first install that never becomes ready stays and says so; another revision pre-empts it") {
  for (const Capacity capacity : {Capacity::kFull, Capacity::kPods}) {
    Story story(Quick("a1", capacity));
    story.world.behaviour["a1"].ready = false;
    CHECK(story.RunToRest());
    CHECK(story.status.hold == Hold::kFirstInstallFailed);
    CHECK(story.world.Pods("a1") == 10);
    SECTION("another revision") {
      story.world.Commit(Quick("b2", capacity));
      CHECK(story.RunToRest());
      CHECK(story.status.stable == "b2");
      CHECK_FALSE(story.world.Has("a1"));
    }
    SECTION("retry") {
      story.world.behaviour["a1"].ready = true;
      story.Command("retry");
      CHECK(story.RunToRest());
      CHECK(story.status.stable == "a1");
      CHECK(story.status.run == 2);
    }
    CheckKept(story);
  }
}

TEST_CASE("a candidate that never becomes ready gets no traffic and is rolled back") {
  for (const Capacity capacity : {Capacity::kFull, Capacity::kShared, Capacity::kPods}) {
    Story story = Story::Installed(Quick("a1", capacity), Quick("b2", capacity));
    story.world.behaviour["b2"].ready = false;
    CHECK(story.RunToRest());
    CHECK(story.status.hold == Hold::kHeld);
    CHECK(story.status.hold_reason.find("CrashLoopBackOff: exit 1") != std::string::npos);
    CHECK(story.world.ReadyPods("a1") == 10);
    CHECK(story.world.Pods("b2") == 0);
    CheckKept(story);
  }
}

TEST_CASE("a candidate that the quota doesn't admit is rolled back") {
  Story story = Story::Installed(Quick("a1", Capacity::kFull), Quick("b2", Capacity::kFull));
  story.world.quota = 10;
  CHECK(story.RunToRest());
  CHECK(story.status.hold == Hold::kHeld);
  CHECK(story.status.hold_reason.find("exceeded quota") != std::string::npos);
  CheckKept(story);
}

TEST_CASE("the last pod that answers requests isn't given up for a stable that answers nobody and gets no pods") {
  Story story = Story::Installed(Quick("a1", Capacity::kFull), Quick("b2", Capacity::kFull));
  REQUIRE(story.Run(minutes(10), [&] { return story.MaxShare("b2") > Number(0); }));
  story.world.quota = story.world.Pods("b2");
  story.world.behaviour["a1"].ready = false;
  story.world.DeleteDeployment("a1");
  story.Command("abort");
  story.Run(minutes(10));
  CHECK(story.world.ReadyPods("b2") >= 1);
  CHECK(story.status.hold == Hold::kStableDown);
  story.world.quota.reset();
  story.world.behaviour.clear();
  story.world.MoveTo(story.world.now() + seconds(2));
  CHECK(story.RunToRest());
  CHECK(story.world.ReadyPods("a1") == 10);
  CHECK(story.world.Pods("b2") == 0);
  CheckKept(story);
}

TEST_CASE("back to a promoted revision is fast: no holds, no gates, capacity first") {
  for (const Capacity capacity : {Capacity::kFull, Capacity::kShared, Capacity::kPods}) {
    Story story = Story::Installed(Quick("a1", capacity), Quick("b2", capacity));
    REQUIRE(story.RunToRest());
    REQUIRE(story.status.stable == "b2");
    story.world.answers = graph::Evaluation::Kind::kError;
    story.world.Commit(Quick("a1", capacity));
    const TimePoint from = story.world.now();
    CHECK(story.Run(minutes(3), [&] { return story.status.stable == "a1"; }));
    CHECK(story.world.now() - from < Duration(seconds(50)));
    CHECK(story.RunToRest());
    CHECK(story.status.phase == Phase::kSettled);
    CheckKept(story);
  }
}

TEST_CASE("back to a promoted revision whose pods don't start stays where it is") {
  Story story = Story::Installed(Quick("a1", Capacity::kFull), Quick("b2", Capacity::kFull));
  REQUIRE(story.RunToRest());
  story.world.behaviour["a1"].ready = false;
  story.world.Commit(Quick("a1", Capacity::kFull));
  CHECK(story.RunToRest());
  CHECK(story.Ending() == "Waiting RollbackFailed, stable b2, run 3 of a1 rolled-back, routed b2 100%");
  CheckKept(story);
}

TEST_CASE("three new revisions in a row leave no traffic behind") {
  Story story = Story::Installed(Quick("a1", Capacity::kFull), Quick("b2", Capacity::kFull));
  REQUIRE(story.RunUntilEntered("half/hold"));
  story.world.behaviour["a1"].at_most = 4;  // stable can't take back what they have
  for (const char* next : {"c3", "d4", "e5"}) {
    story.world.Commit(Quick(next, Capacity::kFull));
    story.Run(seconds(30));
    CHECK(story.status.leaving.size() <= 2);
  }
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "e5");
  CHECK(story.world.Routed().size() == 1);
  CheckKept(story);
}

TEST_CASE("blue-green: a preview without traffic, then all at once") {
  Story story = Story::Installed(BlueGreen("a1"), BlueGreen("b2"));
  REQUIRE(story.RunUntilEntered("preview/hold"));
  CHECK(story.world.ReadyPods("b2") == 4);
  CHECK(story.MaxShare("b2") == Number(0));
  SECTION("to the end") {
    CHECK(story.RunToRest());
    CHECK(story.Ending() == "Settled, stable b2, run 2 of b2 promoted, routed b2 100%");
    CheckKept(story);
    CheckGolden("blue_green", story.transcript);
  }
  SECTION("the switch fails") {
    REQUIRE(story.RunUntilEntered("switch/hold"));
    story.world.error_rate = Number::Ratio(8, 100);
    CHECK(story.RunToRest());
    CHECK(story.Ending() == "Waiting Held, stable a1, run 2 of b2 rolled-back, routed a1 100%");
    CheckKept(story);
  }
}

TEST_CASE("a weight of 0% names the candidate that waits to the router") {
  Plan plan;
  plan.Weight("preview", 0).Hold("preview", minutes(5)).Weight("switch", 100);
  Story story = Story::Installed(Canary("a1"), plan.Build("b2"));
  REQUIRE(story.RunUntilEntered("preview/hold"));
  CHECK(story.status.applied.shares == std::map<Revision, Number>{{"a1", Number(1)}, {"b2", Number(0)}});
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CHECK(story.status.applied.shares == std::map<Revision, Number>{{"b2", Number(1)}});
  CheckKept(story);
}

TEST_CASE("by pods: within surge and unavailable, step by step") {
  Story story = Story::Installed(Quick("a1", Capacity::kPods), Quick("b2", Capacity::kPods));
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckKept(story);
  CheckGolden("by_pods", story.transcript);
}

TEST_CASE("requests that match go to the candidate above the weights") {
  Plan plan;
  plan.Match("smoke", "x-canary").Hold("smoke", minutes(5)).Weight("full", 100);
  Story story = Story::Installed(Canary("a1"), plan.Build("b2"));
  REQUIRE(story.RunUntilEntered("smoke/hold"));
  CHECK(story.status.applied.matches.size() == 1);
  CHECK_FALSE(story.world.Routed().contains("b2"));
  SECTION("gone pods take the match away") {
    story.world.behaviour["b2"].ready = false;
    story.Decide();
    CHECK(story.status.applied.matches.empty());
  }
  SECTION("to the end") {
    CHECK(story.RunToRest());
    CHECK(story.status.stable == "b2");
    CHECK(story.status.applied.matches.empty());
  }
  CheckKept(story);
}

TEST_CASE("endpoints that come and go: the node is entered again three times, then it fails") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  for (int entry = 1; entry <= 4; ++entry) {
    REQUIRE(story.Run(minutes(8), [&] {
      return story.status.applied.settled_at && story.world.Routed().contains("b2") && story.Entered("ramp[10%]/hold");
    }));
    CHECK(story.status.nodes["checkout/ramp[10%]/traffic"].entry == entry);
    story.world.behaviour["b2"].ready = false;
    story.Run(seconds(10));
    CHECK_FALSE(story.world.Routed().contains("b2"));
    story.world.behaviour["b2"].ready = true;
  }
  CHECK(story.RunToRest());
  CHECK(story.status.hold == Hold::kHeld);
  CheckKept(story);
}

TEST_CASE("what somebody edits or deletes is asserted again") {
  Story story = Story::Installed(Canary("a1"), Canary("a1"));
  story.Decide();
  SECTION("the route") {
    story.world.EditRoute();
    story.Decide();
    CHECK(story.transcript.find("write HTTPRoute shop") != std::string::npos);
  }
  SECTION("the Deployment") {
    story.world.DeleteDeployment("a1");
    story.Run(seconds(30));
    CHECK(story.world.ReadyPods("a1") == 10);
  }
  CHECK(story.status.phase == Phase::kSettled);
  CheckKept(story);
}

TEST_CASE("a settled rollout does nothing, waits for nothing and changes nothing") {
  for (const Capacity capacity : {Capacity::kFull, Capacity::kShared, Capacity::kPods}) {
    Story story = Story::Installed(Canary("a1", capacity), Canary("a1", capacity));
    story.Decide();
    const std::string before = Dump(story.status);
    for (int hour = 1; hour <= 10; ++hour) {
      story.world.MoveTo(story.world.now() + std::chrono::hours(10));
      const Decision decision = Decide(story.world.plan(), story.status, story.world.Observe(), story.world.now());
      CHECK(decision.actions.empty());
      CHECK_FALSE(decision.wake_at.has_value());
      CHECK(Dump(decision.status) == before);
    }
  }
}

TEST_CASE("notifications are tried three times and then dropped") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  story.world.notify_down = true;
  REQUIRE(story.RunUntilEntered("sign-off/pause"));
  story.Run(minutes(10));
  CHECK(story.status.outbox.empty());
  CHECK(story.transcript.find("NotificationDropped") != std::string::npos);
  CheckKept(story);
}

TEST_CASE("nothing is decided before the first lists are complete") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  Observed seen = story.world.Observe();
  seen.complete = false;
  seen.revisions.clear();
  const Decision decision = Decide(story.world.plan(), story.status, seen, story.world.now());
  CHECK(decision.actions.empty());
  CHECK(Dump(decision.status) == Dump(story.status));
}

TEST_CASE("routers are told of a Service before it gets requests, and once more when it gets none") {
  Story story = Story::Installed(Quick("a1"), Quick("b2"));
  const auto named = [&] { return story.status.applied.shares; };
  using Shares = std::map<Revision, Number>;
  SECTION("pods that are ready at once wait for the routers") {
    story.world.behaviour["b2"].start = Duration(0);
    REQUIRE(story.RunUntilEntered("half/traffic"));
    CHECK(named() == Shares{{"a1", Number(1)}, {"b2", Number(0)}});
    REQUIRE(story.RunUntilEntered("half/hold"));
    CHECK(named() == Shares{{"a1", Number::Ratio(1, 2)}, {"b2", Number::Ratio(1, 2)}});
  }
  SECTION("routers that don't follow keep it waiting, and it goes back") {
    REQUIRE(story.RunUntilEntered("half/scale"));
    story.world.route_stuck = true;
    story.Run(hours(1));
    CHECK(story.world.Routed() == Shares{{"a1", Number(1)}});
    CHECK(story.status.phase == Phase::kGoingBack);
    CHECK(story.status.hold == Hold::kTrafficUnsettled);
  }
  SECTION("it is superseded before it had any: it doesn't count as leaving") {
    RunUntilNamed(story, "b2");
    story.world.Commit(Quick("c3"));
    story.Decide();
    CHECK(story.status.leaving.empty());
    REQUIRE(story.RunUntilEntered("half/hold"));
    CHECK(named() == Shares{{"a1", Number::Ratio(1, 2)}, {"c3", Number::Ratio(1, 2)}});
  }
  SECTION("a first install that failed with all of the traffic is followed by another") {
    Story first(Quick("a1"));
    first.world.behaviour["a1"].at_most = 9;
    REQUIRE(first.Run(hours(80), [&] { return first.status.hold == Hold::kFirstInstallFailed; }));
    first.world.Commit(Quick("b2"));
    CHECK(first.RunToRest());
    CHECK(first.Ending() == "Settled, stable b2, run 2 of b2 promoted, routed b2 100%");
    CheckKept(first);
  }
  SECTION("its Service is taken away: nobody waits for it") {
    RunUntilNamed(story, "b2");
    Observed seen = story.world.Observe();
    seen.revisions["b2"].service.reset();
    seen.revisions["b2"].deployment.reset();
    story.status.phase = Phase::kGoingBack;
    story.status.back_holds = true;
    CHECK(Decide(story.world.plan(), story.status, seen, story.world.now()).status.applied.shares ==
          Shares{{"a1", Number(1)}});
  }
  CheckKept(story);
}

TEST_CASE("requests that matched go to nobody when their revision is superseded") {
  const auto at = [](const std::string& revision) {
    Plan plan(Capacity::kFull);
    plan.Weight("some", 10).Hold("some", minutes(30)).Weight("full", 100);
    graph::Graph graph = plan.Build(revision);
    for (graph::Node& node : graph.nodes) {
      auto* traffic = std::get_if<graph::TrafficNode>(&node.does);
      if (traffic != nullptr && traffic->share < Number(1))
        traffic->matches = {{{{"header", "X-Canary", "is", {"yes"}}}}};
    }
    return graph;
  };
  Story story = Story::Installed(at("a1"), at("b2"));
  REQUIRE(story.RunUntilEntered("some/hold"));
  CHECK(story.status.applied.matches.size() == 1);
  story.world.Commit(at("c3"));
  story.Run(seconds(2));
  CHECK(story.status.candidate == "c3");
  CHECK(story.world.DeadEnds() == std::vector<std::string>());
  CHECK(story.status.applied.matches.empty());
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "c3");
  CheckKept(story);
}

TEST_CASE("counts that are behind their spec never allow a shift or a shrink") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  RunUntilNamed(story, "b2");
  Observed seen = story.world.Observe();
  auto& deployment = *seen.revisions["b2"].deployment;
  seen.revisions["b2"].ready_endpoints = 1;
  deployment.observed_generation = deployment.generation - 1;
  CHECK(Decide(story.world.plan(), story.status, seen, story.world.now()).status.applied.shares.at("b2") == Number(0));
  deployment.observed_generation = deployment.generation;
  CHECK(Decide(story.world.plan(), story.status, seen, story.world.now()).status.applied.shares.at("b2") > Number(0));
}

TEST_CASE("a revision is routed to once proxies had the router's lag to hear of its endpoints") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  RunUntilNamed(story, "b2");
  Observed seen = story.world.Observe();
  seen.revisions["b2"].ready_endpoints = 1;
  const Duration lag = story.world.plan().router.lag;
  REQUIRE(lag > Duration(0));
  const auto routes = [&](TimePoint since) {
    seen.revisions["b2"].endpoints_since = since;
    const Decision decision = Decide(story.world.plan(), story.status, seen, story.world.now());
    return std::any_of(decision.actions.begin(), decision.actions.end(), [](const Action& action) {
      const auto* apply = std::get_if<ApplyObject>(&action);
      return apply != nullptr && apply->object.Field("kind").ToText() == "HTTPRoute";
    });
  };
  CHECK_FALSE(routes(story.world.now()));
  CHECK_FALSE(routes(story.world.now() - lag + Duration(1)));
  CHECK(routes(story.world.now() - lag));
}

TEST_CASE("a takeover in the middle of a rollout bumps the epoch of what it stands on") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  REQUIRE(story.RunUntilEntered("ramp[10%]/hold"));
  story.status.epoch = 7;
  const Decision decision = Decide(story.world.plan(), story.status, story.world.Observe(), story.world.now());
  std::size_t writes = 0;
  for (const Action& action : decision.actions) {
    writes += std::holds_alternative<ApplyObject>(action) ? 1 : 0;
  }
  CHECK(writes == 3);  // both Deployments and the route
  story.Decide();
  CheckKept(story);
}

TEST_CASE("what is refused is a named state") {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  story.world.failures.push_back({"Deployment checkout-b2", "forbidden", false, true, {}});
  story.Decide();
  CHECK(story.status.hold == Hold::kBlocked);
  story.world.failures.clear();
  story.Decide();
  CHECK(story.status.hold == Hold::kNone);
}

}  // namespace sluice::decide::test
