// A rollout is let go of: its pods and what leads to them stay, and nothing of Sluice's moves them any more.
#include <algorithm>
#include <map>
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

std::string Plan(const std::string& service, const std::string& router) {
  return "import std.routers\n" + service + RolloutThrough(router);
}

std::string ByClauses(const std::string& tag, const std::string& replicas = "4") {
  return fmt::format(R"(
service checkout {{
  namespace  "shop"
  image      "ghcr.io/acme/checkout:{}"
  replicas   {}
  port       http 8080
  probe      ready http "/readyz" every 1s
  cpu        0.25
  config     "/etc/checkout" from "flags.txt"
  disruption 1
}}
)",
                     tag, replicas);
}

constexpr const char* kGateway = "gateway(\"infra/public\")";
constexpr const char* kFlags = "fast=yes\n";

// Everything that a service is made of, without what its controllers write; empty for what is not there.
std::map<std::string, Json> Objects(const Scene& scene) {
  std::map<std::string, Json> objects;
  for (const char* kind : {"apps/v1/Deployment", "v1/Service", "v1/ConfigMap", "policy/v1/PodDisruptionBudget",
                           "autoscaling/v2/HorizontalPodAutoscaler", "gateway.networking.k8s.io/v1/HTTPRoute"}) {
    const std::string text = kind;
    const std::size_t slash = text.rfind('/');
    for (Json object : scene.embedded->PeekAll({text.substr(0, slash), text.substr(slash + 1)}, "shop")) {
      const std::string name = object["metadata"]["name"];
      if (!name.starts_with("sluice-")) objects[text.substr(slash + 1) + " " + name] = std::move(object);
    }
  }
  return objects;
}

std::set<std::string> Pods(const Scene& scene) {
  std::set<std::string> pods;
  for (const auto& pod : scene.embedded->PeekAll({"v1", "Pod"}, "shop")) {
    pods.insert(cluster::Text(pod, {"metadata", "uid"}));
  }
  return pods;
}

// The same but for our marks.
void CheckLeft(const Json& before, const Json& after) {
  for (const char* field : {"spec", "data"}) {
    CHECK(before.value(field, Json()) == after.value(field, Json()));
  }
  CHECK(before.at("metadata").at("uid") == after.at("metadata").at("uid"));
  CHECK(cluster::Find(after, {"metadata", "labels", graph::kRolloutLabel}) == nullptr);
  const Json annotations = after.at("metadata").value("annotations", Json::object());
  CHECK(std::none_of(annotations.items().begin(), annotations.items().end(),
                     [](const auto& entry) { return entry.key().starts_with("sluice.dev/"); }));
}

