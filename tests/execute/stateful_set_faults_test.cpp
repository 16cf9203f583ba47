// What goes wrong with a StatefulSet that is rolled in place, and what people do to it meanwhile.
#include <algorithm>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "tests/execute/in_place.h"

namespace sluice::execute {
namespace {

using cluster::Json;
using decide::Hold;
using decide::Phase;

using Shop = InPlaceShop;

constexpr const char* kHeldAtFull = "  step full { weight 100%  hold 60s }\n";

std::string StatusText(const Shop& shop) {
  return shop.scene.Object(graph::kApiVersion, graph::kRolloutKind, "checkout").dump();
}

// How often a pod was deleted by us.
std::size_t Taken(const Shop& shop) {
  const auto& trace = shop.scene.cluster->trace();
  return static_cast<std::size_t>(std::count_if(
      trace.begin(), trace.end(), [](const std::string& request) { return request.starts_with("delete v1/Pod/"); }));
}

TEST_CASE("a candidate that was complete gives places back by way of stable alone") {
  Shop shop;
  shop.TakeOver();
  shop.Commit("2", kHeldAtFull);
  REQUIRE(shop.RunUntilNode("full/hold"));
  shop.scene.RunFor(Duration(5'000));
  REQUIRE(shop.Tags() == "2 2 2 2");
  SECTION("its share is lowered") {
    shop.Commit("2", "  step full { weight 25%  hold 30s }\n  step end { weight 100% }\n");
    REQUIRE(shop.scene.RunUntil([&] { return shop.Tags() == "1 1 1 2"; }, Duration(120'000)));
  }
  SECTION("git says more pods") {
    std::vector<Json> more = LegacyInPlace("2");
    more[0]["spec"]["replicas"] = 6;
    shop.CommitObjects(more, kHeldAtFull);
  }
  REQUIRE(shop.RunUntilAtRest());
  CHECK(shop.Tags().find('1') == std::string::npos);
  CHECK(Taken(shop) == 0);
}

TEST_CASE("a StatefulSet that is deleted in the middle is made of stable first") {
  Shop shop;
  shop.TakeOver();
  shop.Commit("2");
  REQUIRE(shop.RunUntilAtRest());
  shop.Commit("3");
  REQUIRE(shop.RunUntilNode("half/hold"));
  shop.Delete("apps/v1", "StatefulSet", "web");
  REQUIRE(shop.scene.RunUntil([&] { return shop.Tags() == "2 2 3 3"; }, Duration(60'000)));
  REQUIRE(shop.RunUntilAtRest());
  CHECK(shop.Tags() == "3 3 3 3");
  CHECK(Taken(shop) == 0);
}

TEST_CASE("a broken pod of stable keeps no other version from coming") {
  Shop shop;
  shop.TakeOver();
  const bool adopted = GENERATE(true, false);
  if (!adopted) {
    shop.Commit("2");
    REQUIRE(shop.RunUntilAtRest());
  }
  shop.Edit({{"apiVersion", "v1"},
             {"kind", "Pod"},
             {"metadata", {{"name", "web-3"}}},
             {"spec", {{"containers", Json::array({{{"name", "app"}, {"image", "ghcr.io/acme/checkout:never"}}})}}}});
  shop.scene.RunFor(Duration(20'000));
  REQUIRE(cluster::Integer(shop.Set(), {"status", "readyReplicas"}) == 3);
  shop.Commit("3");
  REQUIRE(shop.RunUntilAtRest());
  CHECK(shop.Tags() == "3 3 3 3");
  CHECK(shop.Status().history.back()->outcome == "promoted");
  CHECK(Taken(shop) == 1);
}

TEST_CASE("a pod that was made of somebody's template is replaced once ours is back") {
  Shop shop;
  shop.TakeOver();
  shop.Commit("2");
  REQUIRE(shop.RunUntilAtRest());
  shop.scene.Kill();
  shop.EditSet(
      {{"template",
        {{"spec", {{"containers", Json::array({{{"name", "app"}, {"image", "ghcr.io/acme/checkout:never"}}})}}}}}});
  shop.scene.RunFor(Duration(60'000));
  REQUIRE(shop.Tags() == "2 2 2 never");
  shop.scene.Start();
  REQUIRE(shop.scene.RunUntil([&] { return shop.Tags() == "2 2 2 2"; }, Duration(120'000)));
  CHECK(Taken(shop) == 1);
}

TEST_CASE("fields that a cluster drops or writes otherwise are not written again and again") {
  Shop shop;
  const auto files = [](const std::string& tag) {
    std::vector<Json> objects = LegacyInPlace(tag);
    Json& spec = objects[0]["spec"];
    spec["updateStrategy"] = {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxUnavailable", 1}}}};
    spec["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] = "1024Mi";
    spec["minReadySeconds"] = 1;
    return objects;
  };
  shop.CommitObjects(files("1"));
  shop.scene.Start();
  REQUIRE(shop.RunUntilAtRest());
  shop.CommitObjects(files("2"));
  shop.scene.RunFor(Duration(2'000));
  REQUIRE(shop.RunUntilAtRest());
  CHECK(shop.Tags() == "2 2 2 2");
  const std::size_t before = shop.scene.cluster->requests();
  shop.scene.RunFor(Duration(3'600'000));
  CHECK(shop.scene.cluster->requests() == before);
}

TEST_CASE("pods of another object are no candidate for a StatefulSet's") {
  Shop shop;
  shop.TakeOver();
  const auto pods = shop.Pods();
  std::vector<Json> other = LegacyInPlace("1");
  const bool renamed = GENERATE(true, false);
  if (renamed) {
    other[0]["metadata"]["name"] = "db";
  } else {
    other = Legacy("1");
  }
  shop.CommitObjects(other);
  shop.scene.RunFor(Duration(120'000));
  CHECK(shop.Pods() == pods);
  CHECK(shop.scene.Names("apps/v1", "StatefulSet") == std::vector<std::string>{"web"});
  CHECK(shop.scene.Names("apps/v1", "Deployment").empty());
  CHECK_THAT(StatusText(shop), Catch::Matchers::Contains("StatefulSet web is what this rollout runs"));
}

TEST_CASE("a rollout that leaves git, and whose service stays, leaves its StatefulSet to who applies it") {
  Shop shop;
  shop.TakeOver();
  shop.Commit("2");
  REQUIRE(shop.RunUntilAtRest());
  const auto plain = [&](const std::string& tag) {
    shop.scene.repository.Commit({{"checkout.plan", "service checkout from \"k8s/*.yaml\"\n"},
                                  {"k8s/checkout.yaml", ToYaml(LegacyInPlace(tag))}});
    shop.scene.RunFor(Duration(120'000));
  };
  plain("2");
  CHECK(shop.scene.Object(graph::kApiVersion, graph::kRolloutKind, "checkout").is_null());
  plain("3");
  CHECK(shop.Tags() == "3 3 3 3");
  SECTION("and it gets one again") {
    shop.Commit("3");
    REQUIRE(shop.RunUntilAtRest());
    const auto pods = shop.Pods();
    CHECK(shop.Status().history.back()->outcome == "adopted");
    shop.Commit("2");
    REQUIRE(shop.RunUntilNode("half/hold"));
    CHECK(shop.Tags() == "3 3 2 2");
    CHECK(shop.Pods()["web-0"] == pods.at("web-0"));
    REQUIRE(shop.RunUntilAtRest());
    CHECK(shop.Tags() == "2 2 2 2");
  }
}

}  // namespace
}  // namespace sluice::execute
