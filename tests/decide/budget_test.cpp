// Disruption budgets of revisions.
#include <catch2/catch.hpp>

#include "compiler/graph/names.h"
#include "reconciler/decide/invariants.h"
#include "tests/decide/story.h"

namespace sluice::decide::test {
namespace {

using Pods = std::map<Revision, std::int64_t>;

graph::Graph WithBudget(const std::string& revision, std::int64_t pods) {
  Plan plan(Capacity::kFull);
  plan.Weight("half", 50).Hold("half", minutes(1)).Weight("full", 100);
  graph::Graph graph = plan.Build(revision);
  graph.policies.fast_track = 0;
  if (pods == 0) return graph;
  using graph::Map;
  using graph::Value;
  Map labels;
  labels.Set(graph::kRevisionLabel, revision);
  Map metadata;
  metadata.Set("name", "checkout-" + revision);
  metadata.Set("labels", Value(labels));
  Map spec;
  spec.Set("maxUnavailable", Value(pods));
  Map budget;
  budget.Set("kind", graph::kBudgetKind);
  budget.Set("metadata", Value(metadata));
  budget.Set("spec", Value(spec));
  graph.workload.disruption_budget = Value(budget);
  return graph;
}

// Pods that may go at once, by revision; 0: there is no budget.
Pods Budgets(const Story& story) {
  Pods budgets;
  const Observed observed = story.world.Observe();
  for (const auto& [revision, seen] : observed.revisions) {
    budgets[revision] = 0;
    if (!seen.disruption_budget) continue;
    const graph::Value pods = seen.disruption_budget->object.Path({"spec", "maxUnavailable"});
    if (pods.as_quantity() != nullptr) budgets[revision] = pods.as_quantity()->number.Floor();
  }
  return budgets;
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
    story.world.DeleteBudget("b2");
    story.Decide();
    CHECK(Budgets(story) == Pods{{"b2", 2}});
  }
  SECTION("it is written after what moves requests: a refusal holds up none of that") {
    story.world.Commit(WithBudget("c3", 1));
    REQUIRE(story.RunUntilEntered("half/hold"));
    story.world.DeleteBudget("c3");
    story.Command("abort");
    const Decision decision = Decide(story.world.plan(), story.status, story.world.Observe(), story.world.now());
    std::vector<std::string> kinds;
    for (const Action& action : decision.actions) {
      if (const auto* apply = std::get_if<ApplyObject>(&action)) kinds.push_back(apply->object.Field("kind").ToText());
    }
    CHECK(kinds == std::vector<std::string>{"HTTPRoute", graph::kBudgetKind});
  }
  SECTION("the rollout is removed") {
    story.world.removed = true;
    story.Run(hours(1));
    CHECK(Budgets(story) == Pods());
  }
  CheckKept(story);
}

}  // namespace sluice::decide::test