void Eject(Scene& scene) {
  scene.Command("checkout", "eject", {{"why", "we go on with Helm"}});
  REQUIRE(scene.RunUntil([&] { return scene.StatusOf("checkout").hold == Hold::kEjected; }, Duration(60'000)));
  scene.RunFor(Duration(20'000));
}

TEST_CASE("an ejected rollout leaves what serves as plain objects under their names") {
  const std::string router = GENERATE(std::string(kGateway), std::string("replicas()"), std::string("selector()"));
  const std::string replicas = GENERATE(std::string("4"), std::string("4 to 8 at cpu 70%"));
  INFO(router << ", " << replicas);
  Scene scene(Callers());
  const auto files = [&](const std::string& tag) {
    return std::map<std::string, std::string>{{"checkout.plan", Plan(ByClauses(tag, replicas), router)},
                                              {"flags.txt", kFlags}};
  };
  for (const char* tag : {"1", "2"}) {
    scene.repository.Commit(files(tag));
    if (scene.reconciler == nullptr) scene.Start();
    REQUIRE(scene.RunUntilAtRest());
    scene.RunFor(Duration(300'000));
  }
  const decide::Status settled = scene.StatusOf("checkout");
  REQUIRE(settled.phase == decide::Phase::kSettled);
  const auto before = Objects(scene);
  const auto pods = Pods(scene);
  const Watcher watcher(scene);
  Eject(scene);
  const auto after = Objects(scene);
  for (const auto& [name, object] : before) {
    INFO(name);
    const bool serves = !cluster::Says(object, {"metadata", "labels", graph::kRevisionLabel}, settled.promoted.back());
    CHECK(after.contains(name) == serves);
    if (after.contains(name)) CheckLeft(object, after.at(name));
  }
  CHECK(Pods(scene) == pods);

  // Nothing that git says of it is done any more, and nothing is asked.
  scene.repository.Commit(files("3"));
  scene.RunFor(Duration(60'000));
  const std::size_t requests = scene.cluster->requests();
  scene.RunFor(Duration(3'600'000));
  CHECK(scene.cluster->requests() == requests);
  CHECK(Objects(scene) == after);
  CHECK(Pods(scene) == pods);
  scene.Command("checkout", "retry");
  scene.RunFor(Duration(5'000));
  CHECK(scene.StatusOf("checkout").consumed.back().refused.find("it was ejected:") == 0);

  SECTION("out of git") {
    scene.repository.Commit({{"other.plan",
                              "object note { apiVersion: \"v1\" kind: \"ConfigMap\" metadata: { name: "
                              "\"sluice-note\" namespace: \"shop\" } }\n"}});
    REQUIRE(scene.RunUntil([&] { return scene.Object(graph::kApiVersion, graph::kRolloutKind, "checkout").is_null(); },
                           Duration(300'000)));
    scene.RunFor(Duration(60'000));
    CHECK(Objects(scene) == after);
    CHECK(Pods(scene) == pods);
    watcher.Check(/*outside=*/router == kGateway);
  }
  SECTION("begun anew, it touches nothing that it left") {
    const Json rollout = scene.Object(graph::kApiVersion, graph::kRolloutKind, "checkout");
    scene.embedded->Send(cluster::Delete{cluster::KeyOf(rollout), rollout.at("metadata").at("uid"), ""}, [](auto) {});
    scene.RunFor(Duration(300'000));
    for (const auto& [name, object] : after) {
      INFO(name);
      const Json now = Objects(scene).at(name);
      if (name != "Service checkout") CheckLeft(object, now);
    }
    watcher.Check(/*outside=*/router == kGateway);
  }
}

TEST_CASE("what was taken over is left as it was") {
  const std::string router = GENERATE(std::string(kGateway), std::string("replicas()"));
  const bool promoted = GENERATE(false, true);
  INFO(router << (promoted ? ", after a promotion" : ""));
  Scene scene(Callers());
  Put(scene, Legacy("1"));
  scene.RunFor(Duration(30'000));
  const auto original = Objects(scene);
  const auto commit = [&](const std::string& tag) {
    scene.repository.Commit({{"checkout.plan", Plan("service checkout from \"k8s/*.yaml\" workload \"web\"\n", router)},
                             {"k8s/checkout.yaml", ToYaml(Legacy(tag))}});
    if (scene.reconciler == nullptr) scene.Start();
    REQUIRE(scene.RunUntilAtRest());
    scene.RunFor(Duration(60'000));
  };
  commit("1");
  if (promoted) commit("2");
  const auto before = Objects(scene);
  const auto pods = Pods(scene);
  const Watcher watcher(scene);
  Eject(scene);
  const auto after = Objects(scene);
  CHECK(Pods(scene) == pods);
  for (const auto& [name, object] : after) {
    INFO(name);
    REQUIRE(before.contains(name));
    CHECK(cluster::Find(object, {"metadata", "labels", graph::kRolloutLabel}) == nullptr);
    if (!promoted && original.contains(name)) CHECK(original.at(name).at("spec") == object.at("spec"));
  }
  CHECK(after.contains("Deployment web"));
  const std::size_t requests = scene.cluster->requests();
  scene.RunFor(Duration(3'600'000));
  CHECK(scene.cluster->requests() == requests);
  // Nobody's write is taken back.
  const std::size_t writes = scene.cluster->writes();
  Json scaled = original.at("Deployment web");
  scaled["metadata"] = {{"name", "web"}, {"namespace", "shop"}};
  scaled["spec"] = {{"replicas", 5}};
  scaled.erase("status");
  scene.embedded->Send(cluster::Apply{scaled, "helm", true}, [](auto) {});
  scene.RunFor(Duration(3'600'000));
  CHECK(scene.cluster->writes() == writes);
  CHECK(cluster::Integer(scene.Object("apps/v1", "Deployment", "web"), {"spec", "replicas"}) == 5);
  watcher.Check(/*outside=*/router == kGateway);
}

TEST_CASE("what a later commit says of the router changes nothing of what is left") {
  Scene scene(Callers());
  scene.repository.Commit({{"checkout.plan", Plan(ByClauses("1"), kGateway)}, {"flags.txt", kFlags}});
  scene.Start();
  REQUIRE(scene.RunUntilAtRest());
  scene.RunFor(Duration(60'000));
  const auto before = Objects(scene);
  const Watcher watcher(scene);
  // The route's write is refused for a while, and meanwhile git has another router.
  scene.cluster->Inject(
      [](const cluster::Request& request) { return cluster::Describe(request).find("HTTPRoute") != std::string::npos; },
      {cluster::Fault::Kind::kFail, Error{ErrorCode::kForbidden, "no"}}, 3);
  scene.Command("checkout", "eject");
  scene.repository.Commit({{"checkout.plan", Plan(ByClauses("1"), "replicas()")}, {"flags.txt", kFlags}});
  scene.RunFor(Duration(600'000));
  CHECK(scene.StatusOf("checkout").hold == Hold::kEjected);
  const auto after = Objects(scene);
  for (const auto& [name, object] : before) {
    INFO(name);
    REQUIRE(after.contains(name));
    CheckLeft(object, after.at(name));
  }
  watcher.Check(/*outside=*/true);
}

TEST_CASE("a rollout whose route does not stand is not ejected") {
  Scene scene(Callers());
  scene.repository.Commit({{"checkout.plan", Plan(ByClauses("1"), kGateway)}, {"flags.txt", kFlags}});
  scene.Start();
  REQUIRE(scene.RunUntilAtRest());
  const Watcher watcher(scene);
  scene.cluster->Inject(
      [](const cluster::Request& request) { return cluster::Describe(request).find("Service") != std::string::npos; },
      {cluster::Fault::Kind::kFail, Error{ErrorCode::kForbidden, "no"}}, 1'000'000);
  scene.repository.Commit({{"checkout.plan", Plan(ByClauses("1"), "selector()")}, {"flags.txt", kFlags}});
  scene.RunFor(Duration(30'000));
  REQUIRE_FALSE(scene.StatusOf("checkout").applied.settled_at);
  scene.Command("checkout", "eject");
  scene.RunFor(Duration(30'000));
  CHECK(scene.StatusOf("checkout").consumed.back().refused.find("the route does not stand yet") == 0);
  CHECK(!scene.Object("gateway.networking.k8s.io/v1", "HTTPRoute", "shop").is_null());
  watcher.Check(/*outside=*/true);
}

TEST_CASE("a rollout that moves is not ejected") {
  Scene scene(Callers());
  scene.repository.Commit({{"checkout.plan", Plan(ByClauses("1"), kGateway)}, {"flags.txt", kFlags}});
  scene.Start();
  scene.RunFor(Duration(1'000));
  scene.Command("checkout", "eject");
  REQUIRE(scene.RunUntilAtRest());
  scene.repository.Commit({{"checkout.plan", Plan(ByClauses("2"), kGateway)}, {"flags.txt", kFlags}});
  REQUIRE(scene.RunUntil([&] { return !scene.StatusOf("checkout").candidate.empty(); }, Duration(60'000)));
  scene.Command("checkout", "eject");
  REQUIRE(scene.RunUntilAtRest());
  const decide::Status status = scene.StatusOf("checkout");
  CHECK(status.phase == decide::Phase::kSettled);
  REQUIRE(status.consumed.size() == 2);
  for (const decide::TakenCommand& taken : status.consumed) {
    CHECK(taken.refused == "a rollout is under way: wait for its end, or abort it first");
  }
}

}  // namespace
}  // namespace sluice::execute
