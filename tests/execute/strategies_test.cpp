// Every router of the stdlib under every strategy that fits it, end to end on the embedded cluster.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "tests/execute/scene.h"

namespace sluice::execute {
namespace {

using decide::Hold;
using decide::Phase;

struct Combination {
  std::string router;
  std::string strategy;
  bool guarded = true;  // the strategy looks at the candidate
};

std::string PlanOf(const Combination& combination, const std::string& tag) {
  return fmt::format(R"(
import std.gates
import std.routers
import std.strategies

service checkout {{
  namespace "shop"
  image     "ghcr.io/acme/checkout:{}"
  replicas  4
  port      http 8080
  probe     ready http "/readyz" every 1s
}}
route shop {{
  host "shop.example.com"
  via  routers.{}
}}
gate healthy = gates.error-rate(max: 1%, over: 10s, every: 2s)
rollout checkout {{
  deploy   checkout
  through  shop
  deadline 30m
  drain    5s
  using    strategies.{}
}}
)",
                     tag, combination.router, combination.strategy);
}

TEST_CASE("each strategy comes to its end through each router that can express it, and loses no request") {
  const std::string canary = "canary(guard: healthy, weights: [25%, 50%], pace: 15s)";
  const std::string linear = "linear(from: 25%, by: 25%, pace: 15s, guard: healthy)";
  const std::string blue_green = "blue-green(preview: 10s, guard: healthy, soak: 15s)";
  const std::string rolling = "rolling(guard: healthy, soak: 15s)";
  const auto combination = GENERATE_COPY(
      Combination{"replicas()", canary}, Combination{"replicas()", linear}, Combination{"replicas()", rolling},
      Combination{"replicas()", "all-at-once()", false}, Combination{"gateway(\"infra/public\")", canary},
      Combination{"gateway(\"infra/public\")", linear}, Combination{"gateway(\"infra/public\")", blue_green},
      Combination{"gateway(\"infra/public\")", "all-at-once()", false}, Combination{"selector()", blue_green},
      Combination{"selector()", "all-at-once()", false});
  INFO(combination.router << " " << combination.strategy);
  Scene scene(BadImages());

  scene.repository.Commit({{"checkout.plan", PlanOf(combination, "1")}});
  scene.Start();
  REQUIRE(scene.RunUntilAtRest());
  INFO(scene.reconciler->DescribeSource().dump(2));
  const std::string first = scene.StatusOf("checkout").stable;
  REQUIRE(scene.StatusOf("checkout").phase == Phase::kSettled);
  REQUIRE_FALSE(first.empty());
  const std::int64_t lost_before = scene.embedded->ledger().TotalLost();

  scene.repository.Commit({{"checkout.plan", PlanOf(combination, "2")}});
  REQUIRE(scene.RunUntilAtRest());
  const decide::Status second = scene.StatusOf("checkout");
  CHECK(second.phase == Phase::kSettled);
  REQUIRE(second.history.size() == 2);
  CHECK(second.history.back()->outcome == "promoted");
  CHECK(second.stable != first);
  CHECK(scene.embedded->ledger().TotalTo("shop/checkout@" + second.stable).requests > 0);
  scene.RunFor(Duration(60'000));
  CHECK(scene.Names("apps/v1", "Deployment") == std::vector<std::string>{"checkout-" + second.stable});
  CHECK(scene.Object("apps/v1", "Deployment", "checkout-" + second.stable)["status"]["readyReplicas"] == 4);

  if (combination.guarded) {
    scene.repository.Commit({{"checkout.plan", PlanOf(combination, "bad")}});
    REQUIRE(scene.RunUntil([&] { return scene.StatusOf("checkout").hold == Hold::kHeld; }, Duration(600'000)));
    const decide::Status bad = scene.StatusOf("checkout");
    CHECK(bad.stable == second.stable);
    CHECK(bad.history.back()->outcome == "rolled-back");
    const std::string failed = "shop/checkout@" + bad.history.back()->revision;
    scene.RunFor(Duration(5'000));  // pods that end serve on for a moment
    const std::int64_t answered = scene.embedded->ledger().TotalTo(failed).requests;
    CHECK(answered > 0);
    scene.RunFor(Duration(60'000));
    CHECK(scene.embedded->ledger().TotalTo(failed).requests == answered);
  }
  CHECK(scene.embedded->ledger().TotalLost() == lost_before);
}

TEST_CASE("a service that nobody calls goes through its steps by pods that are ready") {
  const auto plan = [](const std::string& tag) {
    return fmt::format(R"(
service worker {{
  namespace "shop"
  image     "ghcr.io/acme/worker:{}"
  replicas  4
}}
rollout worker {{
  deploy worker
  step half {{ weight 50%  hold 5s }}
  step full {{ weight 100% }}
}}
)",
                       tag);
  };
  embedded::World world = BadImages();
  world.images[0].ready = false;
  Scene scene(std::move(world));
  for (const char* tag : {"1", "2"}) {
    scene.repository.Commit({{"worker.plan", plan(tag)}});
    if (scene.reconciler == nullptr) scene.Start();
    scene.RunFor(Duration(5'000));
    REQUIRE(scene.RunUntilAtRest());
    CHECK(scene.StatusOf("worker").history.back()->outcome == "promoted");
  }
  CHECK(scene.Names("v1", "Service").empty());
  scene.repository.Commit({{"worker.plan", plan("bad")}});
  scene.RunFor(Duration(5'000));
  REQUIRE(scene.RunUntilAtRest(Duration(1'800'000)));
  CHECK(scene.StatusOf("worker").hold == Hold::kHeld);
}

}  // namespace
}  // namespace sluice::execute
