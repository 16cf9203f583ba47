// A workload that runs already becomes stable as it runs: no pod is restarted, no request lost.
#include <algorithm>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "tests/execute/callers.h"
#include "tests/execute/scene.h"

namespace sluice::execute {
namespace {

using cluster::Json;
using decide::Hold;
using decide::Phase;

// Of no service.
constexpr const char* kFlags = R"(apiVersion: v1
kind: ConfigMap
metadata: { name: flags, namespace: shop }
data: { fast: "yes" }
)";

std::string Plan(const std::string& through) {
  return fmt::format(R"(
import std.gates
import std.routers

service checkout from "k8s/*.yaml" workload "web"
route shop {{
  host "shop.example.com"
  path "/checkout"
  via  routers.{}
}}
gate healthy = gates.error-rate(max: 1%, over: 10s, every: 2s)
rollout checkout {{
  deploy   checkout
  through  shop
  drain    2s
  deadline 30m
  step half {{ weight 50%  hold 15s while healthy }}
  step full {{ weight 100% }}
}}
)",
                     through);
}

class Shop {
 public:
  explicit Shop(std::string through) : scene(Callers()), through_(std::move(through)) {}

  // As a person does it who has only kubectl.
  void Apply(const std::string& tag) { Put(scene, Legacy(tag)); }
  void Commit(const std::string& tag) { CommitObjects(Legacy(tag)); }
  void CommitObjects(const std::vector<Json>& objects) {
    scene.repository.Commit({{"checkout.plan", Plan(through_)}, {"k8s/checkout.yaml", ToYaml(objects) + kFlags}});
  }
  // The uids of the pods of Deployment `web`.
  std::set<std::string> Pods() const {
    std::set<std::string> pods;
    for (const auto& pod : scene.embedded->PeekAll({"v1", "Pod"}, "shop")) {
      if (cluster::Text(pod, {"metadata", "name"}).starts_with("web-")) {
        pods.insert(cluster::Text(pod, {"metadata", "uid"}));
      }
    }
    return pods;
  }
  decide::Status Status() const { return scene.StatusOf("checkout"); }
  Json Deployment() const { return scene.Object("apps/v1", "Deployment", "web"); }
  bool RunUntilAtRest() {
    const bool rests = scene.RunUntilAtRest();
    INFO(scene.reconciler->DescribeSource().dump(2));
    return rests;
  }

  Scene scene;

 private:
  std::string through_;
};

// Both who splits traffic and who counts pods.
std::string Through() { return GENERATE(std::string("gateway(\"infra/public\")"), std::string("replicas()")); }

