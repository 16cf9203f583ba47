#include "cli/outputs.h"

#include <map>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "compiler/compile.h"
#include "compiler/graph/codec.h"
#include "compiler/source/file_tree.h"

namespace sluice::cli {
namespace {

using Files = std::map<std::string, std::string>;

constexpr const char* kPlan = R"(import std.routers

service web {
  namespace "shop"
  image     "ghcr.io/acme/web:1.0"
  replicas  4
  port      http 8080
  probe     ready http "/readyz"
  env       {
    ZONE: "a"
    LEVEL: "info"
  }
}
route web { host "web.example.com"  via routers.gateway("public") }
rollout web {
  deploy web
  through web
  step half { weight 50%  hold 5m }
  step full { weight 100% }
}
object settings {
  apiVersion: "v1"
  kind: "ConfigMap"
  metadata: { name: "settings"  namespace: "shop" }
  data: {
    "a/b": "1"
  }
}
)";

TEST_CASE("each field of an object is found where it was written") {
  const auto compilation = Compile(source::MemoryTree(Files{{"web.plan", kPlan}}));
  REQUIRE(compilation->ok());
  const nlohmann::json map = nlohmann::json::parse(MakeOutputs(*compilation).at("sourcemap.json"));
  const auto of = [&](const std::string& kind, const std::string& pointer) {
    for (const auto& [file, fields] : map["objects"].items()) {
      if (file.find(kind) != std::string::npos) return fields.value(pointer, "");
    }
    return std::string();
  };
  const std::string container = "/spec/template/spec/containers/0";
  CHECK(of("_deployment_", "") == "web.plan:3:9");
  CHECK(of("_deployment_", "/metadata/namespace") == "web.plan:4:13");
  CHECK(of("_deployment_", "/spec/replicas") == "web.plan:6:13");
  CHECK(of("_deployment_", container + "/image") == "web.plan:5:13");
  CHECK(of("_deployment_", container + "/readinessProbe").rfind("web.plan:8:", 0) == 0);
  CHECK(of("_deployment_", container + "/env/0").rfind("web.plan:11:", 0) == 0);  // LEVEL: they are sorted
  CHECK(of("_deployment_", container + "/env/1").rfind("web.plan:10:", 0) == 0);
  CHECK(of("_service_", "/spec/ports/0").rfind("web.plan:7:", 0) == 0);
  CHECK(of("_httproute", "") == "web.plan:14:7");
  CHECK(of("_httproute", "/spec/hostnames").rfind("std/routers/gateway.plan:", 0) == 0);
  CHECK(of("_configmap_", "/data/a~1b") == "web.plan:26:5");
  CHECK(map["nodes"]["web/half/hold"] == "web.plan:18:27");
}

TEST_CASE("every place that is listed names a field that the object has") {
  const auto compilation = Compile(source::MemoryTree(Files{{"web.plan", kPlan}}));
  for (const manifest::Manifest& manifest : compilation->manifests) {
    const nlohmann::json object = nlohmann::json::parse(graph::EncodeValue(manifest.object));
    CHECK_FALSE(manifest.fields.empty());
    for (const check::FieldSpan& field : manifest.fields) {
      INFO(manifest.kind << " " << field.pointer);
      CHECK(object.contains(nlohmann::json::json_pointer(field.pointer)));
    }
  }
}

TEST_CASE("graphs and source map are indented as JSON commonly is, whatever their texts hold") {
  std::string plan = kPlan;
  plan.replace(plan.find(R"("info")"), 6, R"("{\"a\": [1, \"\\\\\"], \\")");
  plan.replace(plan.find(R"("a/b")"), 5, R"("a\"b: {},")");
  const auto compilation = Compile(source::MemoryTree(Files{{"web.plan", plan}}));
  REQUIRE(compilation->ok());
  const Outputs outputs = MakeOutputs(*compilation);
  for (const char* file : {"graph.json", "sourcemap.json"}) {
    INFO(file);
    CHECK(nlohmann::ordered_json::parse(outputs.at(file)).dump(2) + "\n" == outputs.at(file));
  }
}

}  // namespace
}  // namespace sluice::cli
