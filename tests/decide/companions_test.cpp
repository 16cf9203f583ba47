// What comes and goes with a revision: its ConfigMaps, its disruption budget.
#include <algorithm>

#include <catch2/catch.hpp>

#include "compiler/graph/names.h"
#include "reconciler/decide/invariants.h"
#include "reconciler/decide/objects.h"
#include "tests/decide/story.h"

namespace sluice::decide::test {
namespace {

using Pods = std::map<Revision, std::int64_t>;

using graph::Map;
using graph::Value;

Value Companion(const std::string& api_version, const std::string& kind, const std::string& revision,
                const std::string& name) {
  Map labels;
  labels.Set(graph::kRevisionLabel, revision);
  Map metadata;
  metadata.Set("name", name);
  metadata.Set("labels", Value(labels));
  Map object;
  object.Set("apiVersion", api_version);
  object.Set("kind", kind);
  object.Set("metadata", Value(metadata));
  return Value(object);
}

// With a ConfigMap; `pods` may go at once, 0: no matter how many.
graph::Graph WithBudget(const std::string& revision, std::int64_t pods) {
  Plan plan(Capacity::kFull);
  plan.Weight("half", 50).Hold("half", minutes(1)).Weight("full", 100);
  graph::Graph graph = plan.Build(revision);
  graph.policies.fast_track = 0;
  std::vector<Value>& companions = graph.workload.companions;
  companions.push_back(With(Companion("v1", graph::kConfigMapKind, revision, "checkout-" + revision + "-config"),
                            {"data", "a"}, Value("b")));
  if (pods != 0) {
    companions.push_back(With(Companion(graph::kBudgetApiVersion, graph::kBudgetKind, revision, "checkout-" + revision),
                              {"spec", "maxUnavailable"}, Value(pods)));
  }
  return graph;
}

// Pods that may go at once, by revision; 0: there is no budget.
Pods Budgets(const Story& story) {
  Pods budgets;
  const Observed observed = story.world.Observe();
  for (const auto& [revision, seen] : observed.revisions) {
    budgets[revision] = 0;
    for (const auto& [name, companion] : seen.companions) {
      const Value pods = companion.object.Path({"spec", "maxUnavailable"});
      if (name.kind == graph::kBudgetKind && pods.as_quantity() != nullptr) {
        budgets[revision] = pods.as_quantity()->number.Floor();
      }
    }
  }
  return budgets;
}

std::vector<Revision> WithConfig(const Story& story) {
  std::vector<Revision> revisions;
  const Observed observed = story.world.Observe();
  for (const auto& [revision, seen] : observed.revisions) {
    if (std::any_of(seen.companions.begin(), seen.companions.end(),
                    [](const auto& entry) { return entry.first.kind == graph::kConfigMapKind; })) {
      revisions.push_back(revision);
    }
  }
  return revisions;
}

std::vector<Revision> WithDeployment(const Story& story) {
  std::vector<Revision> revisions;
  const Observed observed = story.world.Observe();
  for (const auto& [revision, seen] : observed.revisions) {
    if (seen.deployment) revisions.push_back(revision);
  }
  return revisions;
}

}  // namespace

TEST_CASE("each revision has a disruption budget of its own, for as long as it is there and its plan names one") {
  Story story = Story::Installed(WithBudget("a1", 1), WithBudget("b2", 2));
  CHECK(Budgets(story) == Pods{{"a1", 1}});
  REQUIRE(story.RunUntilEntered("half/hold"));
  CHECK(Budgets(story) == Pods{{"a1", 1}, {"b2", 2}});
  CHECK(story.RunToRest());
  story.Run(hours(1));
  CHECK(Budgets(story) == Pods{{"b2", 2}});
  SECTION("another number") {
    story.world.Commit(WithBudget("b2", 3));
    story.Run(minutes(1));
    CHECK(Budgets(story) == Pods{{"b2", 3}});
  }
  SECTION("none any more") {
    story.world.Commit(WithBudget("b2", 0));
    story.Run(minutes(1));
    CHECK(Budgets(story) == Pods{{"b2", 0}});
  }
  SECTION("somebody takes it away") {
    story.world.DeleteCompanions("b2");
    story.Decide();
    CHECK(Budgets(story) == Pods{{"b2", 2}});
  }
  SECTION("it is written after what moves requests: a refusal holds up none of that") {
    story.world.Commit(WithBudget("c3", 1));
    REQUIRE(story.RunUntilEntered("half/hold"));
    story.world.DeleteCompanions("c3");
    story.Command("abort");
    const Decision decision = Decide(story.world.plan(), story.status, story.world.Observe(), story.world.now());
    std::vector<std::string> kinds;
    for (const Action& action : decision.actions) {
      if (const auto* apply = std::get_if<ApplyObject>(&action)) kinds.push_back(apply->object.Field("kind").ToText());
    }
    CHECK(kinds == std::vector<std::string>{"HTTPRoute", graph::kConfigMapKind, graph::kBudgetKind});
  }
  SECTION("the rollout is removed") {
    story.world.removed = true;
    story.Run(hours(1));
    CHECK(Budgets(story) == Pods());
  }
  CheckKept(story);
}

TEST_CASE("the ConfigMaps of a revision are there before its pods and until they are gone") {
  Story story = Story::Installed(WithBudget("a1", 0), WithBudget("b2", 0));
  CHECK(WithConfig(story) == std::vector<Revision>{"a1"});
  REQUIRE(story.RunUntilEntered("half/hold"));
  CHECK(WithConfig(story) == std::vector<Revision>{"a1", "b2"});
  SECTION("a rollback finds its own") {
    story.Command("abort");
    CHECK(story.RunToRest());
    CHECK(story.status.stable == "a1");
    CHECK(WithConfig(story) == WithDeployment(story));
  }
  SECTION("somebody takes them away") {
    story.world.DeleteCompanions("a1");
    story.Decide();
    CHECK(WithConfig(story) == std::vector<Revision>{"a1", "b2"});
  }
  SECTION("so that they come back with an undo") {
    CHECK(story.RunToRest());
    story.Run(hours(1));
    CHECK(WithConfig(story) == std::vector<Revision>{"b2"});
    story.Command("undo");
    CHECK(story.RunToRest());
    CHECK(story.status.stable == "a1");
    CHECK(WithConfig(story) == WithDeployment(story));
  }
  CheckKept(story);
}

}  // namespace sluice::decide::test
