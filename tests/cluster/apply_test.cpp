// Server-side apply between managers (KEP-555).
#include <catch2/catch.hpp>

#include "tests/cluster/conformance.h"

namespace sluice::cluster {
namespace {

TEST_CASE("a manager's conflict with another names field and manager, and changes nothing") {
  auto fixture = MakeFixture();
  REQUIRE(Ask(*fixture, Apply{ConfigMap(*fixture, "a", {{"k", "1"}}), "left", false}).ok());
  auto refused = Ask(*fixture, Apply{ConfigMap(*fixture, "a", {{"k", "2"}}), "right", false});
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == ErrorCode::kConflict);
  CHECK(refused.error().message.find("left") != std::string::npos);
  CHECK(refused.error().message.find(".data.k") != std::string::npos);
  auto read = Ask(*fixture, Get{KeyOf(ConfigMap(*fixture, "a"))});
  REQUIRE(read.ok());
  CHECK((*read)["data"]["k"] == "1");
}

TEST_CASE("an apply with a version that no object has creates, or is refused") {
  auto fixture = MakeFixture();
  Json made = ConfigMap(*fixture, "a", {{"k", "1"}});
  made["metadata"]["resourceVersion"] = kOnlyCreate;
  auto created = Ask(*fixture, Apply{made, "test", true});
  REQUIRE(created.ok());
  CHECK((*created)["metadata"]["resourceVersion"] != kOnlyCreate);
  for (const char* value : {"1", "2"}) {
    made["data"]["k"] = value;
    auto refused = Ask(*fixture, Apply{made, "test", true});
    REQUIRE(!refused.ok());
    CHECK(refused.error().code == ErrorCode::kConflict);
  }
  auto read = Ask(*fixture, Get{KeyOf(made)});
  REQUIRE(read.ok());
  CHECK(*read == *created);
}

TEST_CASE("force takes a field, and its former manager no longer removes it") {
  auto fixture = MakeFixture();
  REQUIRE(Ask(*fixture, Apply{ConfigMap(*fixture, "a", {{"k", "1"}, {"l", "1"}}), "left", false}).ok());
  REQUIRE(Ask(*fixture, Apply{ConfigMap(*fixture, "a", {{"k", "2"}}), "right", true}).ok());
  auto left = Ask(*fixture, Apply{ConfigMap(*fixture, "a"), "left", false});
  REQUIRE(left.ok());
  CHECK((*left)["data"] == Json{{"k", "2"}});
}

TEST_CASE("whoever narrows another's disruption budget says its selector and nothing else") {
  auto fixture = MakeFixture();
  const auto budget = [&](const Json& spec) {
    return Json{{"apiVersion", "policy/v1"},
                {"kind", "PodDisruptionBudget"},
                {"metadata", {{"name", "a"}, {"namespace", fixture->namespace_()}}},
                {"spec", spec}};
  };
  const Json wide = {{"minAvailable", 3}, {"selector", {{"matchLabels", {{"app", "a"}}}}}};
  REQUIRE(Ask(*fixture, Apply{budget(wide), "left", false}).ok());
  const auto both = Ask(*fixture, Apply{budget({{"maxUnavailable", 1}}), "right", true});
  REQUIRE(!both.ok());
  CHECK(both.error().code == ErrorCode::kInvalid);
  CHECK(both.error().message.find("minAvailable and maxUnavailable cannot be both set") != std::string::npos);
  const Json narrow = {{"selector", {{"matchLabels", {{"hash", "1"}}}}}};
  const auto narrowed = Ask(*fixture, Apply{budget(narrow), "right", true});
  REQUIRE(narrowed.ok());
  CHECK((*narrowed)["spec"]["minAvailable"] == 3);
  CHECK((*narrowed)["spec"]["selector"]["matchLabels"] == Json{{"hash", "1"}});
}

TEST_CASE("a field of two managers goes when both let go of it") {
  auto fixture = MakeFixture();
  Json both = ConfigMap(*fixture, "a", {{"k", "1"}});
  REQUIRE(Ask(*fixture, Apply{both, "left", false}).ok());
  REQUIRE(Ask(*fixture, Apply{both, "right", false}).ok());
  auto one = Ask(*fixture, Apply{ConfigMap(*fixture, "a"), "left", false});
  REQUIRE(one.ok());
  CHECK((*one)["data"]["k"] == "1");
  auto none = Ask(*fixture, Apply{ConfigMap(*fixture, "a"), "right", false});
  REQUIRE(none.ok());
  CHECK(!none->value("data", Json::object()).contains("k"));
}

TEST_CASE("what was created belongs to its creator as an update, apart from the same name's apply") {
  auto fixture = MakeFixture();
  REQUIRE(Ask(*fixture, Create{ConfigMap(*fixture, "a", {{"k", "1"}}), "test"}).ok());
  auto refused = Ask(*fixture, Apply{ConfigMap(*fixture, "a", {{"k", "2"}}), "test", false});
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == ErrorCode::kConflict);
  CHECK(Ask(*fixture, Apply{ConfigMap(*fixture, "a", {{"k", "2"}}), "test", true}).ok());
}

