// One StatefulSet for two revisions: what is each one's, what it is to be, and which pods are taken.
#include "reconciler/decide/partition.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "compiler/graph/names.h"
#include "reconciler/decide/invariants.h"
#include "reconciler/decide/objects.h"
#include "tests/decide/plan.h"

namespace sluice::decide::test {
namespace {

using Pod = ObservedStatefulSet::Pod;

graph::Graph InPlace() {
  Plan plan(Capacity::kPods, 4);
  plan.Weight("half", 50).Weight("full", 100);
  graph::Graph graph = plan.Build("new");
  graph.policies.surge = 0;
  graph.policies.unavailable = 1;
  graph.adopts = graph::Adoption{"web", true, {}, ""};
  return graph;
}

ObservedStatefulSet Four(const Revision& revision, std::int32_t partition, const Revision& below,
                         const std::vector<Revision>& pods) {
  ObservedStatefulSet set;
  set.set.version = {"u", "7"};
  set.set.spec_replicas = 4;
  set.set.pods = 4;
  set.set.ready = 4;
  set.set.owner = "us";
  set.revision = revision;
  set.below = below;
  set.partition = partition;
  set.update_hash = "h-" + revision;
  set.current_hash = "h-" + (partition == 0 ? revision : below);
  for (std::size_t i = 0; i < pods.size(); ++i) {
    const std::string name = "web-" + std::to_string(i);
    Pod pod{name, {"uid-" + name, "5"}, static_cast<std::int32_t>(i), pods[i], "h-" + pods[i], true, false, {}, ""};
    set.pods.push_back(std::move(pod));
  }
  return set;
}

struct Scene {
  graph::Graph graph = InPlace();
  Observed seen;
  Decision decision;
  std::map<Revision, std::int32_t> target;
  TimePoint now{Duration(60'000)};

  Scene() {
    seen.uid = "us";
    seen.workloads["old"] = std::make_shared<graph::Workload>(WorkloadFor(graph, "old"));
    decision.status.stable = "old";
    decision.status.candidate = "new";
    decision.status.phase = Phase::kProgressing;
  }
  // What is written and taken: "new 4 2" (template, pods, partition), "-web-3"; in this order.
  std::vector<std::string> Plan() {
    decision.actions.clear();
    decision.wake_at.reset();
    if (seen.stateful_set) {
      seen.revisions.clear();
      for (auto& [revision, one] : RevisionsOf(*seen.stateful_set, "")) seen.revisions[revision].deployment = one;
    }
    Context context{graph, seen, now, decision, decision.status, target, {}, 0, {}, {}, {}};
    PlanPartition(context);
    TakeLeftPod(context);
    std::vector<std::string> told;
    for (const Action& action : decision.actions) {
      if (const auto* apply = std::get_if<ApplyObject>(&action)) {
        CHECK(apply->whole);
        const auto at = [&](std::initializer_list<std::string_view> path) { return apply->object.Path(path).ToText(); };
        told.push_back(at({"metadata", "labels", graph::kRevisionLabel}) + " " + at({"spec", "replicas"}) + " " +
                       at({"spec", "updateStrategy", "rollingUpdate", "partition"}));
      } else if (const auto* gone = std::get_if<DeleteObject>(&action)) {
        CHECK(gone->kind == "Pod");
        CHECK(!gone->version.uid.empty());
        told.push_back("-" + gone->name);
      }
    }
    return told;
  }
};

using Told = std::vector<std::string>;

TEST_CASE("what of a StatefulSet is each revision's") {
  ObservedStatefulSet set = Four("new", 2, "old", {"old", "older", "old", "new"});
  set.pods[3].ready = false;
  set.pods[1].deleting = true;
  std::map<Revision, ObservedDeployment> revisions = RevisionsOf(set, "");
  CHECK(revisions.size() == 3);
  CHECK(revisions["new"].spec_replicas == 2);
  CHECK(revisions["new"].pods == 1);
  CHECK(revisions["new"].ready == 0);
  CHECK(revisions["old"].spec_replicas == 2);
  CHECK(revisions["old"].ready == 2);
  // It has its place until it is gone.
  CHECK(revisions["older"].spec_replicas == 1);
  CHECK(revisions["older"].ready == 0);

  // What was there before carries no label.
  ObservedStatefulSet before = Four("new", 3, "old", {});
  before.pods = {{"web-3", {"u3", "5"}, 3, "new", "h-new", true, false, {}, ""}};
  revisions = RevisionsOf(before, "old");
  CHECK(revisions["old"].spec_replicas == 3);
  CHECK(revisions["old"].pods == 3);
  CHECK(revisions["old"].ready == 3);
  CHECK(revisions["new"].ready == 1);

  // A label says what a pod was meant to be: this one was made of the template that somebody wrote meanwhile.
  ObservedStatefulSet edited = Four("new", 2, "old", {"old", "old", "new", "new"});
  edited.pods[2].hash = "h-other";
  edited.pods[3].hash = "h-old";
  revisions = RevisionsOf(edited, "");
  CHECK(revisions["old"].pods == 3);
  // Until the new template was seen, what Kubernetes calls new is the one before.
  edited.set.generation = 2;
  CHECK(RevisionsOf(edited, "")["old"].pods == 2);
}

TEST_CASE("a StatefulSet's template, pods and partition are one write") {
  Scene scene;
  scene.seen.stateful_set = Four("old", 0, "", {"old", "old", "old", "old"});
  CHECK(scene.Plan() == Told{});
  scene.target["new"] = 2;
  CHECK(scene.Plan() == Told{"new 4 2"});
  CHECK(scene.decision.status.applied.pods == std::map<Revision, std::int32_t>{{"new", 2}, {"old", 2}});

  SECTION("not before Kubernetes would make others by stable's template") {
    scene.seen.stateful_set->current_hash = "h-older";
    CHECK(scene.Plan() == Told{});
    CHECK(scene.decision.wake_at.has_value());
    scene.target["new"] = 4;  // no pods of stable's beside them: nothing to wait for
    CHECK(scene.Plan() == Told{"new 4 0"});
  }
  SECTION("not while what is seen may be old, but for a way back") {
    scene.seen.unseen = "Pod objects can't be watched";
    CHECK(scene.Plan() == Told{});
    scene.decision.status.phase = Phase::kGoingBack;
    scene.seen.stateful_set = Four("new", 2, "old", {"old", "old", "new", "new"});
    CHECK(scene.Plan() == Told{"old 4 0"});
  }
  SECTION("from a revision without a role stable's has to come back first, where it was complete") {
    scene.seen.stateful_set = Four("other", 0, "", {"other", "other", "other", "other"});
    CHECK(scene.Plan() == Told{"old 4 0"});
    scene.seen.stateful_set->current_hash = "h-old";
    CHECK(scene.Plan() == Told{"new 4 2"});
  }
  SECTION("and so where the candidate was complete, and has to give places back") {
    scene.seen.stateful_set = Four("new", 0, "old", {"new", "new", "new", "new"});
    CHECK(scene.Plan() == Told{"old 4 0"});
    scene.target["new"] = 4;
    CHECK(scene.Plan() == Told{});
  }
  SECTION("one that somebody deleted is made as stable's first") {
    scene.seen.stateful_set.reset();
    scene.seen.revisions.clear();
    CHECK(scene.Plan() == Told{"old 4 0"});
  }
  SECTION("what somebody changed is put right") {
    scene.seen.stateful_set = Four("new", 3, "old", {"old", "old", "old", "new"});
    CHECK(scene.Plan() == Told{"new 4 2"});
    scene.seen.stateful_set = Four("new", 2, "old", {"old", "old", "new", "new"});
    CHECK(scene.Plan() == Told{});
    scene.seen.stateful_set->set.spec_replicas = 6;
    CHECK(scene.Plan() == Told{"new 4 2"});
  }
  SECTION("where nothing is stable all pods are the candidate's") {
    scene.decision.status.stable.clear();
    scene.seen.stateful_set.reset();
    scene.seen.revisions.clear();
    CHECK(scene.Plan() == Told{"new 2 0"});
  }
}

TEST_CASE("pods in another revision's place are taken only where Kubernetes wouldn't") {
  Scene scene;
  scene.target["new"] = 2;
  ObservedStatefulSet& set = scene.seen.stateful_set.emplace(Four("new", 2, "old", {"old", "old", "old", "new"}));
  CHECK(scene.Plan() == Told{});  // Kubernetes comes to web-2 by itself
  SECTION("one that isn't ready is what it waits for") {
    set.pods[2].ready = false;
    set.pods[2].unready_since = scene.now - Duration(9'000);
    set.set.ready = 3;
    CHECK(scene.Plan() == Told{});  // for a moment
    CHECK(scene.decision.wake_at == scene.now + Duration(1'000));
    set.pods[2].unready_since = {};
    CHECK(scene.Plan() == Told{"-web-2"});
    // Also where its label is the place's.
    set.pods[2].revision = "new";
    CHECK(scene.Plan() == Told{"-web-2"});
    scene.seen.unseen = "Pod objects can't be watched";
    CHECK(scene.Plan() == Told{});
    scene.seen.unseen.clear();
    set.pods[2].deleting = true;
    CHECK(scene.Plan() == Told{});
  }
  SECTION("of several the highest, then the next") {
    set = Four("new", 1, "old", {"old", "old", "old", "new"});
    scene.target["new"] = 3;
    for (const int i : {1, 2}) set.pods[i].ready = false;
    CHECK(scene.Plan() == Told{"-web-2"});
    set.pods[2].deleting = true;
    CHECK(scene.Plan() == Told{});
  }
  SECTION("nothing while the change that decides whose place it is was not seen") {
    set.pods[2].ready = false;
    set.set.generation = 2;
    set.set.observed_generation = 1;
    CHECK(scene.Plan() == Told{});
  }
  SECTION("below the partition one after the other, and only while all serve") {
    set = Four("new", 2, "old", {"other", "other", "new", "new"});
    CHECK(scene.Plan() == Told{"-web-1"});
    set.pods[1].deleting = true;
    CHECK(scene.Plan() == Told{});
    set.pods[1].deleting = false;
    set.set.ready = 3;
    CHECK(scene.Plan() == Told{});
    set.pods[0].ready = false;
    CHECK(scene.Plan() == Told{"-web-0"});
    // What Kubernetes would make of it again is left.
    set.current_hash = "h-other";
    CHECK(scene.Plan() == Told{});
  }
  SECTION("one that is right is left, ready or not") {
    set = Four("new", 2, "old", {"old", "old", "new", "new"});
    for (Pod& pod : set.pods) pod.ready = false;
    set.set.ready = 0;
    CHECK(scene.Plan() == Told{});
  }
}

TEST_CASE("each invariant of a StatefulSet's writes can fail") {
  Scene scene;
  scene.seen.complete = true;
  scene.decision.status.epoch = 1;
  scene.seen.stateful_set = Four("old", 0, "", {"old", "old", "old", "old"});
  for (const graph::Node& node : scene.graph.nodes) {
    if (!std::holds_alternative<graph::ScaleNode>(node.does)) continue;
    scene.decision.status.nodes[node.path] = {};
    break;
  }
  scene.target["new"] = 2;
  REQUIRE(scene.Plan() == Told{"new 4 2"});
  const auto breaks = [&](const std::string& which) {
    const auto broken = Violations(scene.graph, scene.decision.status, scene.seen, scene.now, scene.decision);
    return std::any_of(broken.begin(), broken.end(), [&](const std::string& text) { return text.starts_with(which); });
  };
  CHECK(!breaks("I2: the StatefulSet"));
  CHECK(!breaks("I3: new gets"));
  auto& written = std::get<ApplyObject>(scene.decision.actions.front());
  const graph::Value good = written.object;
  written.object = With(good, {"spec", "replicas"}, graph::Value(5));
  CHECK(breaks("I2: the StatefulSet gets 5 pods, 4 are wanted"));
  written.object = With(good, {"spec", "updateStrategy", "rollingUpdate", "partition"}, graph::Value(1));
  CHECK(breaks("I3: new gets 3 pods, the nodes entered ask for 2"));
  written.object = good;
  scene.decision.status.phase = Phase::kGoingBack;
  CHECK(breaks("I4: new gets pods on the way back"));
}

}  // namespace
}  // namespace sluice::decide::test
