// Each invariant can fail: a decision that breaks it is told by name.
#include "reconciler/decide/invariants.h"

#include <catch2/catch.hpp>

#include "reconciler/decide/objects.h"
#include "tests/decide/story.h"

namespace sluice::decide::test {
namespace {

struct Moment {
  Story story = Story::Installed(Canary("a1"), Canary("b2"));
  Status before;
  Observed seen;
  Decision decision;

  explicit Moment(const std::string& node) {
    REQUIRE(story.RunUntilEntered(node));
    before = story.status;
    seen = story.world.Observe();
    decision = Decide(story.world.plan(), before, seen, story.world.now());
    CHECK(Check().empty());
  }
  std::vector<std::string> Check() const {
    return Violations(story.world.plan(), before, seen, story.world.now(), decision);
  }
  bool Breaks(const std::string& which) const {
    for (const std::string& text : Check()) {
      if (text.substr(0, 2) == which) {
        return true;
      }
    }
    return false;
  }
  void Route(Number share) {
    decision.status.applied.sequence += 1;
    decision.status.applied.previous = before.applied.shares;
    decision.status.applied.shares = {{"a1", Number(1) - share}, {"b2", share}};
    decision.status.applied.settled_at.reset();
  }
  void WritePods(const Revision& revision, std::int32_t pods) {
    decision.status.applied.pods[revision] = pods;
    for (const Action& action : Decide(story.world.plan(), before, Gone(revision), story.world.now()).actions) {
      const auto* apply = std::get_if<ApplyObject>(&action);
      if (apply != nullptr && apply->object.Field("kind").ToText() == "Deployment") {
        decision.actions.push_back(ApplyObject{graph::Value([&] {
                                                 graph::Map map = *apply->object.as_map();
                                                 graph::Map spec = *map.Find("spec")->as_map();
                                                 spec.Set("replicas", graph::Value(pods));
                                                 map.Set("spec", graph::Value(spec));
                                                 return map;
                                               }()),
                                               Version{"u", "1"}, "test"});
      }
    }
  }
  Observed Gone(const Revision& revision) const {
    Observed without = seen;
    without.revisions[revision].deployment.reset();
    return without;
  }
};

}  // namespace

TEST_CASE("a share raised beyond the ready pods breaks I1 and, beyond the node entered, I3") {
  Moment moment("ramp[10%]/hold");
  moment.Route(Number::Ratio(50, 100));
  CHECK(moment.Breaks("I1"));
  CHECK(moment.Breaks("I3"));
}

TEST_CASE("shares that don't sum to one break I1") {
  Moment moment("ramp[10%]/hold");
  moment.Route(Number::Ratio(10, 100));
  moment.decision.status.applied.shares.erase("a1");
  CHECK(moment.Breaks("I1"));
}

TEST_CASE("pods taken from under their traffic break I2") {
  Moment moment("ramp[10%]/hold");
  moment.WritePods("a1", 3);
  CHECK(moment.Breaks("I2"));
}

TEST_CASE("a node entered before its predecessor is done breaks I3") {
  Moment moment("ramp[10%]/hold");
  moment.decision.status.nodes["checkout/half/check"].state = NodeState::kActive;
  moment.decision.status.nodes["checkout/half/hold"].state = NodeState::kActive;
  CHECK(moment.Breaks("I3"));
}

TEST_CASE("a candidate that keeps or gains traffic on the way back breaks I4") {
  Moment moment("ramp[10%]/hold");
  moment.decision.status.phase = Phase::kGoingBack;
  moment.decision.status.back_since = moment.story.world.now();
  CHECK(moment.Breaks("I4"));
}

TEST_CASE("an object with a role that is deleted, or one without its uid, breaks I6") {
  Moment moment("ramp[10%]/hold");
  moment.decision.actions.push_back(DeleteObject{"apps/v1", "Deployment", "shop", "checkout-a1", {"u", "1"}, ""});
  CHECK(moment.Breaks("I6"));
  moment.decision.actions.clear();
  moment.decision.actions.push_back(DeleteObject{"apps/v1", "Deployment", "shop", "other", {}, ""});
  CHECK(moment.Breaks("I6"));
}

TEST_CASE("an effect that the status doesn't imply breaks I7") {
  Moment moment("ramp[10%]/hold");
  moment.decision.actions.push_back(SendNotification{"key", "node", "text"});
  CHECK(moment.Breaks("I7"));
  moment.decision.actions.clear();
  moment.decision.actions.push_back(ConsumeCommand{"uid", ""});
  CHECK(moment.Breaks("I7"));
}

TEST_CASE("a write with another epoch or without its version breaks I8") {
  Moment moment("ramp[10%]/hold");
  moment.before.epoch = moment.decision.status.epoch = 3;
  moment.decision.actions.push_back(
      ApplyObject{moment.story.world.plan().stable_service, Version{"u", "1"}, "an older epoch"});
  CHECK(moment.Breaks("I8"));
}

TEST_CASE("a share for one that leaves, or a node entered on what may be old, breaks I3") {
  Moment moment("ramp[10%]/hold");
  moment.Route(Number::Ratio(10, 100));
  moment.decision.status.applied.shares["c3"] = Number::Ratio(5, 100);
  CHECK(moment.Breaks("I3"));
  Moment old("ramp[10%]/hold");
  old.before.nodes.erase("checkout/ramp[10%]/hold");
  CHECK_FALSE(old.Breaks("I3"));
  old.seen.unseen = "endpoints can't be watched";
  CHECK(old.Breaks("I3"));
}

TEST_CASE("a way back that ends before the route has settled breaks I4") {
  Moment moment("ramp[10%]/hold");
  moment.before.phase = Phase::kGoingBack;
  moment.decision.status.candidate.clear();
  moment.decision.status.phase = Phase::kSettled;
  CHECK_FALSE(moment.Breaks("I4"));
  moment.decision.status.applied.settled_at.reset();
  CHECK(moment.Breaks("I4"));
}

TEST_CASE("matches that stay on the way back break I4") {
  Moment moment("ramp[10%]/hold");
  moment.decision.status.phase = Phase::kGoingBack;
  moment.decision.status.applied.shares = {{"a1", Number(1)}};
  CHECK_FALSE(moment.Breaks("I4"));
  moment.decision.status.applied.mirror = Number::Ratio(1, 10);
  CHECK(moment.Breaks("I4"));
}

TEST_CASE("an object that is there and is written without a version breaks I8") {
  Moment moment("ramp[10%]/hold");
  ApplyObject write{moment.seen.router_objects.begin()->second.object, std::nullopt, "test"};
  moment.before.epoch = moment.decision.status.epoch = EpochOf(write.object);
  moment.decision.actions.emplace_back(write);
  CHECK(moment.Breaks("I8"));
}

TEST_CASE("a state that nothing leaves breaks I9") {
  Decision decision;
  decision.status.phase = Phase::kProgressing;
  CHECK_FALSE(HasWayOut(decision));
  decision.wake_at = TimePoint{};
  CHECK(HasWayOut(decision));
}

}  // namespace sluice::decide::test