TEST_CASE("what a creation left to the server is the creator's, what an apply left to it is nobody's") {
  for (const bool created : {true, false}) {
    auto fixture = MakeFixture();
    Json wanted = DeploymentOf(*fixture, "web", "shop/web:1", 0);
    wanted["spec"].erase("replicas");
    wanted["spec"]["paused"] = true;
    REQUIRE((created ? Ask(*fixture, Create{wanted, "left"}) : Ask(*fixture, Apply{wanted, "left", false})).ok());
    wanted["spec"]["replicas"] = 0;
    CHECK(Ask(*fixture, Apply{wanted, "right", false}).ok() == !created);
  }
}

TEST_CASE("a member of which its manager names nothing any more goes with what the server filled in") {
  auto fixture = MakeFixture();
  Json wanted = {{"apiVersion", "autoscaling/v2"},
                 {"kind", "HorizontalPodAutoscaler"},
                 {"metadata", {{"name", "web"}, {"namespace", fixture->namespace_()}}},
                 {"spec",
                  {{"maxReplicas", 3},
                   {"scaleTargetRef", {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", "web"}}},
                   {"behavior", {{"scaleDown", {{"stabilizationWindowSeconds", 60}}}}}}}};
  const auto with = Ask(*fixture, Apply{wanted, "test", false});
  REQUIRE(with.ok());
  CHECK((*with)["spec"]["behavior"].contains("scaleUp"));
  wanted["spec"].erase("behavior");
  const auto without = Ask(*fixture, Apply{wanted, "test", false});
  REQUIRE(without.ok());
  CHECK(!(*without)["spec"].contains("behavior"));
}

TEST_CASE("containers merge by name, their environment too") {
  auto fixture = MakeFixture();
  Json wanted = DeploymentOf(*fixture, "web", "shop/web:1", 0);
  REQUIRE(Ask(*fixture, Apply{wanted, "left", false}).ok());
  Json sidecar = DeploymentOf(*fixture, "web", "shop/web:1", 0);
  Json& spec = sidecar["spec"]["template"]["spec"];
  Json env = Json::array({{{"name", "B"}, {"value", "2"}}});
  spec["containers"] = Json::array({{{"name", "main"}, {"env", env}}, {{"name", "proxy"}, {"image", "mesh:1"}}});
  auto merged = Ask(*fixture, Apply{sidecar, "right", false});
  REQUIRE(merged.ok());
  const Json& containers = (*merged)["spec"]["template"]["spec"]["containers"];
  REQUIRE(containers.size() == 2);
  CHECK(containers[0]["name"] == "main");
  CHECK(containers[0]["image"] == "shop/web:1");
  CHECK(containers[0]["env"] == env);
  CHECK(containers[1]["image"] == "mesh:1");
  // The right manager's container and variable go with it, the left's stay.
  Json bare = sidecar;
  bare["spec"]["template"]["spec"].erase("containers");
  auto left = Ask(*fixture, Apply{bare, "right", false});
  REQUIRE(left.ok());
  const Json& rest = (*left)["spec"]["template"]["spec"]["containers"];
  REQUIRE(rest.size() == 1);
  CHECK(rest[0]["image"] == "shop/web:1");
  CHECK(!rest[0].contains("env"));
}

TEST_CASE("a selector is one value: it is replaced, never merged") {
  auto fixture = MakeFixture();
  REQUIRE(Ask(*fixture, Apply{ServiceOf(*fixture, "web", {{"app", "web"}, {"rev", "a"}}), "test", false}).ok());
  auto moved = Ask(*fixture, Apply{ServiceOf(*fixture, "web", {{"rev", "b"}}), "test", false});
  REQUIRE(moved.ok());
  CHECK((*moved)["spec"]["selector"] == Json{{"rev", "b"}});
  auto other = Ask(*fixture, Apply{ServiceOf(*fixture, "web", {{"rev", "c"}}), "other", false});
  REQUIRE(!other.ok());
  CHECK(other.error().code == ErrorCode::kConflict);
}

}  // namespace
}  // namespace sluice::cluster
