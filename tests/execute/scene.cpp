#include "tests/execute/scene.h"

#include <cstdlib>
#include <iostream>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "compiler/base/check.h"
#include "compiler/graph/names.h"
#include "reconciler/execute/rollout_command.h"
#include "reconciler/execute/status_codec.h"

namespace sluice::execute {
namespace {

simulate::SystemOptions OptionsOf(embedded::World world, std::uint64_t seed, embedded::Lags lags,
                                  Duration traffic_rest) {
  // SLUICE_TEST_LOG=1 shows the story of a failing test.
  if (std::getenv("SLUICE_TEST_LOG") == nullptr) spdlog::set_level(spdlog::level::off);
  simulate::SystemOptions options;
  options.cluster.seed = seed;
  options.cluster.world = std::move(world);
  options.cluster.lags = lags;
  options.cluster.traffic_rest = traffic_rest;
  options.compile = sync::MakeCompiler();
  return options;
}

}  // namespace

Scene::Scene(embedded::World world, std::uint64_t seed, embedded::Lags lags, Between between, Duration traffic_rest)
    : System(OptionsOf(std::move(world), seed, lags, traffic_rest), std::move(between)) {}

Scene::~Scene() {
  for (const std::string& each : broken) std::cerr << "a promise of the core was broken: " << each << "\n";
  SLUICE_CHECK(broken.empty());
}

decide::Status Scene::StatusOf(const std::string& rollout) const {
  const cluster::Json object = Object(graph::kApiVersion, graph::kRolloutKind, rollout);
  if (object.is_null() || !object.contains("status")) return {};
  return DecodeStatus(object.at("status")).value().status;
}

cluster::Json Scene::Object(const std::string& api_version, const std::string& kind, const std::string& name) const {
  return embedded->Peek({{api_version, kind}, "shop", name});
}

std::vector<std::string> Scene::Names(const std::string& api_version, const std::string& kind) const {
  std::vector<std::string> names;
  for (const auto& object : embedded->PeekAll({api_version, kind}, "shop")) {
    names.push_back(object.at("metadata").at("name"));
  }
  return names;
}

std::string Scene::Command(const std::string& rollout, const std::string& verb, cluster::Json more) {
  const cluster::Json target = Object(graph::kApiVersion, graph::kRolloutKind, rollout);
  more["verb"] = verb;
  more["who"] = "ann";
  more["groups"] = {"release"};
  const std::string name = fmt::format("{}-{}", rollout, ++commands_);
  embedded->Send(cluster::Create{RolloutCommand(target, name, std::move(more)), "test"},
                 [](const Result<cluster::SharedJson>&) {});
  return name;
}

embedded::World BadImages() {
  embedded::ImageBehaviour bad;
  bad.pattern = "*:bad";
  bad.errors = {{Duration(0), 300'000}};
  embedded::World world;
  world.images = {bad, {}};
  return world;
}

std::string ShopPlan(const std::string& tag, const std::string& hold, const std::string& more) {
  return fmt::format(R"(
import std.gates
import std.routers

service checkout {{
  namespace "shop"
  image     "ghcr.io/acme/checkout:{}"
  replicas  4
  port      http 8080
  probe     ready http "/readyz" every 1s
}}
route shop {{
  host "shop.example.com"
  path "/checkout"
  via  routers.gateway("infra/public")
}}
gate healthy = gates.error-rate(max: 1%, over: 10s, every: 2s)
rollout checkout {{
  deploy   checkout
  through  shop
  deadline 30m
  drain    2s
  step first {{ weight 10%  hold {} while healthy }}
  step half {{ weight 50%  hold 6s }}
  step full {{ weight 100% }}
}}
{}
)",
                     tag, hold, more);
}

std::vector<cluster::Json> Legacy(const std::string& tag) {
  using cluster::Json;
  Json deployment = cluster::ParseJson(R"({"apiVersion": "apps/v1", "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "checkout"}},
    "spec": {"replicas": 4, "selector": {"matchLabels": {"app": "checkout"}},
      "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
      "template": {"metadata": {"labels": {"app": "checkout"}},
        "spec": {"containers": [{"name": "app",
          "ports": [{"name": "http", "containerPort": 8080}],
          "resources": {"requests": {"cpu": 0.1, "memory": "1024Mi"}},
          "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}}}]}}}})");
  deployment["spec"]["template"]["spec"]["containers"][0]["image"] = "ghcr.io/acme/checkout:" + tag;
  return {std::move(deployment), cluster::ParseJson(R"({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "checkout", "namespace": "shop"},
            "spec": {"selector": {"app": "checkout"},
              "ports": [{"name": "http", "port": 8080, "targetPort": "http"}]}})"),
          cluster::ParseJson(R"({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "checkout"}}}})")};
}

std::vector<cluster::Json> LegacyInPlace(const std::string& tag, const std::string& management) {
  using cluster::Json;
  const std::vector<Json> like = Legacy(tag);
  Json set = like[0];
  set["kind"] = "StatefulSet";
  set["spec"].erase("strategy");
  set["spec"]["serviceName"] = "peers";
  set["spec"]["podManagementPolicy"] = management;
  set["spec"]["volumeClaimTemplates"] = cluster::ParseJson(R"([{"metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}])");
  return {std::move(set), like[1], cluster::ParseJson(R"({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "peers", "namespace": "shop"},
            "spec": {"clusterIP": "None", "selector": {"app": "checkout"}}})")};
}

std::string ToYaml(const std::vector<cluster::Json>& objects) {
  std::string text;
  for (const cluster::Json& object : objects) text += object.dump(2) + "\n---\n";
  return text;
}

void Put(Scene& scene, const std::vector<cluster::Json>& objects) {
  for (const cluster::Json& object : objects) {
    scene.embedded->Send(cluster::Apply{object, "kubectl", true},
                         [](const Result<cluster::SharedJson>& answer) { SLUICE_CHECK(answer.ok()); });
  }
}

}  // namespace sluice::execute
