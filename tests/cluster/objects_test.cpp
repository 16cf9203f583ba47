#include <catch2/catch.hpp>

#include "tests/cluster/conformance.h"

namespace sluice::cluster {
namespace {

std::string Version(const Json& object) { return object["metadata"]["resourceVersion"]; }
std::string Uid(const Json& object) { return object["metadata"]["uid"]; }

TEST_CASE("an object that was created is there, with a uid and a version") {
  auto fixture = MakeFixture();
  auto made = Ask(*fixture, Create{ConfigMap(*fixture, "a", {{"k", "v"}}), "test"});
  REQUIRE(made.ok());
  CHECK(!Uid(*made).empty());
  CHECK(!Version(*made).empty());
  auto read = Ask(*fixture, Get{KeyOf(*made)});
  REQUIRE(read.ok());
  CHECK(*read == *made);
}

TEST_CASE("creating what exists is kExists, reading what doesn't is kNotFound") {
  auto fixture = MakeFixture();
  REQUIRE(Ask(*fixture, Create{ConfigMap(*fixture, "a"), "test"}).ok());
  auto again = Ask(*fixture, Create{ConfigMap(*fixture, "a"), "test"});
  REQUIRE(!again.ok());
  CHECK(again.error().code == ErrorCode::kExists);
  auto missing = Ask(*fixture, Get{KeyOf(ConfigMap(*fixture, "b"))});
  REQUIRE(!missing.ok());
  CHECK(missing.error().code == ErrorCode::kNotFound);
}

TEST_CASE("a name that Kubernetes refuses is kInvalid") {
  auto fixture = MakeFixture();
  auto made = Ask(*fixture, Create{ConfigMap(*fixture, "Not_A_Name"), "test"});
  REQUIRE(!made.ok());
  CHECK(made.error().code == ErrorCode::kInvalid);
}

TEST_CASE("a field of another type than its schema's is kInvalid, and nothing is stored") {
  auto fixture = MakeFixture();
  Json wanted = DeploymentOf(*fixture, "web", "shop/web:1", 0);
  wanted["spec"]["template"]["spec"]["containers"][0]["image"] = 5;
  for (const Request& request : {Request(Create{wanted, "test"}), Request(Apply{wanted, "test", true})}) {
    auto made = Ask(*fixture, request);
    REQUIRE(!made.ok());
    CHECK(made.error().code == ErrorCode::kInvalid);
  }
  CHECK(Ask(*fixture, Get{KeyOf(wanted)}).error().code == ErrorCode::kNotFound);
}

TEST_CASE("applying the same twice makes no new version") {
  auto fixture = MakeFixture();
  Json wanted = DeploymentOf(*fixture, "web", "shop/web:1", 0);
  auto first = Ask(*fixture, Apply{wanted, "test", false});
  REQUIRE(first.ok());
  // Controllers may write the status in between; the version that counts is the latest.
  fixture->Until([&] {
    auto read = Ask(*fixture, Get{KeyOf(wanted)});
    return read.ok() &&
           (!fixture->has_controllers() || read->value("/status/observedGeneration"_json_pointer, Json()) == 1);
  });
  auto before = Ask(*fixture, Get{KeyOf(wanted)});
  auto second = Ask(*fixture, Apply{wanted, "test", false});
  REQUIRE(second.ok());
  CHECK(Version(*second) == Version(*before));
}

TEST_CASE("generation moves with the spec, not with labels or status") {
  auto fixture = MakeFixture();
  Json wanted = DeploymentOf(*fixture, "web", "shop/web:1", 0);
  auto made = Ask(*fixture, Apply{wanted, "test", false});
  REQUIRE(made.ok());
  CHECK((*made)["metadata"]["generation"] == 1);
  wanted["metadata"]["labels"] = {{"team", "shop"}};
  auto labelled = Ask(*fixture, Apply{wanted, "test", false});
  REQUIRE(labelled.ok());
  CHECK((*labelled)["metadata"]["generation"] == 1);
  CHECK(Version(*labelled) != Version(*made));
  wanted["spec"]["replicas"] = 1;
  auto scaled = Ask(*fixture, Apply{wanted, "test", false});
  REQUIRE(scaled.ok());
  CHECK((*scaled)["metadata"]["generation"] == 2);
}

TEST_CASE("a Deployment's annotations move its generation, too") {
  auto fixture = MakeFixture();
  Json wanted = DeploymentOf(*fixture, "web", "shop/web:1", 0);
  REQUIRE(Ask(*fixture, Apply{wanted, "test", false}).ok());
  wanted["metadata"]["annotations"] = {{"team", "shop"}};
  const auto annotated = Ask(*fixture, Apply{wanted, "test", false});
  REQUIRE(annotated.ok());
  CHECK((*annotated)["metadata"]["generation"] == 2);
}

TEST_CASE("what a deletion asked for gives way to what the next one asks for") {
  auto fixture = MakeFixture();
  const auto made = Ask(*fixture, Create{ConfigMap(*fixture, "a"), "test"});
  REQUIRE(made.ok());
  Json held = ConfigMap(*fixture, "dependent");
  held["metadata"]["finalizers"] = {"sluice.dev/test"};
  held["metadata"]["ownerReferences"] = Json::array({{{"apiVersion", "v1"},
                                                      {"kind", "ConfigMap"},
                                                      {"name", "a"},
                                                      {"uid", Uid(*made)},
                                                      {"blockOwnerDeletion", true}}});
  REQUIRE(Ask(*fixture, Create{held, "test"}).ok());
  REQUIRE(Ask(*fixture, Delete{KeyOf(*made), Uid(*made), "", true}).ok());
  REQUIRE(Ask(*fixture, Get{KeyOf(*made)}).ok());
  REQUIRE(Ask(*fixture, Delete{KeyOf(*made), Uid(*made), ""}).ok());
  CHECK(Ask(*fixture, Get{KeyOf(*made)}).error().code == ErrorCode::kNotFound);
}

TEST_CASE("an apply carries uid and version as preconditions") {
  auto fixture = MakeFixture();
  auto made = Ask(*fixture, Apply{ConfigMap(*fixture, "a", {{"k", "1"}}), "test", false});
  REQUIRE(made.ok());
  struct Case {
    std::string what, uid, version;
    bool ok;
  };
  std::vector<Case> cases = {{"both right", Uid(*made), Version(*made), true},
                             {"old version", "", Version(*made), false},
                             {"other uid", "11111111-1111-4111-a111-111111111111", "", false},
                             {"right uid", Uid(*made), "", true}};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO(cases[i].what);
    Json wanted = ConfigMap(*fixture, "a", {{"k", std::to_string(i + 2)}});
    if (!cases[i].uid.empty()) wanted["metadata"]["uid"] = cases[i].uid;
    if (!cases[i].version.empty()) wanted["metadata"]["resourceVersion"] = cases[i].version;
    auto applied = Ask(*fixture, Apply{wanted, "test", true});
    CHECK(applied.ok() == cases[i].ok);
    if (!applied.ok()) CHECK(applied.error().code == ErrorCode::kConflict);
  }
}

TEST_CASE("an apply with a uid to an object that doesn't exist is kConflict and makes nothing") {
  auto fixture = MakeFixture();
  Json wanted = ConfigMap(*fixture, "a");
  wanted["metadata"]["uid"] = "11111111-1111-4111-a111-111111111111";
  auto applied = Ask(*fixture, Apply{wanted, "test", true});
  REQUIRE(!applied.ok());
  CHECK(applied.error().code == ErrorCode::kConflict);
  CHECK(!Ask(*fixture, Get{KeyOf(wanted)}).ok());
}

TEST_CASE("a replaced object is as it was said, whoever wrote what that leaves out") {
  auto fixture = MakeFixture();
  REQUIRE(Ask(*fixture, Apply{ConfigMap(*fixture, "a", {{"of-one", "1"}}), "one", false}).ok());
  REQUIRE(Ask(*fixture, Apply{ConfigMap(*fixture, "a", {{"of-other", "1"}}), "other", false}).ok());
  Json wanted = ConfigMap(*fixture, "a", {{"of-other", "2"}, {"new", "1"}});
  wanted["metadata"]["resourceVersion"] = Version(*Ask(*fixture, Get{KeyOf(wanted)}));
  const auto replaced = Ask(*fixture, Replace{wanted, "test"});
  REQUIRE(replaced.ok());
  CHECK((*replaced)["data"] == wanted["data"]);
  CHECK(*Ask(*fixture, Get{KeyOf(wanted)}) == *replaced);
  // What it wrote is its own now.
  const auto contested = Ask(*fixture, Apply{ConfigMap(*fixture, "a", {{"new", "2"}}), "other", false});
  REQUIRE(!contested.ok());
  CHECK(contested.error().code == ErrorCode::kConflict);
}

TEST_CASE("a replacement is of one version of one object: anything else is kConflict, none is kNotFound") {
  auto fixture = MakeFixture();
  const auto first = Ask(*fixture, Apply{ConfigMap(*fixture, "a", {{"k", "1"}}), "test", false});
  const auto second = Ask(*fixture, Apply{ConfigMap(*fixture, "a", {{"k", "2"}}), "test", false});
  REQUIRE((first.ok() && second.ok()));
  Json wanted = *first;
  wanted["data"] = {{"k", "3"}};
  auto replaced = Ask(*fixture, Replace{wanted, "test"});
  REQUIRE(!replaced.ok());
  CHECK(replaced.error().code == ErrorCode::kConflict);
  wanted["metadata"]["resourceVersion"] = Version(*second);
  wanted["metadata"]["uid"] = "11111111-1111-4111-a111-111111111111";
  replaced = Ask(*fixture, Replace{wanted, "test"});
  REQUIRE(!replaced.ok());
  CHECK(replaced.error().code == ErrorCode::kConflict);
  CHECK(*Ask(*fixture, Get{KeyOf(wanted)}) == *second);

  REQUIRE(Ask(*fixture, Delete{KeyOf(wanted), Uid(*second), ""}).ok());
  for (const bool named : {true, false}) {
    wanted["metadata"]["uid"] = Uid(*second);
    if (!named) wanted["metadata"].erase("uid");
    replaced = Ask(*fixture, Replace{wanted, "test"});
    REQUIRE(!replaced.ok());
    CHECK(replaced.error().code == ErrorCode::kNotFound);
  }
  CHECK(!Ask(*fixture, Get{KeyOf(wanted)}).ok());
}

TEST_CASE("a replacement moves the generation with the spec and never writes status") {
  auto fixture = MakeFixture();
  Json wanted = DeploymentOf(*fixture, "web", "shop/web:1", 0);
  REQUIRE(Ask(*fixture, Apply{wanted, "test", false}).ok());
  wanted["spec"]["minReadySeconds"] = 7;
  wanted["status"] = {{"replicas", 77}};
  // Controllers may write in between.
  Result<Json> replaced = Error{ErrorCode::kConflict, ""};
  while (!replaced.ok() && replaced.error().code == ErrorCode::kConflict) {
    wanted["metadata"]["resourceVersion"] = Version(*Ask(*fixture, Get{KeyOf(wanted)}));
    replaced = Ask(*fixture, Replace{wanted, "test"});
  }
  REQUIRE(replaced.ok());
  CHECK((*replaced)["spec"]["minReadySeconds"] == 7);
  CHECK((*replaced)["metadata"]["generation"] == 2);
  CHECK(replaced->value("/status/replicas"_json_pointer, Json(0)) != 77);
}

TEST_CASE("an apply never writes status, a status write never anything else") {
  auto fixture = MakeFixture();
  Json wanted = DeploymentOf(*fixture, "web", "shop/web:1", 0);
  wanted["spec"]["paused"] = true;
  wanted["status"] = {{"replicas", 77}};
  auto made = Ask(*fixture, Apply{wanted, "test", false});
  REQUIRE(made.ok());
  CHECK(made->value("/status/replicas"_json_pointer, Json(0)) != 77);
  for (int tries = 0; tries < 50; ++tries) {
    auto live = Ask(*fixture, Get{KeyOf(wanted)});
    REQUIRE(live.ok());
    Json changed = *live;
    changed["status"]["collisionCount"] = 3;
    changed["spec"]["replicas"] = 5;
    auto written = Ask(*fixture, ReplaceStatus{changed});
    if (!written.ok()) {
      REQUIRE(written.error().code == ErrorCode::kConflict);
      continue;
    }
    CHECK((*written)["status"]["collisionCount"] == 3);
    CHECK((*written)["spec"]["replicas"] == 0);
    CHECK((*written)["metadata"]["generation"] == 1);
    return;
  }
  FAIL("the status write always met a conflict");
}

TEST_CASE("a status write with an old version is kConflict") {
  auto fixture = MakeFixture();
  auto made = Ask(*fixture, Apply{DeploymentOf(*fixture, "web", "shop/web:1", 0), "test", false});
  REQUIRE(made.ok());
  Json labelled = DeploymentOf(*fixture, "web", "shop/web:1", 0);
  labelled["metadata"]["labels"] = {{"a", "b"}};
  REQUIRE(Ask(*fixture, Apply{labelled, "test", false}).ok());
  Json stale = *made;
  stale["status"]["collisionCount"] = 3;
  auto written = Ask(*fixture, ReplaceStatus{stale});
  REQUIRE(!written.ok());
  CHECK(written.error().code == ErrorCode::kConflict);
}

TEST_CASE("a selector is immutable") {
  auto fixture = MakeFixture();
  Json wanted = DeploymentOf(*fixture, "web", "shop/web:1", 0);
  REQUIRE(Ask(*fixture, Apply{wanted, "test", false}).ok());
  wanted["spec"]["selector"]["matchLabels"] = {{"tier", "front"}};
  wanted["spec"]["template"]["metadata"]["labels"] = {{"app", "web"}, {"tier", "front"}};
  auto changed = Ask(*fixture, Apply{wanted, "test", true});
  REQUIRE(!changed.ok());
  CHECK(changed.error().code == ErrorCode::kInvalid);
}

TEST_CASE("what isn't said is defaulted") {
  auto fixture = MakeFixture();
  Json wanted = DeploymentOf(*fixture, "web", "shop/web:1", 3);
  REQUIRE(Ask(*fixture, Apply{wanted, "test", false}).ok());
  wanted["spec"].erase("replicas");
  auto made = Ask(*fixture, Apply{wanted, "test", false});
  REQUIRE(made.ok());
  CHECK((*made)["spec"]["replicas"] == 1);
  CHECK((*made)["spec"]["strategy"]["type"] == "RollingUpdate");
  CHECK((*made)["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == "25%");
  auto service = Ask(*fixture, Apply{ServiceOf(*fixture, "web", {{"app", "web"}}), "test", false});
  REQUIRE(service.ok());
  CHECK((*service)["spec"]["type"] == "ClusterIP");
  CHECK(!(*service)["metadata"].contains("generation"));
}

TEST_CASE("a delete names the uid, and the version where it matters") {
  auto fixture = MakeFixture();
  auto made = Ask(*fixture, Create{ConfigMap(*fixture, "a"), "test"});
  REQUIRE(made.ok());
  ObjectKey key = KeyOf(*made);
  auto other = Ask(*fixture, Delete{key, "11111111-1111-4111-a111-111111111111", ""});
  REQUIRE(!other.ok());
  CHECK(other.error().code == ErrorCode::kConflict);
  auto old = Ask(*fixture, Delete{key, Uid(*made), "1"});
  REQUIRE(!old.ok());
  CHECK(old.error().code == ErrorCode::kConflict);
  REQUIRE(Ask(*fixture, Delete{key, Uid(*made), Version(*made)}).ok());
  auto gone = Ask(*fixture, Delete{key, Uid(*made), ""});
  REQUIRE(!gone.ok());
  CHECK(gone.error().code == ErrorCode::kNotFound);
}

TEST_CASE("an object of the same name made again has another uid") {
  auto fixture = MakeFixture();
  auto first = Ask(*fixture, Create{ConfigMap(*fixture, "a"), "test"});
  REQUIRE(first.ok());
  REQUIRE(Ask(*fixture, Delete{KeyOf(*first), Uid(*first), ""}).ok());
  auto second = Ask(*fixture, Create{ConfigMap(*fixture, "a"), "test"});
  REQUIRE(second.ok());
  CHECK(Uid(*first) != Uid(*second));
}

TEST_CASE("a finalizer holds an object until its manager takes it away") {
  auto fixture = MakeFixture();
  Json wanted = ConfigMap(*fixture, "a");
  wanted["metadata"]["finalizers"] = {"sluice.dev/test"};
  auto made = Ask(*fixture, Apply{wanted, "test", false});
  REQUIRE(made.ok());
  REQUIRE(Ask(*fixture, Delete{KeyOf(wanted), Uid(*made), ""}).ok());
  auto held = Ask(*fixture, Get{KeyOf(wanted)});
  REQUIRE(held.ok());
  CHECK((*held)["metadata"].contains("deletionTimestamp"));
  wanted["metadata"].erase("finalizers");
  wanted["metadata"]["uid"] = Uid(*made);
  REQUIRE(Ask(*fixture, Apply{wanted, "test", false}).ok());
  CHECK(fixture->Until([&] { return !Ask(*fixture, Get{KeyOf(wanted)}).ok(); }));
}

TEST_CASE("what an owner leaves behind is deleted in the background") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) {
    WARN("skipped: no garbage collector runs here");
    return;
  }
  auto owner = Ask(*fixture, Create{ConfigMap(*fixture, "owner"), "test"});
  REQUIRE(owner.ok());
  Json dependent = ConfigMap(*fixture, "dependent");
  dependent["metadata"]["ownerReferences"] =
      Json::array({{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"name", "owner"}, {"uid", Uid(*owner)}}});
  REQUIRE(Ask(*fixture, Create{dependent, "test"}).ok());
  REQUIRE(Ask(*fixture, Delete{KeyOf(*owner), Uid(*owner), ""}).ok());
  CHECK(fixture->Until([&] { return !Ask(*fixture, Get{KeyOf(dependent)}).ok(); }));
}

