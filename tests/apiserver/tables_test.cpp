#include "reconciler/apiserver/tables.h"

#include <catch2/catch.hpp>

namespace sluice::apiserver {
namespace {

const TimePoint kNow{std::chrono::hours(24)};

std::vector<std::string> Columns(const Resource& resource, bool wide = false) {
  std::vector<std::string> names;
  const Json columns = TableColumns(resource);
  for (const Json& column : columns) {
    if (wide || column["priority"] == 0) names.push_back(column["name"]);
  }
  return names;
}

}  // namespace

TEST_CASE("ages as kubectl writes them") {
  const auto human = [](std::int64_t seconds) { return HumanDuration(std::chrono::seconds(seconds)); };
  CHECK(human(0) == "0s");
  CHECK(human(119) == "119s");
  CHECK(human(120) == "2m");
  CHECK(human(303) == "5m3s");
  CHECK(human(3'600) == "60m");
  CHECK(human(3 * 3'600 + 60) == "3h1m");
  CHECK(human(9 * 3'600) == "9h");
  CHECK(human(50 * 3'600) == "2d2h");
  CHECK(human(86'400LL * 100) == "100d");
  CHECK(human(86'400LL * 800) == "2y70d");
}

TEST_CASE("a pod's row says what is wrong with it") {
  const Resource pods = *BuiltInResource({"v1", "Pod"});
  const Json pod = {
      {"metadata", {{"name", "web-1"}, {"creationTimestamp", "1970-01-01T23:59:00Z"}}},
      {"spec", {{"containers", Json::array({{{"name", "web"}}})}, {"nodeName", "node-1"}}},
      {"status",
       {{"phase", "Running"},
        {"containerStatuses",
         Json::array(
             {{{"ready", false}, {"restartCount", 3}, {"state", {{"waiting", {{"reason", "CrashLoopBackOff"}}}}}}})}}}};
  CHECK(Columns(pods) == std::vector<std::string>{"Name", "Ready", "Status", "Restarts", "Age"});
  const Json row = TableRow(pods, pod, IncludeObject::kMetadata, kNow);
  CHECK(row["cells"] ==
        Json::array({"web-1", "0/1", "CrashLoopBackOff", "3", "60s", "<none>", "node-1", "<none>", "<none>"}));
  CHECK(row["object"]["kind"] == "PartialObjectMetadata");
  CHECK(TableColumns(pods).size() == row["cells"].size());
}

TEST_CASE("a StatefulSet's row says how many are ready, a revision's whose it is") {
  const Resource sets = *BuiltInResource({"apps/v1", "StatefulSet"});
  CHECK(Columns(sets) == std::vector<std::string>{"Name", "Ready", "Age"});
  CHECK(Columns(sets, true) == std::vector<std::string>{"Name", "Ready", "Age", "Containers", "Images"});
  const Json metadata = {{"name", "db"}, {"creationTimestamp", "1970-01-01T23:59:00Z"}};
  const Json pod_template = {{"spec", {{"containers", Json::array({{{"name", "main"}, {"image", "shop/db:1"}}})}}}};
  const Json set = {{"metadata", metadata},
                    {"spec", {{"replicas", 3}, {"template", pod_template}}},
                    {"status", {{"readyReplicas", 2}}}};
  CHECK(TableRow(sets, set, IncludeObject::kNone, kNow)["cells"] ==
        Json::array({"db", "2/3", "60s", "main", "shop/db:1"}));

  const Resource revisions = *BuiltInResource({"apps/v1", "ControllerRevision"});
  CHECK(Columns(revisions) == std::vector<std::string>{"Name", "Controller", "Revision", "Age"});
  Json revision = {{"metadata", metadata}, {"revision", 4}};
  const auto cells = [&] { return TableRow(revisions, revision, IncludeObject::kNone, kNow)["cells"]; };
  CHECK(cells() == Json::array({"db", "<none>", "4", "60s"}));
  revision["metadata"]["ownerReferences"] =
      Json::array({{{"apiVersion", "apps/v1"}, {"kind", "StatefulSet"}, {"name", "db"}, {"controller", true}}});
  CHECK(cells() == Json::array({"db", "statefulset.apps/db", "4", "60s"}));
}

TEST_CASE("a Job's row says how it is and how long it took") {
  const Resource jobs = *BuiltInResource({"batch/v1", "Job"});
  CHECK(Columns(jobs) == std::vector<std::string>{"Name", "Status", "Completions", "Duration", "Age"});
  Json job = {{"metadata", {{"name", "migrate"}, {"creationTimestamp", "1970-01-01T23:59:00Z"}}},
              {"spec", {{"completions", 1}, {"parallelism", 1}}},
              {"status", Json::object()}};
  const auto cells = [&] {
    Json row = TableRow(jobs, job, IncludeObject::kNone, kNow)["cells"];
    row.erase(row.begin() + 5, row.end());
    return row;
  };
  CHECK(cells() == Json::array({"migrate", "Running", "0/1", "", "60s"}));
  job["status"]["startTime"] = "1970-01-01T23:59:01Z";
  CHECK(cells() == Json::array({"migrate", "Running", "0/1", "59s", "60s"}));
  job["status"]["conditions"] = Json::array({{{"type", "FailureTarget"}, {"status", "True"}}});
  CHECK(cells()[1] == "FailureTarget");
  job["metadata"]["deletionTimestamp"] = "1970-01-01T23:59:30Z";
  CHECK(cells()[1] == "Terminating");
  job["status"]["conditions"].push_back({{"type", "Failed"}, {"status", "True"}});
  CHECK(cells()[1] == "Failed");
  job["status"] = {{"startTime", "1970-01-01T23:59:01Z"},
                   {"completionTime", "1970-01-01T23:59:05Z"},
                   {"succeeded", 1},
                   {"conditions", Json::array({{{"type", "Complete"}, {"status", "True"}}})}};
  CHECK(cells() == Json::array({"migrate", "Complete", "1/1", "4s", "60s"}));
}

TEST_CASE("an autoscaler's row says what it measures beside what it wants") {
  const Resource autoscalers = *BuiltInResource({"autoscaling/v2", "HorizontalPodAutoscaler"});
  CHECK(Columns(autoscalers) ==
        std::vector<std::string>{"Name", "Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age"});
  const auto resource = [](const char* name, Json target) {
    return Json{{"type", "Resource"}, {"resource", {{"name", name}, {"target", std::move(target)}}}};
  };
  const auto measured = [](Json current) {
    return Json{{"type", "Resource"}, {"resource", {{"current", std::move(current)}}}};
  };
  Json autoscaler = {{"metadata", {{"name", "web"}, {"creationTimestamp", "1970-01-01T23:59:00Z"}}},
                     {"spec", {{"maxReplicas", 5}, {"scaleTargetRef", {{"kind", "Deployment"}, {"name", "web"}}}}}};
  const auto cells = [&] { return TableRow(autoscalers, autoscaler, IncludeObject::kNone, kNow)["cells"]; };
  CHECK(cells() == Json::array({"web", "Deployment/web", "<none>", "<unset>", 5, 0, "60s"}));
  autoscaler["spec"]["minReplicas"] = 2;
  autoscaler["spec"]["metrics"] = Json::array({resource("cpu", {{"averageUtilization", 80}})});
  CHECK(cells() == Json::array({"web", "Deployment/web", "cpu: <unknown>/80%", "2", 5, 0, "60s"}));
  // As the controller writes it where it learned nothing.
  autoscaler["status"] = {{"currentReplicas", 2}, {"currentMetrics", Json::array({{{"type", ""}}})}};
  CHECK(cells()[2] == "cpu: <unknown>/80%");
  autoscaler["status"]["currentMetrics"] =
      Json::array({measured({{"averageUtilization", 40}, {"averageValue", "40m"}})});
  CHECK(cells() == Json::array({"web", "Deployment/web", "cpu: 40%/80%", "2", 5, 2, "60s"}));
  autoscaler["spec"]["metrics"].push_back(resource("memory", {{"averageValue", "64Mi"}}));
  autoscaler["status"]["currentMetrics"].push_back(measured({{"averageValue", "32Mi"}}));
  CHECK(cells()[2] == "cpu: 40%/80%, memory: 32Mi/64Mi");
  autoscaler["spec"]["metrics"].push_back({{"type", "Pods"}, {"pods", {{"target", {{"averageValue", "10"}}}}}});
  CHECK(cells()[2] == "cpu: 40%/80%, memory: 32Mi/64Mi + 1 more...");
  const auto only = [&](Json metric) {
    autoscaler["spec"]["metrics"] = Json::array({std::move(metric)});
    autoscaler["status"].erase("currentMetrics");
    return cells()[2];
  };
  CHECK(only({{"type", "Pods"}, {"pods", {{"target", {{"averageValue", "10"}}}}}}) == "<unknown>/10");
  CHECK(only({{"type", "External"}, {"external", {{"target", {{"averageValue", "10"}}}}}}) == "<unknown>/10 (avg)");
  CHECK(only({{"type", "Object"}, {"object", {{"target", {{"value", "1k"}}}}}}) == "<unknown>/1k");
}

TEST_CASE("every kind's rows have a cell for each of its columns, whatever the object lacks") {
  for (const Kind& kind :
       {Kind{"v1", "Pod"}, Kind{"v1", "Event"}, Kind{"events.k8s.io/v1", "Event"}, Kind{"v1", "Service"},
        Kind{"v1", "Secret"}, Kind{"v1", "Namespace"}, Kind{"apps/v1", "Deployment"}, Kind{"apps/v1", "ReplicaSet"},
        Kind{"discovery.k8s.io/v1", "EndpointSlice"}, Kind{"coordination.k8s.io/v1", "Lease"},
        Kind{"gateway.networking.k8s.io/v1", "HTTPRoute"}, Kind{"sluice.dev/v1alpha1", "Rollout"},
        Kind{"sluice.dev/v1alpha1", "RolloutBundle"}, Kind{"sluice.dev/v1alpha1", "RolloutCommand"},
        Kind{"apps/v1", "StatefulSet"}, Kind{"apps/v1", "ControllerRevision"}, Kind{"batch/v1", "Job"},
        Kind{"autoscaling/v2", "HorizontalPodAutoscaler"}}) {
    CAPTURE(kind.kind);
    const Resource* resource = BuiltInResource(kind);
    REQUIRE(resource != nullptr);
    for (const Json& odd :
         {Json::object(), Json{{"metadata", 1}, {"spec", "x"}, {"status", Json::array()}, {"data", 7}}}) {
      CHECK(TableRow(*resource, odd, IncludeObject::kNone, kNow)["cells"].size() == TableColumns(*resource).size());
    }
  }
}

TEST_CASE("a rollout's row tells revision, step, share and what it waits for") {
  const Resource rollouts = *BuiltInResource({"sluice.dev/v1alpha1", "Rollout"});
  const Json rollout = {
      {"metadata", {{"name", "checkout"}, {"creationTimestamp", "1970-01-01T23:00:00Z"}}},
      {"spec", {{"revision", "1a2b3c4d"}}},
      {"status",
       {{"stable", "0a0b0c0d"},
        {"step", "half"},
        {"share", "25%"},
        {"conditions",
         Json::array(
             {{{"type", "Ready"}, {"status", "False"}, {"reason", "Progressing"}, {"message", "waits for sre"}}})}}}};
  CHECK(TableRow(rollouts, rollout, IncludeObject::kNone, kNow)["cells"] ==
        Json::array({"checkout", "1a2b3c4d", "half", "25%", "Progressing", "waits for sre", "60m", "0a0b0c0d"}));
}

TEST_CASE("JSONPaths of printer columns") {
  const Json object = {{"spec", {{"size", 3}, {"a.b", "dotted"}}},
                       {"status", {{"conditions", Json::array({{{"type", "Ready"}, {"status", "True"}}})}}}};
  CHECK(TextAtJsonPath(object, ".spec.size") == "3");
  CHECK(TextAtJsonPath(object, ".status.conditions[?(@.type==\"Ready\")].status") == "True");
  CHECK(TextAtJsonPath(object, ".status.conditions[?(@.type=='Other')].status").empty());
  CHECK(TextAtJsonPath(object, ".status.conditions[0].type") == "Ready");
  CHECK(TextAtJsonPath(object, ".spec['a.b']") == "dotted");
  CHECK(TextAtJsonPath(object, ".spec.a\\.b") == "dotted");
  for (const char* none :
       {".status.conditions[9].type", ".spec[", ".spec[x]", "[0]", ".nothing.at.all", ".spec.size.x"}) {
    CHECK(TextAtJsonPath(object, none).empty());
  }
}

}  // namespace sluice::apiserver