TEST_CASE("what runs is git's: it is taken over as it is, and the next version takes its place") {
  Shop shop(Through());
  shop.Apply("1");
  shop.scene.RunFor(Duration(30'000));
  const std::set<std::string> pods = shop.Pods();
  REQUIRE(pods.size() == 4);
  shop.Commit("1");
  const Watcher watcher(shop.scene);
  shop.scene.Start();
  REQUIRE(shop.RunUntilAtRest());
  const decide::Status adopted = shop.Status();
  CHECK(adopted.phase == Phase::kSettled);
  CHECK(adopted.candidate.empty());
  REQUIRE(adopted.history.size() == 1);
  CHECK(adopted.history.back()->outcome == "adopted");
  CHECK(shop.Pods() == pods);
  CHECK(shop.scene.Names("apps/v1", "Deployment") == std::vector<std::string>{"web"});
  CHECK(cluster::Flag(shop.Deployment(), {"spec", "paused"}));
  CHECK(cluster::Says(shop.Deployment(), {"metadata", "labels", graph::kRevisionLabel}, adopted.stable));
  const Json budget = shop.scene.Object("policy/v1", "PodDisruptionBudget", "web");
  CHECK(!cluster::Text(budget, {"spec", "selector", "matchLabels", graph::kPodHashLabel}).empty());
  CHECK(!shop.scene.Object("v1", "ConfigMap", "flags").is_null());
  watcher.Check(/*outside=*/false);

  SECTION("at rest nothing is asked of the cluster, by a new process either") {
    shop.scene.RunFor(Duration(30'000));
    const std::size_t before = shop.scene.cluster->requests();
    shop.scene.RunFor(Duration(3'600'000));
    CHECK(shop.scene.cluster->requests() == before);
    shop.scene.Kill();
    shop.scene.Start();
    REQUIRE(shop.RunUntilAtRest());
    CHECK(shop.Status().history.size() == 1);
    CHECK(shop.Pods() == pods);
  }
  SECTION("a good version is promoted, and the Deployment stays without pods") {
    shop.Commit("2");
    REQUIRE(shop.RunUntilAtRest());
    shop.scene.RunFor(Duration(60'000));
    const decide::Status status = shop.Status();
    CHECK(status.phase == Phase::kSettled);
    CHECK(status.stable != adopted.stable);
    CHECK(status.history.back()->outcome == "promoted");
    CHECK(shop.scene.Names("apps/v1", "Deployment") == std::vector<std::string>{"checkout-" + status.stable, "web"});
    CHECK(shop.Pods().empty());
    CHECK(cluster::Integer(shop.Deployment(), {"spec", "replicas"}) == 0);
    CHECK(!shop.scene.Object("policy/v1", "PodDisruptionBudget", "web").is_null());
    watcher.Check(/*outside=*/false);
    SECTION("and back: its pods are made as those of any revision") {
      shop.Commit("1");
      REQUIRE(shop.RunUntilAtRest());
      shop.scene.RunFor(Duration(60'000));

      CHECK(shop.Status().stable == adopted.stable);
      CHECK(shop.scene.Names("apps/v1", "Deployment") == std::vector<std::string>{"checkout-" + adopted.stable, "web"});
      watcher.Check(/*outside=*/false);
    }
  }
  SECTION("a rollout that leaves git leaves everything as it is") {
    shop.scene.repository.Commit({{"other.plan",
                                   "object flags { apiVersion: \"v1\"  kind: \"ConfigMap\"  metadata: { "
                                   "name: \"other\"  namespace: \"shop\" } }\n"}});
    REQUIRE(shop.RunUntilAtRest());
    shop.scene.RunFor(Duration(60'000));
    CHECK(shop.scene.Object(graph::kApiVersion, graph::kRolloutKind, "checkout").is_null());
    CHECK(shop.Pods() == pods);
    CHECK(!cluster::Flag(shop.Deployment(), {"spec", "paused"}));
    CHECK(cluster::Text(shop.Deployment(), {"metadata", "labels", graph::kServiceLabel}).empty());
    CHECK(shop.scene.Object("v1", "Service", "checkout")["spec"]["selector"] == Json{{"app", "checkout"}});
    CHECK(shop.scene.Object("policy/v1", "PodDisruptionBudget", "web")["spec"]["selector"]["matchLabels"] ==
          Json{{"app", "checkout"}});
    watcher.Check(/*outside=*/false);
  }
}

TEST_CASE("what runs is not git's: it is stable under a revision of its own, and git's the candidate") {
  const std::string tag = GENERATE(std::string("2"), std::string("bad"));
  const std::string through = tag == "bad" ? std::string("gateway(\"infra/public\")") : Through();
  Shop shop(through);
  shop.Apply("1");
  shop.scene.RunFor(Duration(30'000));
  const std::set<std::string> pods = shop.Pods();
  shop.Commit(tag);
  const Watcher watcher(shop.scene);
  shop.scene.Start();
  // Looks at what stands when the candidate's first pods are asked for, and lets everything pass.
  bool asked = false;
  shop.scene.cluster->Inject(
      [&](const cluster::Request& request) {
        const auto* apply = std::get_if<cluster::Apply>(&request);
        if (asked || apply == nullptr || !cluster::Says(apply->object, {"kind"}, "Deployment") ||
            cluster::Says(apply->object, {"metadata", "name"}, "web")) {
          return false;
        }
        asked = true;
        const Json service = shop.scene.Object("v1", "Service", "checkout");
        const Json budget = shop.scene.Object("policy/v1", "PodDisruptionBudget", "web");
        const bool narrow = !cluster::Text(service, {"spec", "selector", graph::kPodHashLabel}).empty();
        CHECK(narrow == (through != "replicas()"));
        CHECK(!cluster::Text(budget, {"spec", "selector", "matchLabels", graph::kPodHashLabel}).empty());
        CHECK(cluster::Flag(shop.Deployment(), {"spec", "paused"}));
        return false;
      },
      {});
  REQUIRE(shop.RunUntilAtRest());
  shop.scene.RunFor(Duration(60'000));
  CHECK(asked);
  shop.scene.cluster->ClearFaults();
  const decide::Status status = shop.Status();
  REQUIRE(status.history.size() == 2);
  CHECK(status.history.front()->outcome == "adopted");
  CHECK(status.history.front()->image == "ghcr.io/acme/checkout:1");
  CHECK(status.history.front()->revision != status.history.back()->revision);
  if (tag == "bad") {
    CHECK(status.history.back()->outcome == "rolled-back");
    CHECK(status.hold == Hold::kHeld);
    CHECK(status.stable == status.history.front()->revision);
    CHECK(shop.Pods() == pods);
    return;
  }
  CHECK(status.history.back()->outcome == "promoted");
  CHECK(status.history.back()->from == status.history.front()->revision);
  CHECK(shop.Pods().empty());
  watcher.Check(/*outside=*/false);
}

TEST_CASE("with `once` a takeover is not the end") {
  Shop shop(Through());
  shop.Apply("1");
  shop.scene.RunFor(Duration(30'000));
  const std::string tag = GENERATE(std::string("1"), std::string("2"));
  shop.Commit(tag);
  shop.scene.Start(/*once=*/true);
  REQUIRE(shop.scene.RunUntil([&] { return shop.scene.outcome.has_value(); }, Duration(300'000)));
  CHECK(*shop.scene.outcome == ReconcileOutcome::kSettled);
  CHECK(shop.Status().history.back()->outcome == (tag == "1" ? "adopted" : "promoted"));
  CHECK(shop.Status().history.back()->image == "ghcr.io/acme/checkout:" + tag);
  CHECK(cluster::Flag(shop.Deployment(), {"spec", "paused"}) == (tag == "1"));
}

TEST_CASE("a Deployment whose own roll is under way is not taken over before it is over") {
  Shop shop(Through());
  shop.Apply("1");
  shop.scene.RunFor(Duration(30'000));
  shop.Apply("never");
  shop.scene.RunFor(Duration(1'500));
  shop.Commit("1");
  shop.scene.Start();
  shop.scene.RunFor(Duration(1'200));
  const Json waiting = shop.scene.reconciler->executor().Explain({"shop", "checkout"});
  INFO(waiting.dump(2));
  CHECK(waiting.dump().find("own roll is not over") != std::string::npos);
  CHECK(shop.Status().stable.empty());
  CHECK(!cluster::Flag(shop.Deployment(), {"spec", "paused"}));
  REQUIRE(shop.scene.RunUntil([&] { return !shop.Status().stable.empty(); }, Duration(60'000)));
  CHECK(shop.Status().history.front()->image == "ghcr.io/acme/checkout:never");
}

TEST_CASE("what would take pods or requests from those that run is told before") {
  Shop shop(Through());
  std::vector<Json> objects = Legacy("1");
  std::string why;
  SECTION("more pods than git says") {
    objects[0]["spec"]["replicas"] = 6;
    why = "it has 6 pods, git says 4";
  }
  SECTION("another selector") {
    objects[1]["spec"]["selector"] = {{"app", "checkout"}, {"tier", "web"}};
    objects[0]["spec"]["template"]["metadata"]["labels"]["tier"] = "web";
    why = "another selector";
  }
  SECTION("other ports") {
    objects[1]["spec"]["ports"][0]["targetPort"] = 9090;
    why = "other ports";
  }
  Put(shop.scene, objects);
  shop.scene.RunFor(Duration(30'000));
  const std::set<std::string> pods = shop.Pods();
  shop.Commit("1");
  shop.scene.Start();
  shop.scene.RunFor(Duration(20'000));
  CHECK(shop.scene.reconciler->executor().Explain({"shop", "checkout"}).dump().find(why) != std::string::npos);
  CHECK(shop.Status().stable.empty());
  CHECK(shop.Pods() == pods);
  shop.Apply("1");
  REQUIRE(shop.RunUntilAtRest());
  CHECK(shop.Status().history.back()->outcome == "adopted");
}

TEST_CASE("a Deployment that is changed before it carries our marks is looked at anew") {
  Shop shop("replicas()");
  shop.Apply("1");
  shop.scene.RunFor(Duration(30'000));
  shop.Commit("1");
  // The first write of a Deployment finds another version.
  bool changed = false;
  shop.scene.Start();
  shop.scene.cluster->Inject(
      [&](const cluster::Request& request) {
        const auto* apply = std::get_if<cluster::Apply>(&request);
        const bool first = apply != nullptr && !changed && cluster::Says(apply->object, {"kind"}, "Deployment");
        if (first) {
          changed = true;
          shop.Apply("other");
        }
        return first;
      },
      cluster::Fault{.error = {ErrorCode::kConflict, "it moved on"}}, 1);
  REQUIRE(shop.scene.RunUntil([&] { return changed; }, Duration(60'000)));
  REQUIRE(shop.scene.RunUntil([&] { return shop.Status().history.size() == 3; }, Duration(120'000)));
  REQUIRE(shop.RunUntilAtRest());
  shop.scene.RunFor(Duration(60'000));
  const decide::Status status = shop.Status();
  CHECK(status.history.back()->outcome == "promoted");
  CHECK(status.history.back()->image == "ghcr.io/acme/checkout:1");
  CHECK(shop.Pods().empty());
}

TEST_CASE("other ports and labels of a later commit hold for its own pods") {
  Shop shop("gateway(\"infra/public\")");
  shop.Apply("1");
  shop.scene.RunFor(Duration(30'000));
  shop.Commit("1");
  shop.scene.Start();
  REQUIRE(shop.RunUntilAtRest());
  const Watcher watcher(shop.scene);
  std::vector<Json> objects = Legacy("2");
  objects[0]["spec"]["template"]["metadata"]["labels"]["tier"] = "web";
  objects[1]["spec"]["selector"]["tier"] = "web";
  shop.CommitObjects(objects);
  REQUIRE(shop.RunUntilAtRest());
  shop.scene.RunFor(Duration(60'000));
  CHECK(shop.Status().history.back()->outcome == "promoted");
  CHECK(cluster::Says(shop.scene.Object("v1", "Service", "checkout"), {"spec", "selector", "tier"}, "web"));
  watcher.Check(/*outside=*/false);
}

TEST_CASE("a service that the plan set applied goes into a rollout with its pods") {
  Shop shop(Through());
  const std::string alone = "service checkout from \"k8s/*.yaml\" workload \"web\"\n";
  shop.scene.repository.Commit({{"checkout.plan", alone}, {"k8s/checkout.yaml", ToYaml(Legacy("1"))}});
  shop.scene.Start();
  REQUIRE(shop.RunUntilAtRest());
  shop.scene.RunFor(Duration(30'000));
  const std::set<std::string> pods = shop.Pods();
  REQUIRE(pods.size() == 4);
  const Watcher watcher(shop.scene);
  shop.Commit("1");
  REQUIRE(shop.RunUntilAtRest());
  shop.scene.RunFor(Duration(120'000));
  CHECK(shop.Status().history.back()->outcome == "adopted");
  CHECK(shop.Pods() == pods);
  CHECK(!shop.scene.Object("policy/v1", "PodDisruptionBudget", "web").is_null());
  watcher.Check(/*outside=*/false);
}

TEST_CASE("where nothing runs yet, the service is installed") {
  Shop shop(Through());
  shop.Commit("1");
  shop.scene.Start();
  REQUIRE(shop.RunUntilAtRest());
  CHECK(shop.Status().history.front()->outcome == "promoted");
  CHECK(shop.scene.Names("apps/v1", "Deployment") == std::vector<std::string>{"checkout-" + shop.Status().stable});
}

TEST_CASE("the process dies at each moment of a takeover") {
  const std::string through = Through();
  const auto after = GENERATE(range(1, 14));
  Shop shop(through);
  shop.Apply("1");
  shop.scene.RunFor(Duration(30'000));
  const std::set<std::string> pods = shop.Pods();
  shop.Commit("1");
  const Watcher watcher(shop.scene);
  shop.scene.Start();
  // After so many requests, of which some are still unanswered.
  const std::size_t begin = shop.scene.cluster->requests();
  shop.scene.RunUntil([&] { return shop.scene.cluster->requests() >= begin + static_cast<std::size_t>(after) * 4; },
                      Duration(20'000));
  shop.scene.Kill();
  shop.scene.RunFor(Duration(5'000));
  shop.scene.Start();
  REQUIRE(shop.RunUntilAtRest());
  CHECK(shop.Status().history.size() == 1);
  CHECK(shop.Status().history.back()->outcome == "adopted");
  CHECK(shop.Pods() == pods);
  CHECK(cluster::Flag(shop.Deployment(), {"spec", "paused"}));
  watcher.Check(/*outside=*/false);
}

}  // namespace
}  // namespace sluice::execute