TEST_CASE("a list gives what carries the labels, and the version it is true at") {
  auto fixture = MakeFixture();
  for (const char* name : {"a", "b", "c"}) {
    Json object = ConfigMap(*fixture, name);
    object["metadata"]["labels"] = {{"set", std::string(name) == "c" ? "two" : "one"}};
    REQUIRE(Ask(*fixture, Create{object, "test"}).ok());
  }
  auto listed = Ask(*fixture, ListObjects{{"v1", "ConfigMap"}, fixture->namespace_(), {{"set", "one"}}});
  REQUIRE(listed.ok());
  REQUIRE((*listed)["items"].size() == 2);
  CHECK(KeyOf((*listed)["items"][0]).name == "a");
  CHECK(KeyOf((*listed)["items"][1]).name == "b");
  CHECK(!(*listed)["resourceVersion"].get<std::string>().empty());

  REQUIRE(Ask(*fixture, Create{ConfigMap(*fixture, "d"), "test"}).ok());
  listed = Ask(*fixture, ListObjects{{"v1", "ConfigMap"}, fixture->namespace_(), {{"set", std::nullopt}}});
  REQUIRE(listed.ok());
  CHECK((*listed)["items"].size() == 3);
}

TEST_CASE("slices carry their Service's labels") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  Json service = {
      {"apiVersion", "v1"},
      {"kind", "Service"},
      {"metadata", {{"name", "web"}, {"namespace", fixture->namespace_()}, {"labels", {{"example.com/team", "shop"}}}}},
      {"spec", {{"selector", {{"app", "web"}}}, {"ports", Json::array({{{"port", 80}}})}}}};
  REQUIRE(Ask(*fixture, Apply{service, "test", false}).ok());
  const ListObjects slices{
      {"discovery.k8s.io/v1", "EndpointSlice"}, fixture->namespace_(), {{"example.com/team", std::nullopt}}};
  REQUIRE(fixture->Until([&] {
    const auto listed = Ask(*fixture, slices);
    return listed.ok() && (*listed)["items"].size() == 1;
  }));
}

TEST_CASE("texts come back as they went, whatever reads the request on its way") {
  auto fixture = MakeFixture();
  const std::string odd = "a\x7f\u0085\u009f\u00a0\u2028\u2029\ufeff\ufffe\uffff\uffee\U0001F600\n\t\"\\/'#: -\x01";
  const Json plain = {{"odd", odd},           {"yes", "yes"}, {"octal", "0777"},
                      {"date", "2026-01-01"}, {"none", "~"},  {"tag", "!!int 3"}};
  for (const std::string name : {"applied", "created"}) {
    const Json wanted = ConfigMap(*fixture, name, plain);
    auto made = name == "applied" ? Ask(*fixture, Apply{wanted, "test", false}) : Ask(*fixture, Create{wanted, "test"});
    REQUIRE(made.ok());
    CHECK((*made)["data"] == plain);
  }
}

}  // namespace
}  // namespace sluice::cluster
