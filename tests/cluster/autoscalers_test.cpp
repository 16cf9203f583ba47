// HorizontalPodAutoscalers, where nothing measures the pods.
#include <catch2/catch.hpp>

#include "tests/cluster/conformance.h"

namespace sluice::cluster {
namespace {

Json AutoscalerOf(Fixture& fixture, const std::string& name = "web", int least = 1) {
  return {{"apiVersion", "autoscaling/v2"},
          {"kind", "HorizontalPodAutoscaler"},
          {"metadata", {{"name", name}, {"namespace", fixture.namespace_()}}},
          {"spec",
           {{"scaleTargetRef", {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", name}}},
            {"minReplicas", least},
            {"maxReplicas", 8}}}};
}

Json ResourceOf(const std::string& name, const Json& target) {
  return {{"type", "Resource"}, {"resource", {{"name", name}, {"target", target}}}};
}

Json Utilization(int percent) { return {{"type", "Utilization"}, {"averageUtilization", percent}}; }
Json Value(const Json& value) { return {{"type", "AverageValue"}, {"averageValue", value}}; }

Json PolicyOf(const char* type, int value, int seconds) {
  return {{"type", type}, {"value", value}, {"periodSeconds", seconds}};
}

// Its pods get no node, so that nothing ever runs.
Json WaitingDeployment(Fixture& fixture, const std::string& name, int replicas) {
  Json deployment = DeploymentOf(fixture, name, "shop/web:1", replicas);
  deployment["spec"]["template"]["spec"]["schedulingGates"] = Json::array({{{"name", "sluice.dev/test"}}});
  return deployment;
}

Json Live(Fixture& fixture, const Json& object) {
  auto live = Ask(fixture, Get{KeyOf(object)});
  return live.ok() ? *live : Json();
}

// "True SucceededGetScale: the HPA controller …".
std::string ConditionOf(const Json& autoscaler, const std::string& type) {
  for (const Json& condition : List(autoscaler, {"status", "conditions"})) {
    if (Text(condition, {"type"}) != type) continue;
    return Text(condition, {"status"}) + " " + Text(condition, {"reason"}) + ": " + Text(condition, {"message"});
  }
  return "none";
}

TEST_CASE("an autoscaler's defaults, and that it has no generation") {
  auto fixture = MakeFixture();
  for (const bool created : {false, true}) {
    Json wanted = AutoscalerOf(*fixture, created ? "created" : "applied");
    wanted["spec"].erase("minReplicas");
    wanted["status"] = {{"desiredReplicas", 7}};
    const auto made = created ? Ask(*fixture, Create{wanted, "test"}) : Ask(*fixture, Apply{wanted, "test", false});
    REQUIRE(made.ok());
    const Json& spec = (*made)["spec"];
    CHECK(spec["minReplicas"] == 1);
    CHECK(spec["metrics"] == Json::array({ResourceOf("cpu", Utilization(80))}));
    CHECK(!spec.contains("behavior"));
    CHECK((*made)["status"]["desiredReplicas"] == 0);
    CHECK(!(*made)["metadata"].contains("generation"));
    wanted["spec"]["maxReplicas"] = 9;
    const auto changed = Ask(*fixture, Apply{wanted, "test", true});
    REQUIRE(changed.ok());
    CHECK(!(*changed)["metadata"].contains("generation"));
  }
}

TEST_CASE("a behavior is filled in where there is one") {
  auto fixture = MakeFixture();
  Json wanted = AutoscalerOf(*fixture);
  const Json up = Json::array({PolicyOf("Pods", 4, 15), PolicyOf("Percent", 100, 15)});
  const Json down = Json::array({PolicyOf("Percent", 100, 15)});
  struct Case {
    std::string what;
    Json given, filled;
  };
  for (const Case& each :
       {Case{"nothing",
             Json::object(),
             {{"scaleUp", {{"stabilizationWindowSeconds", 0}, {"selectPolicy", "Max"}, {"policies", up}}},
              {"scaleDown", {{"selectPolicy", "Max"}, {"policies", down}}}}},
        Case{"a window",
             {{"scaleUp", {{"stabilizationWindowSeconds", 10}}}},
             {{"scaleUp", {{"stabilizationWindowSeconds", 10}, {"selectPolicy", "Max"}, {"policies", up}}},
              {"scaleDown", {{"selectPolicy", "Max"}, {"policies", down}}}}},
        Case{"a tolerance",
             {{"scaleDown", {{"selectPolicy", "Disabled"}, {"tolerance", "0.05"}}}},
             {{"scaleUp", {{"stabilizationWindowSeconds", 0}, {"selectPolicy", "Max"}, {"policies", up}}},
              {"scaleDown", {{"selectPolicy", "Disabled"}, {"policies", down}, {"tolerance", "50m"}}}}}}) {
    INFO(each.what);
    wanted["metadata"]["name"] = "web-" + std::to_string(each.what.size());
    wanted["spec"]["behavior"] = each.given;
    const auto made = Ask(*fixture, Create{wanted, "test"});
    REQUIRE(made.ok());
    CHECK((*made)["spec"]["behavior"] == each.filled);
  }
}

TEST_CASE("an autoscaler's quantities are written in one way, and the same apply changes nothing") {
  auto fixture = MakeFixture();
  Json wanted = AutoscalerOf(*fixture);
  struct Case {
    const char* resource;
    Json given;
    const char* written;
  };
  for (const Case& each :
       {Case{"cpu", "0.1", "100m"}, Case{"cpu", 100, "100"}, Case{"cpu", "1000m", "1"},
        Case{"memory", "1048576", "1048576"}, Case{"memory", "1024Ki", "1Mi"}, Case{"memory", "1000", "1k"}}) {
    INFO(each.given.dump());
    wanted["spec"]["metrics"] = Json::array({ResourceOf(each.resource, Value(each.given))});
    const auto made = Ask(*fixture, Apply{wanted, "test", false});
    REQUIRE(made.ok());
    CHECK((*made)["spec"]["metrics"][0]["resource"]["target"]["averageValue"] == each.written);
    const auto again = Ask(*fixture, Apply{wanted, "test", false});
    REQUIRE(again.ok());
    CHECK((*again)["spec"] == (*made)["spec"]);
  }
}

TEST_CASE("what an autoscaler may not say is kInvalid, in the same words") {
  auto fixture = MakeFixture();
  struct Case {
    Json patch;  // of the spec
    std::string words;
  };
  const auto metric = [](Json of) { return Json{{"metrics", Json::array({std::move(of)})}}; };
  const auto cpu = [&](const Json& target) { return metric(ResourceOf("cpu", target)); };
  const auto rules = [](Json of) { return Json{{"behavior", {{"scaleDown", std::move(of)}}}}; };
  const std::string types = R"(supported values: "ContainerResource", "External", "Object", "Pods", "Resource")";
  for (
      const Case& each : {
          Case{{{"minReplicas", 0}},
               "[spec.minReplicas: Invalid value: 0: must be greater than or equal to 1, spec.metrics: Forbidden: must "
               "specify at least one Object or External metric to support scaling to zero replicas]"},
          Case{{{"minReplicas", 9}},
               "spec.maxReplicas: Invalid value: 8: must be greater than or equal to `minReplicas`"},
          Case{{{"maxReplicas", nullptr}},
               "[spec.maxReplicas: Invalid value: 0: must be greater than 0, spec.maxReplicas: Invalid value: 0: must "
               "be "
               "greater than or equal to `minReplicas`]"},
          Case{{{"maxReplicas", "8"}}, ""},
          Case{{{"scaleTargetRef", nullptr}},
               "[spec.scaleTargetRef.kind: Required value, spec.scaleTargetRef.name: Required value, "
               "spec.scaleTargetRef.apiVersion: Invalid value: \"\": apiVersion must specify API group]"},
          Case{{{"scaleTargetRef", {{"apiVersion", "v1"}, {"kind", "a/b"}, {"name", ".."}}}},
               "[spec.scaleTargetRef.kind: Invalid value: \"a/b\": may not contain '/', spec.scaleTargetRef.name: "
               "Invalid "
               "value: \"..\": may not be '..', spec.scaleTargetRef.apiVersion: Invalid value: \"v1\": apiVersion must "
               "specify API group]"},
          Case{{{"scaleTargetRef", {{"apiVersion", "a/b/c"}}}},
               "spec.scaleTargetRef.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c"},
          Case{cpu(Utilization(0)),
               "spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0"},
          Case{cpu(Value("-1")),
               "spec.metrics[0].resource.target.averageValue: Invalid value: \"-1\": must be positive"},
          Case{cpu({{"type", "X"}, {"averageValue", "1"}, {"averageUtilization", 50}}),
               "[spec.metrics[0].resource.target.type: Invalid value: \"X\": must be either Utilization, Value, or "
               "AverageValue, spec.metrics[0].resource.target.averageValue: Forbidden: may not set both a target raw "
               "value and a target utilization]"},
          Case{cpu({{"type", "Utilization"}}),
               "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value "
               "or "
               "a target utilization"},
          Case{metric({{"type", "Resource"}, {"resource", {{"target", Utilization(50)}}}}),
               "spec.metrics[0].resource.name: Required value: must specify a resource name"},
          Case{metric({{"type", "Resource"}}),
               "spec.metrics[0].resource: Required value: must populate information for the given metric source"},
          Case{metric({{"type", "Cpu"}}), "spec.metrics[0].type: Unsupported value: \"Cpu\": " + types},
          Case{metric(Json::object()),
               "[spec.metrics[0].type: Required value: must specify a metric source type, spec.metrics[0].type: "
               "Unsupported value: \"\": " +
                   types + "]"},
          Case{
              metric({{"type", "Pods"}, {"pods", {{"metric", {{"name", ""}}}, {"target", {{"type", "Value"}}}}}}),
              "[spec.metrics[0].pods.metric.name: Required value: must specify a metric name, "
              "spec.metrics[0].pods.target.averageValue: Required value: must specify a positive target averageValue]"},
          Case{metric({{"type", "ContainerResource"},
                       {"containerResource", {{"name", "cpu"}, {"target", Utilization(50)}}}}),
               "spec.metrics[0].containerResource.container: Required value: must specify a container"},
          Case{rules({{"selectPolicy", "No"}, {"stabilizationWindowSeconds", -1}, {"policies", Json::array()}}),
               "[spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: -1: must be greater than or equal "
               "to "
               "zero, spec.behavior.scaleDown.selectPolicy: Unsupported value: \"No\": supported values: \"Disabled\", "
               "\"Max\", \"Min\", spec.behavior.scaleDown.policies: Required value: must specify at least one Policy]"},
          Case{
              rules({{"stabilizationWindowSeconds", 3601},
                     {"tolerance", "-1"},
                     {"policies", Json::array({PolicyOf("x", 0, 1801), PolicyOf("Pods", 1, 0)})}}),
              "[spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to "
              "3600, spec.behavior.scaleDown.policies[0].type: Unsupported value: \"x\": supported values: "
              "\"Percent\", "
              "\"Pods\", spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero, "
              "spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to "
              "1800, spec.behavior.scaleDown.policies[1].periodSeconds: Invalid value: 0: must be greater than zero, "
              "spec.behavior.scaleDown.tolerance: Invalid value: \"-1\": must be greater than or equal to 0]"},
      }) {
    INFO(each.patch.dump());
    Json wanted = AutoscalerOf(*fixture);
    wanted["spec"].merge_patch(each.patch);
    for (const bool created : {false, true}) {
      const auto made = created ? Ask(*fixture, Create{wanted, "test"}) : Ask(*fixture, Apply{wanted, "test", false});
      REQUIRE(!made.ok());
      CHECK(made.error().code == ErrorCode::kInvalid);
      INFO(made.error().message);
      CHECK(made.error().message.find(each.words) != std::string::npos);
    }
  }
}

TEST_CASE("a number of an autoscaler that is none is refused") {
  auto fixture = MakeFixture();
  for (const Json& target : {Value("much"), Json{{"type", "Utilization"}, {"averageUtilization", 1.5}}}) {
    Json wanted = AutoscalerOf(*fixture);
    wanted["spec"]["metrics"] = Json::array({ResourceOf("cpu", target)});
    const auto made = Ask(*fixture, Create{wanted, "test"});
    REQUIRE(!made.ok());
    CHECK(made.error().code == ErrorCode::kInvalid);
    // Of an apply Kubernetes says that it failed itself.
    CHECK(!Ask(*fixture, Apply{wanted, "test", false}).ok());
  }
}

TEST_CASE("an autoscaler's metrics are one value, its target is not") {
  auto fixture = MakeFixture();
  Json wanted = AutoscalerOf(*fixture);
  wanted["spec"]["metrics"] = Json::array({ResourceOf("cpu", Utilization(50))});
  REQUIRE(Ask(*fixture, Apply{wanted, "left", false}).ok());
  const auto conflict = [&](const Json& spec) {
    Json other = wanted;
    other["spec"] = spec;
    const auto answer = Ask(*fixture, Apply{other, "right", false});
    return answer.ok() ? std::string("none") : answer.error().message;
  };
  CHECK(conflict({{"metrics", Json::array({ResourceOf("memory", Value("64Mi"))})}}).find(".spec.metrics") !=
        std::string::npos);
  CHECK(conflict({{"scaleTargetRef", {{"name", "other"}}}}).find(".spec.scaleTargetRef.name") != std::string::npos);
  CHECK(conflict({{"scaleTargetRef", {{"kind", "Deployment"}}}}) == "none");
  // What nobody asks for any more is the default again.
  wanted["spec"].erase("metrics");
  wanted["spec"].erase("minReplicas");
  const auto less = Ask(*fixture, Apply{wanted, "left", false});
  REQUIRE(less.ok());
  CHECK((*less)["spec"]["metrics"] == Json::array({ResourceOf("cpu", Utilization(80))}));
  CHECK((*less)["spec"]["minReplicas"] == 1);
}

TEST_CASE("an autoscaler's status is written apart from it") {
  auto fixture = MakeFixture();
  const auto made = Ask(*fixture, Create{AutoscalerOf(*fixture), "test"});
  REQUIRE(made.ok());
  Json changed = *made;
  changed["spec"]["maxReplicas"] = 9;
  changed["status"] = {{"currentReplicas", 3}, {"desiredReplicas", 4}};
  const auto written = Ask(*fixture, ReplaceStatus{changed});
  REQUIRE(written.ok());
  CHECK((*written)["spec"] == (*made)["spec"]);
  CHECK((*written)["status"]["currentReplicas"] == 3);
  CHECK((*written)["status"]["desiredReplicas"] == 4);
  CHECK(!Ask(*fixture, ReplaceStatus{changed}).ok());
}

TEST_CASE("an autoscaler raises the replicas to its least, and owns them from then on") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  const Json deployment = WaitingDeployment(*fixture, "web", 1);
  REQUIRE(Ask(*fixture, Apply{deployment, "test", false}).ok());
  REQUIRE(Ask(*fixture, Apply{AutoscalerOf(*fixture, "web", 3), "test", false}).ok());
  REQUIRE(fixture->Until([&] { return ConditionOf(Live(*fixture, AutoscalerOf(*fixture)), "AbleToScale") != "none"; }));
  const Json autoscaler = Live(*fixture, AutoscalerOf(*fixture));
  CHECK(ConditionOf(autoscaler, "AbleToScale") ==
        "True SucceededRescale: the HPA controller was able to update the target scale to 3");
  CHECK(ConditionOf(autoscaler, "ScalingActive") == "none");
  CHECK(autoscaler["status"]["currentReplicas"] == 1);
  CHECK(autoscaler["status"]["desiredReplicas"] == 3);
  CHECK(!Text(autoscaler, {"status", "lastScaleTime"}).empty());
  CHECK(!autoscaler["status"].contains("observedGeneration"));
  CHECK(List(autoscaler, {"status", "currentMetrics"}).empty());

  const Json scaled = Live(*fixture, deployment);
  CHECK(scaled["spec"]["replicas"] == 3);
  Json scale;
  for (const Json& entry : scaled["metadata"]["managedFields"]) {
    if (entry.value("subresource", "") == "scale") scale = entry;
    if (entry["manager"] == "test") CHECK(!entry["fieldsV1"]["f:spec"].contains("f:replicas"));
  }
  CHECK(scale == Json{{"manager", "kube-controller-manager"},
                      {"operation", "Update"},
                      {"subresource", "scale"},
                      {"apiVersion", "apps/v1"},
                      {"fieldsType", "FieldsV1"},
                      {"fieldsV1", {{"f:spec", {{"f:replicas", Json::object()}}}}}});
  const auto refused = Ask(*fixture, Apply{deployment, "test", false});
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == ErrorCode::kConflict);
  CHECK(refused.error().message.find("\"kube-controller-manager\" with subresource \"scale\"") != std::string::npos);
  CHECK(refused.error().message.find(".spec.replicas") != std::string::npos);
  Json silent = deployment;
  silent["spec"].erase("replicas");
  const auto kept = Ask(*fixture, Apply{silent, "test", false});
  REQUIRE(kept.ok());
  CHECK((*kept)["spec"]["replicas"] == 3);
  const auto forced = Ask(*fixture, Apply{deployment, "test", true});
  REQUIRE(forced.ok());
  CHECK((*forced)["spec"]["replicas"] == 1);
  for (const Json& entry : (*forced)["metadata"]["managedFields"]) CHECK(entry.value("subresource", "") != "scale");
}

TEST_CASE("why an autoscaler does nothing") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  Json pods = AutoscalerOf(*fixture, "pods");
  pods["spec"]["metrics"] =
      Json::array({{{"type", "Pods"}, {"pods", {{"metric", {{"name", "rps"}}}, {"target", Value("10")}}}}});
  Json object = AutoscalerOf(*fixture, "object");
  object["spec"]["metrics"] = Json::array({{{"type", "Object"},
                                            {"object",
                                             {{"describedObject", {{"kind", "Service"}, {"name", "x"}}},
                                              {"metric", {{"name", "rps"}}},
                                              {"target", {{"type", "Value"}, {"value", "10"}}}}}}});
  Json external = AutoscalerOf(*fixture, "external");
  external["spec"]["metrics"] =
      Json::array({{{"type", "External"}, {"external", {{"metric", {{"name", "rps"}}}, {"target", Value("10")}}}}});
  Json container = AutoscalerOf(*fixture, "container");
  container["spec"]["metrics"] =
      Json::array({{{"type", "ContainerResource"},
                    {"containerResource", {{"name", "cpu"}, {"container", "main"}, {"target", Utilization(50)}}}}});
  Json foo = AutoscalerOf(*fixture, "foo");
  foo["spec"]["scaleTargetRef"]["kind"] = "Foo";
  const Json none = AutoscalerOf(*fixture, "none");
  const Json zero = AutoscalerOf(*fixture, "zero");
  const Json cpu = AutoscalerOf(*fixture, "cpu");
  for (const char* name : {"pods", "object", "external", "container", "zero", "cpu"}) {
    const int replicas = std::string(name) == "zero" ? 0 : 1;
    REQUIRE(Ask(*fixture, Apply{WaitingDeployment(*fixture, name, replicas), "test", false}).ok());
  }
  const std::string found = "True SucceededGetScale: the HPA controller was able to get the target's current scale";
  const std::string not_found =
      "False FailedGetScale: the HPA controller was unable to get the target's current scale: ";
  const std::string cannot = "the HPA was unable to compute the replica count: ";
  const std::string no_adapter =
      "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered";
  const std::string no_cpu = "failed to get cpu utilization: unable to get metrics for resource cpu: ";
  struct Case {
    Json autoscaler;
    std::string able, active;
  };
  const std::vector<Case> cases = {
      {pods, found, "False FailedGetPodsMetric: " + cannot + "unable to get metric rps: " + no_adapter},
      {object, found,
       "False FailedGetObjectMetric: " + cannot + "unable to get metric rps: Service on " + fixture->namespace_() +
           " x/" + no_adapter},
      {external, found,
       "False FailedGetExternalMetric: " + cannot + "unable to get external metric " + fixture->namespace_() +
           "/rps/nil: unable to fetch metrics from external metrics API: the server could not find the requested "
           "resource (get rps.external.metrics.k8s.io)"},
      {container, found, "False FailedGetContainerResourceMetric: " + cannot + no_cpu},
      {cpu, found, "False FailedGetResourceMetric: " + cannot + no_cpu},
      {zero, found, "False ScalingDisabled: scaling is disabled since the replica count of the target is zero"},
      {foo, not_found + "no matches for kind \"Foo\" in group \"apps\"", "none"},
      {none, not_found + "deployments.apps \"none\" not found", "none"},
  };
  for (const Case& each : cases) REQUIRE(Ask(*fixture, Apply{each.autoscaler, "test", false}).ok());
  for (const Case& each : cases) {
    INFO(each.autoscaler["metadata"]["name"]);
    REQUIRE(fixture->Until([&] { return ConditionOf(Live(*fixture, each.autoscaler), "AbleToScale") != "none"; }));
    const Json live = Live(*fixture, each.autoscaler);
    CHECK(ConditionOf(live, "AbleToScale") == each.able);
    // A cluster that measures nothing says why in other words than one whose pods don't run.
    CHECK(ConditionOf(live, "ScalingActive").starts_with(each.active));
    CHECK(live["status"]["desiredReplicas"] == 0);
    const bool measures = each.active.starts_with("False FailedGet");
    CHECK(Integer(live, {"status", "currentReplicas"}) == (measures ? 1 : 0));
    CHECK(List(live, {"status", "currentMetrics"}) == (measures ? Json::array({{{"type", ""}}}) : Json::array()));
  }
}

}  // namespace
}  // namespace sluice::cluster
