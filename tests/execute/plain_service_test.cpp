// A service without a rollout goes into one, and out of it again: callers see nothing of it.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/execute/callers.h"
#include "tests/execute/scene.h"

namespace sluice::execute {
namespace {

using decide::Phase;

std::string Service(const std::string& tag) {
  return fmt::format(R"(
import std.routers
service checkout {{
  namespace "shop"
  image     "ghcr.io/acme/checkout:{}"
  replicas  4
  port      http 8080
  probe     ready http "/readyz" every 1s
  disruption 1
}}
)",
                     tag);
}

TEST_CASE("a service by clauses goes into a rollout and out of it, and callers see nothing of it") {
  const std::string through =
      GENERATE(std::string("gateway(\"infra/public\")"), std::string("replicas()"), std::string("selector()"));
  INFO(through);
  Scene scene(Callers());
  scene.repository.Commit({{"checkout.plan", Service("1")}});
  scene.Start();
  REQUIRE(scene.RunUntilAtRest());
  scene.RunFor(Duration(10'000));
  CHECK(scene.Names("apps/v1", "Deployment") == std::vector<std::string>{"checkout"});
  const Watcher watcher(scene);
  scene.repository.Commit({{"checkout.plan", Service("1") + RolloutThrough(through, "15s")}});
  REQUIRE(scene.RunUntilAtRest());
  scene.RunFor(Duration(60'000));
  const decide::Status status = scene.StatusOf("checkout");
  CHECK(status.phase == Phase::kSettled);
  CHECK(scene.Names("apps/v1", "Deployment") == std::vector<std::string>{"checkout-" + status.stable});
  watcher.Check(/*outside=*/false);

  const Watcher out(scene);
  scene.repository.Commit({{"checkout.plan", Service("1")}});
  REQUIRE(scene.RunUntilAtRest());
  scene.RunFor(Duration(60'000));
  CHECK(scene.Names("apps/v1", "Deployment") == std::vector<std::string>{"checkout"});
  out.Check(/*outside=*/false);
}

TEST_CASE("the pods of a service without a rollout serve for as long as the rollout has none to take their place") {
  embedded::ImageBehaviour never;
  never.pattern = "*:never";
  never.ready = false;
  embedded::World world = Callers();
  world.images.insert(world.images.begin(), never);
  Scene scene(std::move(world));
  scene.repository.Commit({{"checkout.plan", Service("1")}});
  scene.Start();
  REQUIRE(scene.RunUntilAtRest());
  scene.RunFor(Duration(10'000));
  const Watcher watcher(scene);
  scene.repository.Commit({{"checkout.plan", Service("never") + RolloutThrough("replicas()", "15s")}});
  scene.RunFor(Duration(3'600'000));
  CHECK(scene.StatusOf("checkout").stable.empty());
  CHECK(cluster::Integer(scene.Object("apps/v1", "Deployment", "checkout"), {"status", "readyReplicas"}) == 4);
  CHECK(!scene.Object("policy/v1", "PodDisruptionBudget", "checkout").is_null());
  const std::size_t requests = scene.cluster->requests();
  scene.RunFor(Duration(3'600'000));
  CHECK(scene.cluster->requests() == requests);
  watcher.Check(/*outside=*/false);
  scene.repository.Commit({{"checkout.plan", Service("2") + RolloutThrough("replicas()", "15s")}});
  REQUIRE(scene.RunUntilAtRest());
  scene.RunFor(Duration(60'000));
  const std::vector<std::string> own = {"checkout-" + scene.StatusOf("checkout").stable};
  CHECK(scene.Names("apps/v1", "Deployment") == own);
  CHECK(scene.Names("policy/v1", "PodDisruptionBudget") == own);
  watcher.Check(/*outside=*/false);
}

}  // namespace
}  // namespace sluice::execute
