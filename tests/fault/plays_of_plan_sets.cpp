#include <algorithm>

#include <fmt/format.h>

#include "tests/fault/acts.h"
#include "tests/fault/plays.h"

namespace sluice::execute {
namespace {

using Files = git::MemoryRepository::Files;

std::string ConfigMap(const std::string& name, const std::string& value, bool immutable = false) {
  return fmt::format(
      "object {0} {{ apiVersion: \"v1\" kind: \"ConfigMap\" metadata: {{ name: \"{0}\" namespace: \"shop\" }} "
      "{2}data: {{ a: \"{1}\" }} }}\n",
      name, value, immutable ? "immutable: true " : "");
}

// The commit is applied as a whole, or what keeps it from that stands.
bool AllApplied(const Scene& scene) {
  const sync::SourceState& state = scene.reconciler->syncer().state();
  return state.applied_commit == scene.repository.head() && scene.reconciler->syncer().at_rest() &&
         scene.reconciler->executor().at_rest();
}
bool IsRefused(const Scene& scene) {
  const auto& trouble = scene.reconciler->syncer().state().trouble;
  return std::any_of(trouble.begin(), trouble.end(),
                     [](const std::string& each) { return each.find("immutable") != std::string::npos; });
}
bool IsRewritten(const Scene& scene) { return scene.reconciler->syncer().state().problem == "rewritten"; }

Act Applies(Files files) { return {Commits(std::move(files)), AllApplied}; }

Play Definitions() {
  const std::string ticket = R"(
object tickets {
  apiVersion: "apiextensions.k8s.io/v1"
  kind: "CustomResourceDefinition"
  metadata: { name: "tickets.example.com" }
  spec: { group: "example.com" scope: "Namespaced" names: { plural: "tickets" kind: "Ticket" }
          versions: [{ name: "v1" served: true storage: true schema: { openAPIV3Schema: { type: "object" } } }] }
}
object first { apiVersion: "example.com/v1" kind: "Ticket" metadata: { name: "first" namespace: "desk" } spec: { a: "1" } }
object desk { apiVersion: "v1" kind: "Namespace" metadata: { name: "desk" } }
)";
  return {"a definition and its object",
          {Applies({{"a.plan", ConfigMap("one", "1")}})},
          {Applies({{"a.plan", ConfigMap("one", "1")}, {"tickets.plan", ticket}})}};
}

Play ForcedBack() {
  const Act second{Commits(ShopPlan("2", "20s")), In("first/hold")};
  const auto remembered = std::make_shared<std::string>();
  const Deed back = [remembered](Scene& scene) {
    *remembered = scene.repository.head();
    scene.repository.Rewrite({{"checkout.plan", ShopPlan("1")}});
  };
  const Deed forth = [remembered](Scene& scene) {
    scene.repository.Reset(*remembered);
    scene.repository.Commit({{"checkout.plan", ShopPlan("3")}});
  };
  return {
      "forced back", {{Commits(ShopPlan("1")), Installed}}, {second, {back, IsRewritten}, {forth, SettledAfter(3)}}};
}

Play Orphaned() {
  std::string plan = ShopPlan("1");
  plan.insert(plan.find("  drain"), "  on removal orphan\n");
  return {"removal that leaves objects",
          {{Commits(plan), Installed}},
          {{Commits(Files{{"other.plan", NotePlan()}}), Gone}}};
}

// Somebody deletes what git still wants.
Play DeletedByHand() {
  const Deed erase = [](Scene& scene) {
    const cluster::Json rollout = scene.Object(graph::kApiVersion, graph::kRolloutKind, "checkout");
    scene.embedded->Send(cluster::Delete{cluster::KeyOf(rollout), cluster::Text(rollout, {"metadata", "uid"}), ""},
                         [](const Result<cluster::SharedJson>&) {});
    scene.RunFor(Duration(1'000));
  };
  return {"a rollout that somebody deletes", {{Commits(ShopPlan("1")), Installed}}, {{erase, Installed}}};
}

}  // namespace

std::string NotePlan() { return ConfigMap("note", "b"); }

std::vector<Play> PlaysOfPlanSets() {
  const std::string one = ConfigMap("one", "1"), two = ConfigMap("two", "2");
  return {
      {"an object is renamed",
       {Applies({{"a.plan", one + two}})},
       {Applies({{"a.plan", one + ConfigMap("three", "2")}})}},
      {"an object is removed", {Applies({{"a.plan", one + two}})}, {Applies({{"a.plan", one}})}},
      {"an object is moved",
       {Applies({{"a.plan", one + two}, {"checkout.plan", ShopPlan("1")}})},
       {Applies({{"a.plan", one}, {"checkout.plan", ShopPlan("1") + two}})}},
      Definitions(),
      {"an immutable field",
       {Applies({{"a.plan", ConfigMap("one", "1", true) + two}})},
       {{Commits(Files{{"a.plan", ConfigMap("one", "2", true) + two}}), IsRefused},
        Applies({{"a.plan", ConfigMap("other", "2", true) + two}})}},
      ForcedBack(),
      Orphaned(),
      DeletedByHand(),
  };
}

}  // namespace sluice::execute
