#include "reconciler/kubernetes/request.h"

#include <catch2/catch.hpp>

namespace sluice::kubernetes {
namespace {

using cluster::Json;

const Resource kMaps{"/api/v1", "configmaps", true};
const Resource kNodes{"/api/v1", "nodes", false};

TEST_CASE("each request has its method, path and query") {
  const Json object = {
      {"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "a"}, {"namespace", "shop"}}}};
  const cluster::ObjectKey key = cluster::KeyOf(object);

  CHECK(Build(cluster::Get{key}, kMaps).path == "/api/v1/namespaces/shop/configmaps/a");
  CHECK(Build(cluster::ListObjects{key.kind, "", {{"sluice.dev/set", "1"}, {"x", ""}}}, kMaps, "to/ken=").path ==
        "/api/v1/configmaps?limit=500&labelSelector=sluice.dev%2Fset%3D1%2Cx%3D&continue=to%2Fken%3D");
  CHECK(Build(cluster::ListObjects{{"v1", "Node"}, "", {}}, kNodes).path == "/api/v1/nodes?limit=500");

  const ApiRequest create = Build(cluster::Create{object, "sluice sync"}, kMaps);
  CHECK(create.method == "POST");
  CHECK(create.path == "/api/v1/namespaces/shop/configmaps?fieldValidation=Strict&fieldManager=sluice%20sync");
  CHECK(create.content_type == "application/json");

  const ApiRequest apply = Build(cluster::Apply{object, "m", true}, kMaps);
  CHECK(apply.method == "PATCH");
  CHECK(apply.path == "/api/v1/namespaces/shop/configmaps/a?fieldValidation=Strict&fieldManager=m&force=true");
  CHECK(apply.content_type == "application/apply-patch+yaml");

  const ApiRequest replace = Build(cluster::Replace{object, "m"}, kMaps);
  CHECK(replace.method == "PUT");
  CHECK(replace.path == "/api/v1/namespaces/shop/configmaps/a?fieldValidation=Strict&fieldManager=m");
  CHECK(replace.content_type == "application/json");
  CHECK(cluster::ParseJson(replace.body) == object);

  CHECK(Build(cluster::ReplaceStatus{object}, kMaps).path == "/api/v1/namespaces/shop/configmaps/a/status");
  CHECK(Build(cluster::ReplaceStatus{object}, kMaps).method == "PUT");

  const ApiRequest remove = Build(cluster::Delete{key, "u1", "7"}, kMaps);
  CHECK(remove.method == "DELETE");
  CHECK(cluster::ParseJson(remove.body) == Json{{"apiVersion", "v1"},
                                                {"kind", "DeleteOptions"},
                                                {"preconditions", {{"uid", "u1"}, {"resourceVersion", "7"}}},
                                                {"propagationPolicy", "Background"}});
}

TEST_CASE("what YAML may not hold as it is is escaped, everything else stays") {
  const Json odd = {{"k", "a\x7f\u0085\u009f\u00a0\u2028\u2029\ufeff\ufffe\uffff\uffee😀\n\t\"\\/"}};
  const std::string text = YamlSafe(odd);
  CHECK(text == "{\"k\":\"a\\u007f\\u0085\\u009f\u00a0\\u2028\\u2029\\ufeff\\ufffe\\uffff\uffee😀\\n\\t\\\"\\\\/\"}");
  CHECK(cluster::ParseJson(text) == odd);
}

}  // namespace
}  // namespace sluice::kubernetes
