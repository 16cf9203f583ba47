// The router's objects: several of them, some of them only at times, and what becomes of them when the plan's router
// is edited.
#include <functional>

#include <catch2/catch.hpp>

#include "reconciler/decide/invariants.h"
#include "tests/decide/story.h"

namespace sluice::decide::test {
namespace {

using Names = std::vector<std::string>;

graph::Graph Quick(const std::string& revision, Capacity capacity = Capacity::kFull) {
  Plan plan(capacity);
  plan.Weight("half", 50).Hold("half", minutes(1)).Weight("full", 100);
  return plan.Build(revision);
}

// Quick, with the router's object under another name in the cluster.
graph::Graph Renamed(const std::string& revision) {
  graph::Graph graph = Quick(revision);
  graph.router.objects = {BackendsIn("route", "shop-2")};
  return graph;
}

// Two objects, the second only while there are two revisions; both count as followed after the lag.
graph::Graph InPairs(const std::string& revision) {
  graph::Graph graph = Quick(revision);
  graph.router.objects = {BackendsIn("main", "shop"), BackendsIn("canary", "shop-canary", WhileThereAreTwo())};
  graph.router.settled_when = nullptr;
  graph.router.settled_after = seconds(3);
  return graph;
}

// Lets everything happen that is due, and looks at every moment whether some request would be lost.
void RunWithoutLoss(Story& story, Duration span = hours(2)) {
  Names lost;
  story.Run(span, [&] {
    for (const std::string& text : story.world.DeadEnds()) lost.push_back(text);
    return IsAtRest(story.status) && !story.last.wake_at && story.world.IsQuiet();
  });
  INFO(story.transcript);
  CHECK(lost == Names());
}

}  // namespace

TEST_CASE("an object that gets another name: the old one goes once the new one carries the traffic") {
  Story story = Story::Installed(Quick("a1"), Renamed("a1"));
  RunWithoutLoss(story);
  CHECK(story.world.RouteNames() == Names{"shop-2"});
  CHECK(story.status.applied.objects.size() == 1);
  CHECK(story.status.phase == Phase::kSettled);
  CHECK(story.status.applied.settled_at.has_value());
  CheckStory("route_renamed", story);
}

TEST_CASE("the old object stays for as long as the new one isn't followed, and that has a name") {
  Story story = Story::Installed(Quick("a1"), Renamed("a1"));
  story.world.route_stuck = true;
  story.Run(hours(1));
  CHECK(story.world.RouteNames() == Names{"shop", "shop-2"});
  CHECK(story.status.hold == Hold::kTrafficUnsettled);
  CHECK_FALSE(story.last.wake_at.has_value());
  SECTION("the edit is taken back") {
    story.world.route_stuck = false;
    story.world.Commit(Quick("a1"));
    RunWithoutLoss(story);
    CHECK(story.world.RouteNames() == Names{"shop"});
  }
  SECTION("the route is repaired") {
    story.world.route_stuck = false;
    RunWithoutLoss(story);
    CHECK(story.world.RouteNames() == Names{"shop-2"});
  }
  SECTION("somebody takes it upon themselves") {
    decide::Command command;
    command.verb = "abort";
    command.who = "ann";
    command.assume_settled = true;
    story.world.Say(command);
    story.Run(minutes(5));
    CHECK(story.world.refused == Names());
    // Nothing says that it carries the traffic: the old one is kept.
    CHECK(story.world.RouteNames() == Names{"shop", "shop-2"});
  }
  CHECK(story.status.hold == Hold::kNone);
  CheckKept(story);
}

TEST_CASE("a new revision and a new name in one commit: no pod goes before the old object has") {
  Story story = Story::Installed(Quick("a1"), Renamed("b2"));
  RunWithoutLoss(story);
  CHECK(story.world.RouteNames() == Names{"shop-2"});
  CHECK(story.status.stable == "b2");
  CheckStory("route_renamed_with_revision", story);
}

TEST_CASE("an edit of the router in the middle of a rollout: the old object carries the rollout to its end") {
  Story story = Story::Installed(Quick("a1"), Quick("b2"));
  REQUIRE(story.RunUntilEntered("half/hold"));
  story.Note("the object gets another name in git");
  story.world.Commit(Renamed("b2"));
  story.Run(seconds(20));
  CHECK(story.status.hold == Hold::kEditDeferred);
  CHECK(story.world.RouteNames() == Names{"shop"});
  RunWithoutLoss(story);
  CHECK(story.world.RouteNames() == Names{"shop-2"});
  CHECK(story.status.stable == "b2");
  CheckStory("route_renamed_midway", story);
}

TEST_CASE("a router is repaired also while a candidate is named and has nothing") {
  Story story = Story::Installed(Quick("a1"), Quick("b2"));
  REQUIRE(story.Run(minutes(1), [&] { return story.status.applied.shares.contains("b2"); }));
  story.world.route_stuck = true;
  story.world.Commit(Renamed("b2"));
  story.Run(seconds(10));
  CHECK(story.world.RouteNames() == Names{"shop", "shop-2"});
  story.world.Commit(Quick("b2"));
  story.Decide();
  CHECK(story.status.hold != Hold::kEditDeferred);
  story.world.route_stuck = false;
  RunWithoutLoss(story);
  CHECK(story.world.RouteNames() == Names{"shop"});
  CHECK(story.status.stable == "b2");
  CheckKept(story);
}

TEST_CASE("a candidate of which routers were never told is left out at once") {
  Story story = Story::Installed(Quick("a1"), Quick("b2"));
  REQUIRE(story.Run(minutes(1), [&] { return story.status.applied.shares.contains("b2"); }));
  CHECK_FALSE(story.status.applied.settled_at);
  story.Command("abort");
  story.Decide();
  CHECK(story.status.applied.shares == std::map<Revision, Number>{{"a1", Number(1)}});
  RunWithoutLoss(story);
  CHECK(story.status.hold == Hold::kHeld);
  CheckKept(story);
}

TEST_CASE("a restart anywhere in the change of names loses nothing and ends the same") {
  const Story installed = Story::Installed(Quick("a1"), Renamed("b2"));
  Story whole = installed;
  RunWithoutLoss(whole);
  REQUIRE(whole.decisions > 10);
  for (int at = 1; at <= whole.decisions; ++at) {
    for (const bool dies : {false, true}) {
      Story story = installed;
      story.restart_at = at;
      story.dies_before_acting = dies;
      INFO("after decision " << at << (dies ? ", before it is acted on" : ""));
      RunWithoutLoss(story);
      CHECK(story.Ending() == whole.Ending());
      CHECK(story.world.RouteNames() == whole.world.RouteNames());
      CheckKept(story);
    }
  }
}

TEST_CASE("from a route to shares by pods and back") {
  Story story = Story::Installed(Quick("a1"), Quick("a1", Capacity::kPods));
  RunWithoutLoss(story);
  CHECK(story.world.RouteNames() == Names());
  CHECK(story.status.applied.objects.empty());
  CHECK_FALSE(story.world.Observe().revisions.at("a1").service.has_value());
  story.world.Commit(Quick("a1"));
  story.Run(minutes(5));
  CHECK(story.world.RouteNames() == Names{"shop"});
  CHECK(story.world.Observe().revisions.at("a1").service.has_value());
  CHECK(story.world.DeadEnds() == Names());
  CheckStory("route_to_pods_and_back", story);
}

TEST_CASE("from pods to a route with a new revision: stable gets a Service of its own") {
  Story story = Story::Installed(Quick("a1", Capacity::kPods), Quick("b2"));
  RunWithoutLoss(story);
  CHECK(story.world.RouteNames() == Names{"shop"});
  CHECK(story.status.stable == "b2");
  CheckStory("pods_to_route", story);
}

TEST_CASE("from pods to a route in the middle of a rollout: back first, and then the new revision") {
  Story story = Story::Installed(Quick("a1", Capacity::kPods), Quick("b2", Capacity::kPods));
  REQUIRE(story.RunUntilEntered("half/hold"));
  story.world.Commit(Quick("c3"));
  RunWithoutLoss(story);
  CHECK(story.world.RouteNames() == Names{"shop"});
  CHECK(story.Ending() == "Settled, stable c3, run 3 of c3 promoted, routed c3 100%");
  CheckKept(story);
}

TEST_CASE("an object that another rollout took over is left alone") {
  Story story = Story::Installed(Quick("a1"), Renamed("a1"));
  story.world.TakeRoute("shop", "another-uid");
  RunWithoutLoss(story);
  CHECK(story.world.RouteNames() == Names{"shop", "shop-2"});
  CHECK(story.status.applied.objects.size() == 1);
  CheckKept(story);
}

TEST_CASE("the same object in another version of its API is not another object") {
  graph::Graph older = Quick("a1");
  std::vector<graph::ExpressionPtr> fields = older.router.objects.front().manifest->operands;
  fields[1] = graph::MakeLiteral(graph::Value("gateway.networking.k8s.io/v1beta1"));
  older.router.objects.front().manifest = graph::MakeNode(graph::Operation::kMap, fields);
  Story story = Story::Installed(older, Quick("a1"));
  story.Run(minutes(5));
  CHECK(story.transcript.find("delete") == std::string::npos);
  REQUIRE(story.status.applied.objects.size() == 1);
  CHECK(story.status.applied.objects.front().api_version == "gateway.networking.k8s.io/v1");
  CheckKept(story);
}

TEST_CASE("another API's Service of the same name is the router's, and goes with it") {
  graph::Graph knative = Quick("a1");
  std::vector<graph::ExpressionPtr> fields = BackendsIn("service", "checkout-a1").manifest->operands;
  fields[1] = graph::MakeLiteral(graph::Value("serving.knative.dev/v1"));
  fields[3] = graph::MakeLiteral(graph::Value("Service"));
  knative.router.objects = {BackendsIn("route", "shop"), BackendsIn("service", "checkout-a1")};
  knative.router.objects.back().manifest = graph::MakeNode(graph::Operation::kMap, fields);
  Story story = Story::Installed(knative, Quick("a1"));
  CHECK(story.world.RouteNames() == Names{"shop", "checkout-a1"});
  RunWithoutLoss(story);
  CHECK(story.world.RouteNames() == Names{"shop"});
  CheckKept(story);
}

TEST_CASE("several objects: in declared order when the candidate gains, the other way round when it loses") {
  Story story = Story::Installed(InPairs("a1"), InPairs("b2"));
  CHECK(story.world.RouteNames() == Names{"shop"});
  REQUIRE(story.RunUntilEntered("half/hold"));
  CHECK(story.world.RouteNames() == Names{"shop", "shop-canary"});
  SECTION("to the end") {
    RunWithoutLoss(story);
    CHECK(story.world.RouteNames() == Names{"shop"});
    CHECK(story.status.stable == "b2");
    CheckStory("route_objects", story);
  }
  SECTION("and back") {
    story.Command("abort");
    RunWithoutLoss(story);
    CHECK(story.world.RouteNames() == Names{"shop"});
    CHECK(story.status.stable == "a1");
    CheckStory("route_objects_back", story);
  }
}

TEST_CASE("a split isn't settled before the object that it does without is gone") {
  // A switch: what it leaves is left at once.
  const auto at = [](const std::string& revision) {
    graph::Graph graph = InPairs(revision);
    graph.router.address = graph::Router::Address::kRouter;
    return graph;
  };
  Story story = Story::Installed(at("a1"), at("b2"));
  REQUIRE(story.RunUntilEntered("half/hold"));
  story.world.keeps_routes = true;  // the deletion waits for somebody's finalizer
  story.Command("abort");
  story.Run(minutes(5));
  // What the object leads to keeps its pods.
  CHECK(story.world.RouteNames() == Names{"shop", "shop-canary"});
  CHECK(story.world.ReadyPods("b2") == 5);
  CHECK_FALSE(story.status.applied.settled_at.has_value());
  story.Run(minutes(10));
  CHECK(story.status.hold == Hold::kTrafficUnsettled);
  story.world.ReleaseRoutes();
  RunWithoutLoss(story);
  CHECK(story.world.RouteNames() == Names{"shop"});
  CHECK(story.status.hold == Hold::kHeld);
  CheckKept(story);
}

TEST_CASE("a Service stays for as long as some object of the router's may lead there") {
  const auto at = [](const std::string& revision) {
    graph::Graph graph = InPairs(revision);
    graph.policies.fast_track = 0;
    return graph;
  };
  Story story = Story::Installed(at("a1"), at("b2"));
  story.world.keeps_routes = true;
  story.Run(hours(1));
  CHECK(story.status.stable == "b2");
  CHECK(story.world.RouteNames() == Names{"shop", "shop-canary"});
  CHECK(story.world.Pods("a1") == 0);
  CHECK(story.world.Observe().revisions.at("a1").service.has_value());
  story.world.ReleaseRoutes();
  RunWithoutLoss(story);
  CHECK_FALSE(story.world.Observe().revisions.contains("a1"));
  CheckKept(story);
}

TEST_CASE("an object that can't be made leaves everything as it is") {
  graph::Graph broken = Quick("a1");
  broken.router.objects.front().manifest = graph::MakeNode(
      graph::Operation::kDivide, {graph::MakeLiteral(graph::Value(1)), graph::MakeLiteral(graph::Value(0))});
  Story story = Story::Installed(Quick("a1"), broken);
  story.Run(minutes(5));
  CHECK(story.world.RouteNames() == Names{"shop"});
  CHECK(story.status.applied.objects.size() == 1);
  CheckKept(story);
}

TEST_CASE("what an orphaned rollout left is taken over by the one that comes after it, and goes with that one") {
  const Capacity capacity = GENERATE(Capacity::kFull, Capacity::kPods);
  Story story = Story::Installed(Quick("a1", capacity), Quick("a1", capacity));
  story.status = Status{};
  story.world.uid = "a-later-uid";
  RunWithoutLoss(story);
  story.Run(minutes(5));
  CHECK(story.Ending() == (capacity == Capacity::kFull ? "Settled, stable a1, run 1 of a1 promoted, routed a1 100%"
                                                       : "Settled, stable a1, run 1 of a1 promoted, routed"));
  story.world.removed = true;
  story.Run(hours(1), [&] { return story.status.phase == Phase::kIdle; });
  const Observed left = story.world.Observe();
  CHECK(left.revisions.empty());
  CHECK(left.router_objects.empty());
  CHECK_FALSE(left.stable_service.has_value());
  CheckKept(story);
}

TEST_CASE("a rollout that is removed: routes first, then what they led to") {
  Story story = Story::Installed(InPairs("a1"), InPairs("b2"));
  REQUIRE(story.RunUntilEntered("half/hold"));
  story.world.removed = true;
  SECTION("taken away") {
    bool pods_before_routes = false;
    story.Run(hours(1), [&] {
      pods_before_routes = pods_before_routes || (!story.world.Has("a1") && !story.world.RouteNames().empty());
      return story.status.phase == Phase::kIdle;
    });
    CHECK_FALSE(pods_before_routes);
    CHECK(story.status.phase == Phase::kIdle);
    CHECK(story.world.RouteNames() == Names());
    CHECK_FALSE(story.world.Has("a1"));
    CHECK_FALSE(story.world.Has("b2"));
    CheckStory("removal", story);
  }
  SECTION("orphaned") {
    graph::Graph orphan = InPairs("b2");
    orphan.policies.delete_on_removal = false;
    story.world.Commit(orphan);
    story.Run(hours(1), [&] { return story.status.phase == Phase::kIdle; });
    CHECK(story.status.phase == Phase::kIdle);
    CHECK(story.world.RouteNames() == Names{"shop"});
    CHECK(story.world.ReadyPods("a1") == 10);
    CHECK(story.world.DeadEnds() == Names());
    CheckStory("removal_orphan", story);
  }
}

}  // namespace sluice::decide::test
