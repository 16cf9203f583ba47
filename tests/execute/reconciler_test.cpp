#include "reconciler/execute/reconciler.h"

#include <catch2/catch.hpp>

#include "compiler/graph/names.h"
#include "tests/execute/scene.h"

namespace sluice::execute {
namespace {

using decide::Hold;
using decide::Phase;

embedded::World Shop() {
  embedded::World world;
  embedded::ImageBehaviour bad;
  bad.pattern = "*:bad";
  bad.errors = {{Duration(0), 300'000}};
  world.images = {bad, {}};
  embedded::Load load;
  load.host = "shop.example.com";
  load.path = "/checkout";
  load.per_second = 100;
  world.loads = {load};
  return world;
}

TEST_CASE("a first commit is installed, and nothing more is asked of the cluster") {
  Scene scene(Shop());
  scene.repository.Commit({{"checkout.plan", ShopPlan("1")}});
  scene.Start();
  REQUIRE(scene.RunUntilAtRest());
  INFO(scene.reconciler->DescribeSource().dump(2));
  const decide::Status status = scene.StatusOf("checkout");
  CHECK(status.phase == Phase::kSettled);
  CHECK(status.hold == Hold::kNone);
  CHECK(scene.Names("apps/v1", "Deployment") == std::vector<std::string>{"checkout-" + status.stable});
  scene.RunFor(Duration(30'000));
  const std::size_t before = scene.cluster->requests();
  scene.RunFor(Duration(3'600'000));
  CHECK(scene.cluster->requests() == before);
}

}  // namespace
}  // namespace sluice::execute
