#include <fmt/format.h>

#include "tests/fault/acts.h"
#include "tests/fault/plays.h"

namespace sluice::execute {
namespace {

using cluster::Json;
using decide::Phase;

// By pods alone: no router's objects.
std::string PodsPlan(const std::string& tag) {
  return fmt::format(R"(
service checkout {{
  namespace "shop"
  image     "ghcr.io/acme/checkout:{}"
  replicas  4
  port      http 8080
  probe     ready http "/readyz" every 1s
}}
rollout checkout {{
  deploy   checkout
  deadline 30m
  drain    5s
  step first {{ weight 25%  hold 6s }}
  step half  {{ weight 50%  hold 6s }}
  step full  {{ weight 100% }}
}}
)",
                     tag);
}

std::string JobPlan(const std::string& tag, const std::string& image) {
  std::string plan = PodsPlan(tag);
  plan.insert(plan.find("step half"), "step smoke { run job { image \"" + image + "\" } within 1m retry 1 }\n  ");
  return plan;
}

// Two pods have less to do than the autoscaler wants: it stays at its least, whenever a crash lets it look.
std::string CountedPlan(const std::string& tag) {
  std::string plan = ShopPlan(tag);
  const std::size_t at = plan.find("replicas");
  return plan.replace(at, plan.find('\n', at) - at, "replicas 2 to 8 at cpu 90%\n  cpu 0.1");
}

git::MemoryRepository::Files AdoptingFiles(const std::string& tag) {
  std::string plan = ShopPlan(tag);
  const std::size_t at = plan.find("service checkout");
  plan.replace(at, plan.find("route shop") - at, "service checkout from \"k8s/*.yaml\"\n");
  return {{"checkout.plan", plan}, {"k8s/checkout.yaml", ToYaml(Legacy(tag))}};
}

// By pods, of a StatefulSet.
git::MemoryRepository::Files InPlaceFiles(const std::string& tag) {
  std::string plan = PodsPlan(tag);
  plan.replace(0, plan.find("rollout"), "service checkout from \"k8s/*.yaml\"\n");
  return {{"checkout.plan", plan}, {"k8s/checkout.yaml", ToYaml(LegacyInPlace(tag))}};
}

bool AdoptedInPlace(const Scene& scene) {
  const Json set = scene.Object("apps/v1", "StatefulSet", "web");
  return scene.StatusOf("checkout").phase == Phase::kSettled &&
         !cluster::Text(set, {"metadata", "annotations", graph::kOwnerAnnotation}).empty();
}

std::string PlainPlan(const std::string& tag) {
  const std::string plan = ShopPlan(tag);
  return plan.substr(plan.find("service"), plan.find("route shop") - plan.find("service"));
}

bool RunsPlain(const Scene& scene) {
  return cluster::Integer(scene.Object("apps/v1", "Deployment", "checkout"), {"status", "readyReplicas"}) == 4;
}

bool RunsAlone(const Scene& scene) {
  return Installed(scene) && scene.Object("apps/v1", "Deployment", "checkout").is_null();
}

// The Deployment is the last that is let go of.
bool IsEjected(const Scene& scene) {
  const decide::Status status = scene.StatusOf("checkout");
  const Json stable = scene.Object("apps/v1", "Deployment", "checkout-" + status.stable);
  return status.hold == decide::Hold::kEjected &&
         cluster::Find(stable, {"metadata", "annotations", graph::kOwnerAnnotation}) == nullptr;
}

bool Adopted(const Scene& scene) {
  const decide::Status status = scene.StatusOf("checkout");
  const Json budget = scene.Object(graph::kBudgetApiVersion, graph::kBudgetKind, "web");
  return status.phase == Phase::kSettled && status.applied.settled_at &&
         !cluster::Text(budget, {"metadata", "annotations", graph::kOwnerAnnotation}).empty();
}

}  // namespace

std::vector<Play> PlaysOfRollouts() {
  const Act install{Commits(ShopPlan("1")), Installed};
  const Act second{Commits(ShopPlan("2", "10m")), In("first/hold")};
  return {
      {"first install", {}, {install}},
      {"good canary", {install}, {{Commits(ShopPlan("2")), SettledAfter(2)}}},
      {"gate fails", {install}, {{Commits(ShopPlan("bad", "60s")), IsHeld}}},
      {"supersede", {install}, {second, {Commits(ShopPlan("3")), SettledAfter(3)}}},
      {"by pods", {{Commits(PodsPlan("1")), Installed}}, {{Commits(PodsPlan("2")), SettledAfter(2)}}},
      {"a step's Job",
       {{Commits(JobPlan("1", "shop/smoke:1")), Installed}},
       {{Commits(JobPlan("2", "shop/smoke:1")), SettledAfter(2)}, {Commits(JobPlan("3", "shop/smoke:bad")), IsHeld}}},
      {"autoscaled", {{Commits(CountedPlan("1")), Installed}}, {{Commits(CountedPlan("2")), SettledAfter(2)}}},
      {"adopted",
       {},
       {{Commits(AdoptingFiles("1")), Adopted}, {Commits(AdoptingFiles("2")), SettledAfter(2)}},
       Legacy("1")},
      {"in place",
       {},
       {{Commits(InPlaceFiles("1")), AdoptedInPlace},
        {Commits(InPlaceFiles("2")), SettledAfter(2)},
        {Commits(InPlaceFiles("crash")), IsHeld}},
       LegacyInPlace("1"),
       true},
      {"gets a rollout", {{Commits(PlainPlan("1")), RunsPlain}}, {{Commits(ShopPlan("1")), RunsAlone}}},
      {"ejected",
       {{Commits(CountedPlan("1")), Installed}, {Commits(CountedPlan("2")), SettledAfter(2)}},
       {{Commands("eject"), IsEjected}}},
      {"removal", {install}, {second, {Commits({{"other.plan", NotePlan()}}), Gone}}},
  };
}

}  // namespace sluice::execute
