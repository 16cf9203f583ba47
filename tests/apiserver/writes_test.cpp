#include <catch2/catch.hpp>

#include "tests/apiserver/api.h"

namespace sluice::apiserver {
namespace {

using std::chrono::seconds;

const std::string kMaps = kConfigMaps;
const std::string kWeb = std::string(kDeployments) + "/web";

constexpr const char* kApply = "application/apply-patch+yaml";
constexpr const char* kMerge = "application/merge-patch+json";
constexpr const char* kStrategic = "application/strategic-merge-patch+json";
constexpr const char* kJsonPatch = "application/json-patch+json";

// Who owns the field, by the managers' names.
std::vector<std::string> OwnersOf(const Json& object, const std::string& field) {
  std::vector<std::string> owners;
  for (const Json& entry : object["metadata"]["managedFields"]) {
    if (entry["fieldsV1"].dump().find(field) != std::string::npos) owners.push_back(entry["manager"]);
  }
  return owners;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("creating: 201, twice 409, a name of the server's") {
  Api api;
  CHECK(api.Ask("POST", kMaps, ConfigMapOf("a")).status == 201);
  const Answered again = api.Ask("POST", kMaps, ConfigMapOf("a"));
  CHECK(again.status == 409);
  CHECK(again.body["reason"] == "AlreadyExists");
  CHECK(again.body["message"] == "configmaps \"a\" already exists");
  Json generated = ConfigMapOf("");
  generated["metadata"] = {{"generateName", "x-"}};
  const std::string first = api.Ask("POST", kMaps, generated).body["metadata"]["name"];
  const std::string second = api.Ask("POST", kMaps, generated).body["metadata"]["name"];
  CHECK(first.size() == 7);
  CHECK(first != second);
}

TEST_CASE("a body that isn't what the path says is refused, and so is what is no body") {
  Api api;
  Json elsewhere = ConfigMapOf("a");
  elsewhere["metadata"]["namespace"] = "other";
  CHECK(api.Ask("POST", kMaps, elsewhere).status == 400);
  CHECK(api.Ask("POST", kMaps, DeploymentOf("a", 1)).status == 400);
  CHECK(api.Ask("POST", kMaps, {{"metadata", {{"name", "a"}}}}).status == 400);
  CHECK(api.AskText("POST", kMaps, "{\"kind\":", {}).status == 400);
  CHECK(api.AskText("POST", kMaps, "", {}).status == 400);
  CHECK(api.AskText("POST", kMaps, std::string(5'000, '['), {}).status == 400);
  CHECK(api.AskText("POST", kMaps, "[]", {}).status == 400);
  CHECK(api.AskText("POST", kMaps, "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":7}", {}).status == 400);
  CHECK(api.AskText("POST", kMaps, ConfigMapOf("a").dump(), {{"content-type", "text/plain"}}).status == 415);
  CHECK(api.Ask("POST", kMaps, ConfigMapOf("Not_A_Name")).body["details"]["causes"][0]["field"] == "metadata.name");
  CHECK(api.Ask("PUT", kMaps, ConfigMapOf("a")).status == 405);
  CHECK(api.Ask("POST", "/api/v1/configmaps", ConfigMapOf("a")).status == 405);
  CHECK(api.Ask("OPTIONS", kMaps).status == 405);
  CHECK(api.Ask("POST", kMaps + "?dryRun=Some", ConfigMapOf("a")).status == 400);
}

TEST_CASE("a namespace that isn't there is said, one that ends takes nothing new") {
  embedded::Options options;
  options.create_namespaces = false;
  Api api(options);
  const Answered refused = api.Ask("POST", kMaps, ConfigMapOf("a"));
  CHECK(refused.status == 404);
  CHECK(refused.body["message"] == "namespaces \"shop\" not found");
  api.Ask("POST", "/api/v1/namespaces",
          {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "shop"}}}});
  Json held = ConfigMapOf("held");
  held["metadata"]["finalizers"] = Json::array({"example.com/wait"});
  REQUIRE(api.Ask("POST", kMaps, held).status == 201);
  CHECK(api.Ask("DELETE", "/api/v1/namespaces/shop").body["status"]["phase"] == "Terminating");
  const Answered ending = api.Ask("POST", kMaps, ConfigMapOf("a"));
  CHECK(ending.status == 403);
  CHECK(ending.body["details"]["causes"][0]["reason"] == "NamespaceTerminating");
}

TEST_CASE("replacing: as a whole, at a version, by a manager") {
  Api api;
  const Json made = api.Ask("POST", kMaps + "?fieldManager=one", ConfigMapOf("a", {{"x", "1"}, {"y", "1"}})).body;
  Json next = made;
  next["data"] = {{"x", "2"}, {"z", "1"}};
  const Answered put = api.Ask("PUT", kMaps + "/a?fieldManager=two", next);
  REQUIRE(put.status == 200);
  CHECK(put.body["data"] == Json{{"x", "2"}, {"z", "1"}});
  CHECK(OwnersOf(put.body, "f:x") == Strings{"two"});
  CHECK(OwnersOf(put.body, "f:y").empty());
  CHECK(OwnersOf(put.body, "f:z") == Strings{"two"});
  const Answered stale = api.Ask("PUT", kMaps + "/a", next);
  CHECK(stale.status == 409);
  CHECK(stale.body["reason"] == "Conflict");
  CHECK(stale.body["message"] ==
        "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to "
        "the latest version and try again");
  // Without a version it is meant for the newest; what is the same makes no new one.
  Json same = put.body;
  same["metadata"].erase("resourceVersion");
  CHECK(api.Ask("PUT", kMaps + "/a?fieldManager=three", same).body == put.body);
  CHECK(api.Ask("PUT", kMaps + "/b", ConfigMapOf("b")).status == 404);
  CHECK(api.Ask("PUT", kMaps + "/a", ConfigMapOf("b")).status == 400);
}

TEST_CASE("server-side apply: created, conflicts with their causes, force, no manager") {
  Api api;
  const Answered made = api.Patch(kWeb + "?fieldManager=one", kApply, DeploymentOf("web", 2));
  CHECK(made.status == 201);
  CHECK(api.Patch(kWeb + "?fieldManager=one", kApply, DeploymentOf("web", 2)).status == 200);
  Json other = {
      {"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"metadata", {{"name", "web"}}}, {"spec", {{"replicas", 3}}}};
  const Answered conflict = api.Patch(kWeb + "?fieldManager=two", kApply, other);
  CHECK(conflict.status == 409);
  CHECK(conflict.body["message"] ==
        "Apply failed with 1 conflict: conflict with \"one\" using apps/v1: .spec.replicas");
  CHECK(conflict.body["details"]["causes"] == Json::array({{{"reason", "FieldManagerConflict"},
                                                            {"message", "conflict with \"one\" using apps/v1"},
                                                            {"field", ".spec.replicas"}}}));
  const Answered forced = api.Patch(kWeb + "?fieldManager=two&force=true", kApply, other);
  CHECK(forced.status == 200);
  CHECK(OwnersOf(forced.body, "f:replicas") == Strings{"two"});
  CHECK(api.Patch(kWeb, kApply, other).status == 422);
  other["metadata"]["resourceVersion"] = "1";
  CHECK(api.Patch(kWeb + "?fieldManager=two", kApply, other).body["message"] ==
        "Operation cannot be fulfilled on deployments.apps \"web\": the object has been modified; please apply your "
        "changes to the latest version and try again");
}

TEST_CASE("an apply in YAML") {
  Api api;
  const std::string yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: \"1\"\n";
  const Answered made = api.AskText("PATCH", kMaps + "/a?fieldManager=one", yaml, {{"content-type", kApply}});
  CHECK(made.status == 201);
  CHECK(made.body["data"]["k"] == "1");
  CHECK(api.AskText("PATCH", kMaps + "/a?fieldManager=one", "a: [", {{"content-type", kApply}}).status == 400);
}

TEST_CASE("who updates a field takes it from who applied it") {
  Api api;
  api.Patch(kWeb + "?fieldManager=applier", kApply, DeploymentOf("web", 2));
  const Answered scaled = api.Patch(kWeb + "?fieldManager=scaler", kMerge, {{"spec", {{"replicas", 5}}}});
  CHECK(scaled.body["metadata"]["generation"] == 2);
  CHECK(OwnersOf(scaled.body, "f:replicas") == Strings{"scaler"});
  const Answered again = api.Patch(kWeb + "?fieldManager=applier", kApply, DeploymentOf("web", 2));
  CHECK(again.status == 409);
  // Without a name of its own, the manager is the program that asks.
  const Json labelled = api.Ask("PATCH", kWeb, {{"metadata", {{"labels", {{"team", "shop"}}}}}},
                                {{"content-type", kMerge}, {"user-agent", "kubectl/v1.35.4 (linux/amd64)"}})
                            .body;
  CHECK(OwnersOf(labelled, "f:team") == Strings{"kubectl"});
}

TEST_CASE("managedFields can be put in place, as kubectl does when it moves from one apply to the other") {
  Api api;
  api.Ask("POST", kMaps + "?fieldManager=kubectl-client-side-apply", ConfigMapOf("a", {{"x", "1"}}));
  const Json live = api.Ask("GET", kMaps + "/a").body;
  Json managed = live["metadata"]["managedFields"];
  managed[0]["manager"] = "kubectl";
  managed[0]["operation"] = "Apply";
  const Json patch = Json::array(
      {{{"op", "replace"}, {"path", "/metadata/managedFields"}, {"value", managed}},
       {{"op", "replace"}, {"path", "/metadata/resourceVersion"}, {"value", live["metadata"]["resourceVersion"]}}});
  const Answered moved = api.Patch(kMaps + "/a", kJsonPatch, patch);
  REQUIRE(moved.status == 200);
  CHECK(OwnersOf(moved.body, "f:x") == Strings{"kubectl"});
  CHECK(api.Patch(kMaps + "/a", kJsonPatch, patch).status == 409);
}

TEST_CASE("managedFields that are no sets of fields, and workloads of odd shapes, are refused") {
  Api api;
  api.Ask("POST", kMaps, ConfigMapOf("a", {{"x", "1"}}));
  for (const Json& fields :
       {Json(7), Json{{"f:data", 7}}, Json{{"f:data", Json::array()}}, Json{{"f:data", {{"f:x", "y"}}}}}) {
    const Json entry = {{"manager", "m"}, {"operation", "Update"}, {"fieldsV1", fields}};
    CHECK(api.Patch(kMaps + "/a", kMerge,
                    {{"metadata", {{"managedFields", Json::array({entry})}}}, {"data", {{"x", "2"}}}})
              .status == 422);
  }
  const std::string sets = "/apis/apps/v1/namespaces/shop/statefulsets";
  for (const Json& spec : {Json("x"), Json::array(), Json(7)}) {
    CHECK(api.Ask("POST", sets,
                  {{"apiVersion", "apps/v1"}, {"kind", "StatefulSet"}, {"metadata", {{"name", "odd"}}}, {"spec", spec}})
              .status == 422);
  }
}

TEST_CASE("patches: strategic, of another object, of what isn't there, of an unknown type") {
  Api api;
  api.Patch(kWeb + "?fieldManager=one", kApply, DeploymentOf("web", 1));
  const Json image = {
      {"spec",
       {{"template", {{"spec", {{"containers", Json::array({{{"name", "web"}, {"image", "shop/web:2"}}})}}}}}}}};
  const Json patched = api.Patch(kWeb, kStrategic, image).body;
  CHECK(patched["spec"]["template"]["spec"]["containers"][0]["image"] == "shop/web:2");
  CHECK(patched["spec"]["template"]["spec"]["containers"].size() == 1);
  CHECK(api.Patch(kWeb, kMerge, {{"metadata", {{"name", "x"}}}}).status == 422);
  CHECK(api.Patch(kWeb, kMerge, {{"kind", "x"}}).status == 422);
  CHECK(api.Patch(kWeb, kMerge, "text").status == 422);
  CHECK(api.Patch(kWeb, kJsonPatch, Json::array({{{"op", "replace"}, {"path", ""}, {"value", 7}}})).status == 422);
  CHECK(api.Patch(std::string(kDeployments) + "/none", kMerge, Json::object()).status == 404);
  CHECK(api.Patch(kWeb, "application/json", Json::object()).status == 415);
  const Answered immutable = api.Patch(kWeb, kMerge,
                                       {{"spec",
                                         {{"selector", {{"matchLabels", {{"app", "x"}}}}},
                                          {"template", {{"metadata", {{"labels", {{"app", "x"}}}}}}}}}});
  CHECK(immutable.status == 422);
  CHECK(immutable.body["details"]["causes"][0] == Json{{"reason", "FieldValueInvalid"},
                                                       {"message", "Invalid value: field is immutable"},
                                                       {"field", "spec.selector"}});
  CHECK(api.Patch(kWeb, kMerge, {{"spec", {{"replicas", "many"}}}}).body["message"] ==
        "Deployment.apps \"web\" is invalid: spec.replicas: must be an integer");
}

TEST_CASE("status and scale are parts of their own") {
  Api api;
  api.Patch(kWeb + "?fieldManager=one", kApply, DeploymentOf("web", 1));
  api.Wait(seconds(10));
  const Json live = api.Ask("GET", kWeb).body;
  Json put = live;
  put["spec"]["replicas"] = 9;
  put["status"]["replicas"] = 7;
  const Json after = api.Ask("PUT", kWeb + "/status", put).body;
  CHECK(after["spec"]["replicas"] == 1);
  CHECK(after["status"]["replicas"] == 7);
  CHECK(after["metadata"]["generation"] == live["metadata"]["generation"]);
  CHECK(api.Patch(kWeb, kMerge, {{"status", {{"replicas", 8}}}}).body["status"]["replicas"] != 8);
  const Json condition = {{"type", "Odd"}, {"status", "True"}};
  const Json patched =
      api.Patch(kWeb + "/status", kStrategic, {{"status", {{"conditions", Json::array({condition})}}}}).body;
  CHECK(patched["status"]["conditions"].size() == 3);
  const Json scale = api.Ask("GET", kWeb + "/scale").body;
  CHECK(scale["kind"] == "Scale");
  CHECK(scale["status"]["selector"] == "app=web");
  CHECK(api.Patch(kWeb + "/scale", kMerge, {{"spec", {{"replicas", 4}}}}).body["spec"]["replicas"] == 4);
  CHECK(api.Ask("GET", kWeb).body["spec"]["replicas"] == 4);
  CHECK(api.Patch(kWeb + "/scale", kMerge, {{"spec", {{"replicas", -4}}}}).status == 422);
  CHECK(api.Patch(kWeb + "/scale", kMerge, {{"spec", {{"replicas", "x"}}}}).status == 422);
  CHECK(api.Ask("GET", kMaps + "/a/scale").status == 404);
}

TEST_CASE("a StatefulSet is scaled, and who asks is told of its revisions") {
  Api api;
  const std::string sets = "/apis/apps/v1/namespaces/shop/statefulsets";
  Json wanted = DeploymentOf("db", 1);
  wanted["kind"] = "StatefulSet";
  REQUIRE(api.Ask("POST", sets, wanted).status == 201);
  CHECK(api.Patch(sets + "/db/scale", kMerge, {{"spec", {{"replicas", 2}}}}).body["spec"]["replicas"] == 2);
  api.Wait(seconds(20));
  const Json scale = api.Ask("GET", sets + "/db/scale").body;
  CHECK(scale["status"]["replicas"] == 2);
  CHECK(scale["status"]["selector"] == "app=db");
  const Json revisions = api.Ask("GET", "/apis/apps/v1/namespaces/shop/controllerrevisions").body;
  REQUIRE(revisions["items"].size() == 1);
  CHECK(revisions["items"][0]["revision"] == 1);
}

TEST_CASE("a rehearsal answers and writes nothing") {
  Api api;
  CHECK(api.Ask("POST", kMaps + "?dryRun=All", ConfigMapOf("a")).status == 201);
  CHECK(api.Ask("GET", kMaps + "/a").status == 404);
  CHECK(api.Ask("GET", "/api/v1/namespaces/shop").status == 404);
  const Json made = api.Ask("POST", kMaps, ConfigMapOf("a", {{"k", "1"}})).body;
  Json wanted = ConfigMapOf("a", {{"k", "2"}});
  CHECK(api.Patch(kMaps + "/a?fieldManager=x&force=true&dryRun=All", kApply, wanted).body["data"]["k"] == "2");
  CHECK(api.Ask("DELETE", kMaps + "/a?dryRun=All").status == 200);
  CHECK(api.Ask("DELETE", kMaps + "/a", {{"dryRun", Json::array({"All"})}}).status == 200);
  CHECK(api.Ask("GET", kMaps + "/a").body == made);
}

TEST_CASE("deleting: with preconditions, twice, and of those with finalizers") {
  Api api;
  const Json made = api.Ask("POST", kMaps, ConfigMapOf("a")).body;
  CHECK(api.Ask("DELETE", kMaps + "/a", {{"preconditions", {{"uid", "other"}}}}).status == 409);
  CHECK(api.Ask("DELETE", kMaps + "/a", {{"preconditions", {{"resourceVersion", "1"}}}}).status == 409);
  CHECK(api.Ask("DELETE", kMaps + "/a", {{"preconditions", {{"uid", 7}}}}).status == 400);
  CHECK(api.AskText("DELETE", kMaps + "/a", "{", {}).status == 400);
  CHECK(api.Ask("DELETE", kMaps + "/a", {{"propagationPolicy", "Sometimes"}}).status == 422);
  const Answered gone = api.Ask("DELETE", kMaps + "/a", {{"preconditions", {{"uid", made["metadata"]["uid"]}}}});
  CHECK(gone.body["status"] == "Success");
  CHECK(gone.body["details"]["uid"] == made["metadata"]["uid"]);
  CHECK(api.Ask("DELETE", kMaps + "/a").status == 404);

  Json held = ConfigMapOf("held");
  held["metadata"]["finalizers"] = Json::array({"example.com/wait"});
  api.Ask("POST", kMaps, held);
  CHECK(api.Ask("DELETE", kMaps + "/held").body["metadata"].contains("deletionTimestamp"));
  const Json more = {{"metadata", {{"finalizers", Json::array({"example.com/wait", "example.com/more"})}}}};
  CHECK(api.Patch(kMaps + "/held", kMerge, more).status == 422);
  CHECK(api.Patch(kMaps + "/held", kMerge, {{"metadata", {{"finalizers", nullptr}}}}).status == 200);
  CHECK(api.Ask("GET", kMaps + "/held").status == 404);
}

TEST_CASE("what an owner's deletion means for those it owns") {
  Api api;
  const auto roll_out = [&] {
    api.Patch(kWeb + "?fieldManager=one", kApply, DeploymentOf("web", 2));
    api.Wait(seconds(20));
  };
  const auto pods = [&] { return api.Ask("GET", "/api/v1/namespaces/shop/pods").body["items"].size(); };
  roll_out();
  REQUIRE(pods() == 2);

  // In the foreground: the owner stays until the last of them has gone.
  CHECK(api.Ask("DELETE", kWeb, {{"propagationPolicy", "Foreground"}}).body["metadata"]["finalizers"] ==
        Json::array({"foregroundDeletion"}));
  api.Wait(seconds(20));
  CHECK(api.Ask("GET", kWeb).status == 404);
  CHECK(pods() == 0);

  roll_out();
  CHECK(api.Ask("DELETE", kWeb, {{"propagationPolicy", "Orphan"}}).status == 200);
  api.Wait(seconds(20));
  CHECK(api.Ask("GET", kWeb).status == 404);
  CHECK(pods() == 2);
  const Json sets = api.Ask("GET", "/apis/apps/v1/namespaces/shop/replicasets").body["items"];
  REQUIRE(sets.size() == 1);
  CHECK(!sets[0]["metadata"].contains("ownerReferences"));

  CHECK(api.Ask("DELETE", "/apis/apps/v1/namespaces/shop/replicasets").body["items"].size() == 1);
  api.Wait(seconds(20));
  CHECK(pods() == 0);
}

TEST_CASE("a Job's pods stay behind where nobody says what becomes of them") {
  Api api;
  const std::string jobs = "/apis/batch/v1/namespaces/shop/jobs";
  const Json container = {{"name", "main"}, {"image", "shop/migrate:1"}};
  const Json job = {
      {"apiVersion", "batch/v1"},
      {"kind", "Job"},
      {"metadata", {{"name", "migrate"}}},
      {"spec", {{"template", {{"spec", {{"restartPolicy", "Never"}, {"containers", Json::array({container})}}}}}}}};
  const auto pods = [&] { return api.Ask("GET", "/api/v1/namespaces/shop/pods").body["items"].size(); };
  for (const char* policy : {"Foreground", "Background", ""}) {
    REQUIRE(api.Ask("POST", jobs, job).status == 201);
    api.Wait(seconds(10));
    CHECK(api.Ask("GET", jobs + "/migrate/status").body["status"]["succeeded"] == 1);
    const Json options = std::string_view(policy).empty() ? Json::object() : Json{{"propagationPolicy", policy}};
    api.Ask("DELETE", jobs + "/migrate", options);
    api.Wait(seconds(10));
    CHECK(api.Ask("GET", jobs + "/migrate").status == 404);
    CHECK(pods() == (std::string_view(policy).empty() ? 1 : 0));
  }
}

TEST_CASE("a pod goes at once where no grace is given") {
  Api api;
  const Json pod = {{"apiVersion", "v1"},
                    {"kind", "Pod"},
                    {"metadata", {{"name", "one"}}},
                    {"spec", {{"containers", Json::array({{{"name", "web"}, {"image", "shop/web:1"}}})}}}};
  const std::string pods = "/api/v1/namespaces/shop/pods";
  REQUIRE(api.Ask("POST", pods, pod).status == 201);
  api.Wait(seconds(5));
  CHECK(api.Ask("DELETE", pods + "/one").body["metadata"]["deletionGracePeriodSeconds"] == 30);
  CHECK(api.Ask("DELETE", pods + "/one", {{"gracePeriodSeconds", 0}}).body["status"] == "Success");
  CHECK(api.Ask("GET", pods + "/one").status == 404);
}

TEST_CASE("collections go by selector") {
  Api api;
  api.Ask("POST", kMaps, ConfigMapOf("a", Json::object(), {{"app", "web"}}));
  api.Ask("POST", kMaps, ConfigMapOf("b", Json::object(), {{"app", "db"}}));
  CHECK(api.Ask("DELETE", kMaps + "?labelSelector=app%3Dweb").body["items"].size() == 1);
  CHECK(api.Ask("GET", kMaps).body["items"].size() == 1);
  CHECK(api.Ask("DELETE", "/api/v1/configmaps").status == 405);
}

TEST_CASE("all that is wrong with an object is told, each mistake as a cause of its own") {
  Api api;
  const Json autoscaler = {
      {"apiVersion", "autoscaling/v2"},
      {"kind", "HorizontalPodAutoscaler"},
      {"metadata", {{"name", "web"}}},
      {"spec", {{"minReplicas", 0}, {"maxReplicas", 3}, {"metrics", Json::array({{{"type", "Cpu"}}})}}}};
  const Answered refused = api.Ask("POST", "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers", autoscaler);
  CHECK(refused.status == 422);
  CHECK(refused.body["message"].get<std::string>().starts_with(
      "HorizontalPodAutoscaler.autoscaling \"web\" is invalid: [spec.minReplicas: Invalid value: 0: must be greater "
      "than "
      "or equal to 1, spec.scaleTargetRef.kind: Required value, "));
  std::vector<std::string> fields;
  for (const Json& cause : refused.body["details"]["causes"]) {
    fields.push_back(cause["field"].get<std::string>() + " " + cause["reason"].get<std::string>());
  }
  CHECK(fields == std::vector<std::string>{
                      "spec.minReplicas FieldValueInvalid", "spec.scaleTargetRef.kind FieldValueRequired",
                      "spec.scaleTargetRef.name FieldValueRequired", "spec.scaleTargetRef.apiVersion FieldValueInvalid",
                      "spec.metrics[0].type FieldValueNotSupported", "spec.metrics FieldValueForbidden"});
  CHECK(refused.body["details"]["causes"][4]["message"] ==
        "Unsupported value: \"Cpu\": supported values: \"ContainerResource\", \"External\", \"Object\", \"Pods\", "
        "\"Resource\"");
}

TEST_CASE("who scales owns the replicas by the scale, and an apply of others conflicts with that") {
  Api api;
  const Json deployment = DeploymentOf("web", 1);
  REQUIRE(api.Patch(kWeb + "?fieldManager=team", kApply, deployment).status == 201);
  REQUIRE(api.Patch(kWeb + "/scale?fieldManager=people", kMerge, {{"spec", {{"replicas", 3}}}}).status == 200);
  const Answered refused = api.Patch(kWeb + "?fieldManager=team", kApply, deployment);
  CHECK(refused.status == 409);
  CHECK(refused.body["message"] ==
        "Apply failed with 1 conflict: conflict with \"people\" with subresource \"scale\" using apps/v1: "
        ".spec.replicas");
  const Answered forced = api.Patch(kWeb + "?fieldManager=team&force=true", kApply, deployment);
  REQUIRE(forced.status == 200);
  CHECK(forced.body["spec"]["replicas"] == 1);
  CHECK(forced.body["metadata"]["managedFields"].size() == 1);
}

}  // namespace sluice::apiserver
