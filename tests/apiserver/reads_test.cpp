#include <catch2/catch.hpp>

#include "tests/apiserver/api.h"

namespace sluice::apiserver {
namespace {

std::vector<std::string> Names(const Json& list) {
  std::vector<std::string> names;
  for (const Json& item : list["items"]) names.push_back(item["metadata"]["name"]);
  return names;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("what is missing is said in Kubernetes' words") {
  Api api;
  const Answered missing = api.Ask("GET", std::string(kDeployments) + "/web");
  CHECK(missing.status == 404);
  CHECK(missing.body["message"] == "deployments.apps \"web\" not found");
  CHECK(missing.body["details"] == Json{{"name", "web"}, {"group", "apps"}, {"kind", "deployments"}});
  CHECK(api.Ask("GET", "/apis/apps/v1/namespaces/shop/nothings").body["message"] ==
        "the server could not find the requested resource");
  for (const char* path : {"/api/v1", "/api/v1/namespaces/shop/pods/a/b/c", "/api/v1/pods/a",
                           "/apis/apps/v1/namespaces/shop/deployments/a/b", "/api/v1/namespaces/shop/namespaces/x",
                           "/apis", "/api/v2/pods", "/api//", "/apis/a/b/c/d/e/f/g/h"}) {
    CAPTURE(path);
    CHECK((api.Ask("GET", path).status == 404 || std::string(path) == "/apis" || std::string(path) == "/api/v1" ||
           std::string(path) == "/api//"));
  }
}

TEST_CASE("lists by namespace, label and field") {
  Api api;
  api.Ask("POST", kConfigMaps, ConfigMapOf("a", Json::object(), {{"app", "web"}}));
  api.Ask("POST", kConfigMaps, ConfigMapOf("b", Json::object(), {{"app", "db"}}));
  api.Ask("POST", "/api/v1/namespaces/other/configmaps", ConfigMapOf("c"));
  const Json all = api.Ask("GET", "/api/v1/configmaps").body;
  CHECK(all["kind"] == "ConfigMapList");
  CHECK(Names(all) == Strings{"c", "a", "b"});
  CHECK(Names(api.Ask("GET", std::string(kConfigMaps) + "?labelSelector=app+in+(web),app").body) == Strings{"a"});
  CHECK(Names(api.Ask("GET", std::string(kConfigMaps) + "?fieldSelector=metadata.name%3Db").body) == Strings{"b"});
  CHECK(api.Ask("GET", std::string(kConfigMaps) + "?labelSelector=%3D").status == 400);
  CHECK(api.Ask("GET", std::string(kConfigMaps) + "?fieldSelector=spec.x%3Db").status == 400);
}

TEST_CASE("pages are of one version, whatever is written in between") {
  Api api;
  for (const char* name : {"a", "b", "c", "d", "e"}) api.Ask("POST", kConfigMaps, ConfigMapOf(name));
  const Json first = api.Ask("GET", std::string(kConfigMaps) + "?limit=2").body;
  CHECK(Names(first) == Strings{"a", "b"});
  CHECK(first["metadata"]["remainingItemCount"] == 3);
  api.Ask("DELETE", std::string(kConfigMaps) + "/c");
  api.Ask("POST", kConfigMaps, ConfigMapOf("bb"));
  const std::string next = first["metadata"]["continue"];
  const Json second = api.Ask("GET", std::string(kConfigMaps) + "?limit=2&continue=" + next).body;
  CHECK(Names(second) == Strings{"c", "d"});
  CHECK(second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]);
  const std::string last = second["metadata"]["continue"];
  const Json third = api.Ask("GET", std::string(kConfigMaps) + "?limit=2&continue=" + last).body;
  CHECK(Names(third) == Strings{"e"});
  CHECK(!third["metadata"].contains("continue"));
  CHECK(api.Ask("GET", std::string(kConfigMaps) + "?continue=what").status == 400);
  CHECK(api.Ask("GET", std::string(kConfigMaps) + "?continue=999999/a/b").status == 410);
}

TEST_CASE("reads at versions: any, exact, too new, no number") {
  Api api;
  const Json a = api.Ask("POST", kConfigMaps, ConfigMapOf("a")).body;
  api.Ask("POST", kConfigMaps, ConfigMapOf("b"));
  const std::string version = a["metadata"]["resourceVersion"];
  const std::string at = std::string(kConfigMaps) + "?resourceVersion=" + version;
  CHECK(Names(api.Ask("GET", at).body) == Strings{"a", "b"});
  CHECK(Names(api.Ask("GET", at + "&resourceVersionMatch=Exact").body) == Strings{"a"});
  CHECK(Names(api.Ask("GET", at + "&resourceVersionMatch=NotOlderThan").body) == Strings{"a", "b"});
  CHECK(Names(api.Ask("GET", std::string(kConfigMaps) + "?resourceVersion=0").body) == Strings{"a", "b"});
  const Answered too_new = api.Ask("GET", std::string(kConfigMaps) + "?resourceVersion=9999");
  CHECK(too_new.status == 504);
  CHECK(too_new.body["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge");
  CHECK(api.Ask("GET", std::string(kConfigMaps) + "?resourceVersion=x").status == 400);
  CHECK(api.Ask("GET", std::string(kConfigMaps) + "?resourceVersionMatch=Exact").status == 422);
}

TEST_CASE("forms: tables, metadata alone, and what isn't served") {
  Api api;
  api.Ask("POST", kConfigMaps, ConfigMapOf("a", {{"k", "v"}}));
  const Json table = api.Ask("GET", kConfigMaps, nullptr,
                             {{"accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}})
                         .body;
  CHECK(table["kind"] == "Table");
  CHECK(table["rows"][0]["cells"][0] == "a");
  CHECK(table["rows"][0]["cells"][1] == 1);
  const Json metadata = api.Ask("GET", kConfigMaps, nullptr,
                                {{"accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}})
                            .body;
  CHECK(metadata["kind"] == "PartialObjectMetadataList");
  CHECK(!metadata["items"][0].contains("data"));
  CHECK(api.Ask("GET", kConfigMaps, nullptr, {{"accept", "application/vnd.kubernetes.protobuf,application/json"}})
            .body["kind"] == "ConfigMapList");
  CHECK(api.Ask("GET", kConfigMaps, nullptr, {{"accept", "application/vnd.kubernetes.protobuf"}}).status == 406);
}

TEST_CASE("Events are the same objects in both groups") {
  Api api;
  const Json event = {{"apiVersion", "events.k8s.io/v1"},
                      {"kind", "Event"},
                      {"metadata", {{"name", "web.1"}}},
                      {"type", "Normal"},
                      {"reason", "Promoted"},
                      {"note", "it is stable"},
                      {"reportingController", "sluice.dev/reconciler"},
                      {"eventTime", "2027-01-01T00:00:00.000000Z"},
                      {"regarding", {{"kind", "Rollout"}, {"name", "web"}, {"namespace", "shop"}}}};
  REQUIRE(api.Ask("POST", "/apis/events.k8s.io/v1/namespaces/shop/events", event).status == 201);
  const Json core =
      api.Ask("GET",
              "/api/v1/namespaces/shop/events?fieldSelector=involvedObject.name%3Dweb,involvedObject.kind%3DRollout")
          .body;
  REQUIRE(core["items"].size() == 1);
  CHECK(core["items"][0]["apiVersion"] == "v1");
  CHECK(core["items"][0]["message"] == "it is stable");
  CHECK(core["items"][0]["involvedObject"]["name"] == "web");
  Json own = core["items"][0];
  own["metadata"] = {{"name", "web.2"}};
  CHECK(api.Ask("POST", "/api/v1/namespaces/shop/events", own).body["message"] == "it is stable");
  CHECK(api.Ask("GET", "/apis/events.k8s.io/v1/namespaces/shop/events/web.2").body["note"] == "it is stable");
}

}  // namespace sluice::apiserver
