// A StatefulSet that runs already is rolled place by place, in place: no pod but those of the step is touched.
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

TEST_CASE("a StatefulSet that runs is taken over as it is, and the next version takes place after place") {
  Shop shop(GENERATE(std::string("OrderedReady"), std::string("Parallel")));
  shop.Apply("1");
  const auto pods = shop.Pods();
  const Json pod_template = shop.Set()["spec"]["template"];
  shop.Commit("1");
  const Watcher watcher(shop.scene);
  const std::int64_t lost = shop.scene.embedded->ledger().TotalLost();
  shop.scene.Start();
  REQUIRE(shop.RunUntilAtRest());
  const decide::Status adopted = shop.Status();
  CHECK(adopted.history.back()->outcome == "adopted");
  CHECK(shop.Pods() == pods);
  CHECK(shop.Set()["spec"]["template"] == pod_template);
  CHECK(shop.scene.Names("apps/v1", "Deployment").empty());

  SECTION("at rest nothing is asked of the cluster, by a new process either") {
    shop.scene.RunFor(Duration(30'000));
    const std::size_t before = shop.scene.cluster->requests();
    shop.scene.RunFor(Duration(3'600'000));
    CHECK(shop.scene.cluster->requests() == before);
    shop.scene.Kill();
    shop.scene.Start(/*once=*/true);
    REQUIRE(shop.scene.RunUntil([&] { return shop.scene.outcome.has_value(); }, Duration(60'000)));
    CHECK(shop.Status().history.size() == 1);
    CHECK(shop.Pods() == pods);
  }
  SECTION("a good version: half of the places, then all") {
    shop.Commit("2");
    REQUIRE(shop.RunUntilNode("half/hold"));
    CHECK(shop.Tags() == "1 1 2 2");
    CHECK(shop.Partition() == 2);
    CHECK(shop.Pods()["web-0"] == pods.at("web-0"));
    CHECK(shop.Pods()["web-1"] == pods.at("web-1"));
    REQUIRE(shop.RunUntilAtRest());
    CHECK(shop.Tags() == "2 2 2 2");
    CHECK(shop.Status().history.back()->outcome == "promoted");
    CHECK(cluster::Integer(shop.Set(), {"spec", "replicas"}) == 4);
    SECTION("and on to the next, from a template that is ours") {
      shop.Commit("3");
      REQUIRE(shop.RunUntilNode("half/hold"));
      CHECK(shop.Tags() == "2 2 3 3");
      CHECK(cluster::Text(shop.Set(), {"metadata", "annotations", graph::kAdoptedTemplateAnnotation}).empty());
      REQUIRE(shop.RunUntilAtRest());
      CHECK(shop.Tags() == "3 3 3 3");
    }
    SECTION("and undone: back to what was there before") {
      shop.scene.Command("checkout", "undo");
      shop.scene.RunFor(Duration(5'000));
      REQUIRE(shop.RunUntilAtRest());
      CHECK(shop.Tags() == "1 1 1 1");
      CHECK(shop.Status().stable == adopted.stable);
    }
  }
  SECTION("a bad version goes back, from the places that it had") {
    shop.Commit("bad");
    REQUIRE(shop.RunUntilAtRest());
    CHECK(shop.Status().hold == Hold::kHeld);
    CHECK(shop.Tags() == "1 1 1 1");
    CHECK(shop.Pods()["web-0"] == pods.at("web-0"));
    CHECK(shop.Pods()["web-1"] == pods.at("web-1"));
    CHECK(shop.Set()["spec"]["template"] == pod_template);
    CHECK(shop.Status().stable == adopted.stable);
    CHECK(shop.scene.embedded->ledger().TotalLost() == lost);
    return;
  }
  SECTION("a version that is never ready holds one place, and gives it back") {
    shop.Commit("never", "  step half { weight 50%  hold 15s }\n  step full { weight 100% }\n");
    REQUIRE(shop.RunUntilAtRest());
    CHECK(shop.Status().hold == Hold::kHeld);
    CHECK(shop.Tags() == "1 1 1 1");
    for (const char* name : {"web-0", "web-1", "web-2"}) CHECK(shop.Pods()[name] == pods.at(name));
    shop.scene.RunFor(Duration(30'000));
    CHECK(cluster::Integer(shop.Set(), {"status", "readyReplicas"}) == 4);
  }
  SECTION("a rollout that leaves git leaves everything as it is") {
    shop.scene.repository.Commit({{"other.plan",
                                   "object flags { apiVersion: \"v1\"  kind: \"ConfigMap\"  metadata: { "
                                   "name: \"other\"  namespace: \"shop\" } }\n"}});
    REQUIRE(shop.RunUntilAtRest());
    shop.scene.RunFor(Duration(60'000));
    CHECK(shop.scene.Object(graph::kApiVersion, graph::kRolloutKind, "checkout").is_null());
    CHECK(shop.Pods() == pods);
    CHECK(shop.Set()["metadata"]["labels"] == Json{{"app", "checkout"}});
    CHECK(shop.Set()["metadata"].value("annotations", Json::object()).empty());
    CHECK(shop.Set()["spec"]["template"] == pod_template);
  }
  watcher.Check(/*outside=*/false);
}

TEST_CASE("what runs is not git's: a bad version goes back to the template that was there, of whoever it is") {
  Shop shop;
  std::vector<Json> ran = LegacyInPlace("1");
  ran[0]["spec"]["template"]["spec"]["containers"][0]["env"] = Json::array({{{"name", "OLD"}, {"value", "yes"}}});
  Put(shop.scene, ran);
  shop.scene.RunFor(Duration(60'000));
  const auto pods = shop.Pods();
  const Json pod_template = shop.Set()["spec"]["template"];
  const std::string tag = GENERATE(std::string("2"), std::string("bad"));
  shop.Commit(tag);
  const std::int64_t lost = shop.scene.embedded->ledger().TotalLost();
  shop.scene.Start();
  REQUIRE(shop.RunUntilNode("half/hold"));
  CHECK(shop.Tags() == fmt::format("1 1 {0} {0}", tag));
  // What a person applied before is gone, though git never said so.
  CHECK(shop.Set().dump().find("\"OLD\"") == shop.Set().dump().rfind("\"OLD\""));
  CHECK(!shop.Set()["spec"]["template"]["spec"]["containers"][0].contains("env"));
  REQUIRE(shop.RunUntilAtRest());
  if (tag == "bad") {
    CHECK(shop.Tags() == "1 1 1 1");
    CHECK(shop.Pods()["web-0"] == pods.at("web-0"));
    CHECK(shop.Set()["spec"]["template"] == pod_template);
    CHECK(shop.Status().hold == Hold::kHeld);
  } else {
    CHECK(shop.Tags() == "2 2 2 2");
    CHECK(shop.Set().dump().find("\"f:OLD\"") == std::string::npos);
  }
  CHECK(shop.scene.embedded->ledger().TotalLost() == lost);
}

TEST_CASE("what happens in the middle of a StatefulSet's rollout") {
  Shop shop;
  shop.TakeOver();
  const decide::Revision first = shop.Status().stable;
  const Watcher watcher(shop.scene);
  shop.Commit("2");
  REQUIRE(shop.RunUntilNode("half/hold"));

  SECTION("another version comes: it takes the places over, the others stay stable's") {
    const auto pods = shop.Pods();
    shop.Commit("3", "  step one { weight 25%  hold 15s while healthy }\n  step full { weight 100% }\n");
    REQUIRE(shop.RunUntilNode("one/hold"));
    shop.scene.RunFor(Duration(12'000));
    CHECK(shop.Tags() == "1 1 1 3");
    CHECK(shop.Pods()["web-0"] == pods.at("web-0"));
    REQUIRE(shop.RunUntilAtRest());
    CHECK(shop.Tags() == "3 3 3 3");
  }
  SECTION("the revert comes") {
    shop.Commit("1");
    REQUIRE(shop.RunUntilAtRest());
    CHECK(shop.Tags() == "1 1 1 1");
    CHECK(shop.Status().stable == first);
    CHECK(shop.Status().hold == Hold::kNone);
  }
  SECTION("a person aborts, and tries again") {
    shop.scene.Command("checkout", "abort");
    shop.scene.RunFor(Duration(2'000));
    REQUIRE(shop.RunUntilAtRest());
    CHECK(shop.Tags() == "1 1 1 1");
    shop.scene.Command("checkout", "retry");
    shop.scene.RunFor(Duration(2'000));
    REQUIRE(shop.RunUntilAtRest());
    CHECK(shop.Tags() == "2 2 2 2");
  }
  SECTION("the share of its step is lowered: a place is given back") {
    shop.Commit("2", "  step half { weight 25%  hold 40s while healthy }\n  step full { weight 100% }\n");
    REQUIRE(shop.scene.RunUntil([&] { return shop.Partition() == 3; }, Duration(10'000)));
    shop.scene.RunFor(Duration(20'000));
    CHECK(shop.Tags() == "1 1 1 2");
    REQUIRE(shop.RunUntilAtRest());
    CHECK(shop.Tags() == "2 2 2 2");
  }
  SECTION("somebody takes the partition away, or scales: it is put right") {
    for (const Json& spec :
         {Json{{"updateStrategy", {{"rollingUpdate", {{"partition", 4}}}}}}, Json{{"replicas", 5}}}) {
      shop.EditSet(spec);
      shop.scene.RunFor(Duration(2'000));
      CHECK(shop.Partition() == 2);
      CHECK(cluster::Integer(shop.Set(), {"spec", "replicas"}) == 4);
    }
    REQUIRE(shop.RunUntilAtRest());
    CHECK(shop.Tags() == "2 2 2 2");
  }
  SECTION("pods of both revisions end: each comes back as what its place is") {
    for (const char* name : {"web-0", "web-3"}) {
      shop.Delete("v1", "Pod", name);
      shop.scene.RunFor(Duration(5'000));
      CHECK(shop.Tags() == "1 1 2 2");
    }
    REQUIRE(shop.RunUntilAtRest());
    CHECK(shop.Tags() == "2 2 2 2");
  }
  SECTION("the process dies, and another one goes on") {
    shop.scene.Kill();
    shop.scene.RunFor(Duration(10'000));
    shop.scene.Start();
    REQUIRE(shop.RunUntilAtRest());
    CHECK(shop.Tags() == "2 2 2 2");
    CHECK(shop.Status().run == 2);
  }
  watcher.Check(/*outside=*/false);
}

TEST_CASE("a version that waits at its last step is complete in Kubernetes' eyes, and still goes back place by place") {
  Shop shop;
  shop.TakeOver();
  const Watcher watcher(shop.scene);
  const std::string steps = "  step full { weight 100%  hold 60s }\n";
  shop.Commit("2", steps);
  REQUIRE(shop.RunUntilNode("full/hold"));
  shop.scene.RunFor(Duration(5'000));
  CHECK(shop.Tags() == "2 2 2 2");
  SECTION("to stable") {
    shop.scene.Command("checkout", "abort");
    shop.scene.RunFor(Duration(2'000));
    REQUIRE(shop.RunUntilAtRest());
    CHECK(shop.Tags() == "1 1 1 1");
  }
  SECTION("and to another version's steps") {
    shop.Commit("3");
    REQUIRE(shop.RunUntilNode("half/hold"));
    CHECK(shop.Tags() == "1 1 3 3");
    REQUIRE(shop.RunUntilAtRest());
    CHECK(shop.Tags() == "3 3 3 3");
  }
  watcher.Check(/*outside=*/false);
}

TEST_CASE("a StatefulSet that isn't there is made, and a first version that fails is replaced by the next") {
  Shop shop;
  shop.Commit("never", "  step full { weight 100% }\n");
  shop.scene.Start();
  shop.scene.RunFor(Duration(60'000));
  CHECK(shop.Tags() == "never");
  shop.Commit("1", "  step full { weight 100% }\n");
  REQUIRE(shop.RunUntilAtRest());
  CHECK(shop.Tags() == "1 1 1 1");
  CHECK(shop.Status().history.back()->outcome == "promoted");
  CHECK(shop.Set()["spec"]["volumeClaimTemplates"].size() == 1);
}

TEST_CASE("a StatefulSet is not taken over in the middle of its own roll, or with other pods than git says") {
  Shop shop;
  shop.Apply("1");
  SECTION("its partition holds it") {
    Json edited = LegacyInPlace("2").front();
    edited["spec"]["updateStrategy"] = {{"type", "RollingUpdate"}, {"rollingUpdate", {{"partition", 2}}}};
    Put(shop.scene, {edited});
    shop.scene.RunFor(Duration(60'000));
    REQUIRE(shop.Tags() == "1 1 2 2");
  }
  SECTION("it has more pods") {
    Json edited = LegacyInPlace("1").front();
    edited["spec"]["replicas"] = 6;
    Put(shop.scene, {edited});
    shop.scene.RunFor(Duration(60'000));
  }
  const auto pods = shop.Pods();
  shop.Commit("1");
  shop.scene.Start();
  shop.scene.RunFor(Duration(60'000));
  CHECK(shop.Status().stable.empty());
  CHECK(shop.Pods() == pods);
  const std::string status = shop.scene.Object(graph::kApiVersion, graph::kRolloutKind, "checkout").dump();
  CHECK_THAT(status, Catch::Matchers::Contains("StatefulSet web is not taken over: "));
}

TEST_CASE("a StatefulSet that is ejected stays as it runs") {
  Shop shop;
  shop.TakeOver();
  const bool promoted = GENERATE(false, true);
  if (promoted) {
    shop.Commit("2");
    REQUIRE(shop.RunUntilAtRest());
  }
  const auto pods = shop.Pods();
  const Json spec = shop.Set()["spec"];
  shop.scene.Command("checkout", "eject");
  shop.scene.RunFor(Duration(10'000));
  CHECK(shop.Status().hold == Hold::kEjected);
  CHECK(shop.Pods() == pods);
  CHECK(shop.Set()["spec"] == spec);
  CHECK(shop.Set()["metadata"]["labels"] == Json{{"app", "checkout"}});
  CHECK(shop.Set()["metadata"].value("annotations", Json::object()).empty());
  const Json service = shop.scene.Object("v1", "Service", "checkout");
  CHECK(cluster::Text(service, {"metadata", "annotations", graph::kOwnerAnnotation}).empty());
  shop.scene.RunFor(Duration(3'600'000));
  CHECK(shop.Pods() == pods);
}

}  // namespace
}  // namespace sluice::execute
