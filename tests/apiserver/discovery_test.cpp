#include <catch2/catch.hpp>

#include "tests/apiserver/api.h"

namespace sluice::apiserver {

TEST_CASE("discovery tells groups, versions and resources, aggregated where that is wanted") {
  Api api;
  CHECK(api.Ask("GET", "/api").body["versions"] == Json::array({"v1"}));
  const Json groups = api.Ask("GET", "/apis").body;
  CHECK(groups["kind"] == "APIGroupList");
  CHECK(groups["groups"][0]["preferredVersion"].contains("groupVersion"));
  const Json apps = api.Ask("GET", "/apis/apps/v1").body;
  CHECK(apps["groupVersion"] == "apps/v1");
  CHECK(apps.dump().find("\"deployments/scale\"") != std::string::npos);
  CHECK(api.Ask("GET", "/apis/apps").body["kind"] == "APIGroup");
  CHECK(api.Ask("GET", "/apis/nothing.dev/v1").status == 404);
  const Json aggregated =
      api.Ask("GET", "/apis", nullptr,
              {{"accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"}})
          .body;
  CHECK(aggregated["kind"] == "APIGroupDiscoveryList");
  CHECK(aggregated["items"][0]["versions"][0]["freshness"] == "Current");
}

TEST_CASE("what kubectl asks before it applies: whether the server validates") {
  Api api;
  const Json root = api.Ask("GET", "/openapi/v3").body;
  const std::string path = root["paths"]["apis/apps/v1"]["serverRelativeURL"];
  const Json document = api.Ask("GET", path).body;
  const Json patch = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
  CHECK(patch["x-kubernetes-group-version-kind"]["kind"] == "Deployment");
  CHECK(patch["parameters"].dump().find("fieldValidation") != std::string::npos);
  CHECK(api.Ask("GET", "/openapi/v2").status == 404);
}

TEST_CASE("health and version; what a page in a browser could send is refused") {
  Api api;
  CHECK(api.Ask("GET", "/version").body["minor"] == "35");
  CHECK(api.AskText("GET", "/livez", "", {}).status == 200);
  CHECK(api.AskText("GET", "/livez", "", {{"host", "localhost:8090"}, {"origin", "http://127.0.0.1:3000"}}).status ==
        200);
  CHECK(api.AskText("GET", "/livez", "", {{"host", "[::1]:8090"}}).status == 200);
  CHECK(api.AskText("GET", "/livez", "", {{"host", "rebound.example.com"}}).status == 403);
  CHECK(api.AskText("GET", "/livez", "", {{"host", "127.0.0.1.example.com"}}).status == 403);
  CHECK(api.AskText("GET", "/livez", "", {{"host", "localhost"}, {"origin", "https://example.com"}}).status == 403);
  CHECK(api.AskText("GET", "/livez", "", {{"host", "localhost"}, {"origin", "null"}}).status == 403);
}

TEST_CASE("a CustomResourceDefinition's kind is served at once, and gone with it") {
  Api api;
  const Json definition = {
      {"apiVersion", "apiextensions.k8s.io/v1"},
      {"kind", "CustomResourceDefinition"},
      {"metadata", {{"name", "things.example.com"}}},
      {"spec",
       {{"group", "example.com"},
        {"scope", "Namespaced"},
        {"names", {{"kind", "Thing"}, {"plural", "things"}}},
        {"versions",
         Json::array({{{"name", "v1"},
                       {"served", true},
                       {"storage", true},
                       {"additionalPrinterColumns",
                        Json::array({{{"name", "Size"}, {"type", "integer"}, {"jsonPath", ".spec.size"}}})}}})}}}};
  const std::string things = "/apis/example.com/v1/namespaces/shop/things";
  const Json thing = {
      {"apiVersion", "example.com/v1"}, {"kind", "Thing"}, {"metadata", {{"name", "one"}}}, {"spec", {{"size", 3}}}};
  CHECK(api.Ask("POST", things, thing).status == 404);
  const std::string definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const Answered made = api.Ask("POST", definitions, definition);
  REQUIRE(made.status == 201);
  CHECK(made.body["status"]["conditions"].dump().find("\"Established\"") != std::string::npos);
  CHECK(api.Ask("POST", things, thing).status == 201);
  const Json table = api.Ask("GET", things, nullptr, {{"accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}}).body;
  CHECK(table["rows"][0]["cells"] == Json::array({"one", 3}));
  // It has no status subresource, and no merge keys are known of it.
  CHECK(api.Ask("GET", things + "/one/status").status == 404);
  CHECK(api.Patch(things + "/one", "application/strategic-merge-patch+json", Json::object()).status == 415);
  CHECK(api.Ask("DELETE", definitions + "/things.example.com").status == 200);
  CHECK(api.Ask("GET", things).status == 404);
  Json wrong = definition;
  wrong["metadata"]["name"] = "other";
  CHECK(api.Ask("POST", definitions, wrong).status == 422);
}

}  // namespace sluice::apiserver
