#include <algorithm>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "reconciler/embedded/fields.h"
#include "tests/embedded/temporary_file.h"
#include "tests/embedded/world.h"

namespace sluice::embedded {
namespace {

using namespace std::chrono_literals;

const ObjectKey kWeb{{"apps/v1", "Deployment"}, "shop", "web"};
const ObjectKey kAutoscalerOfWeb{{"autoscaling/v2", "HorizontalPodAutoscaler"}, "shop", "web"};

// A request takes a millisecond of a processor, and nothing else does: so many a second are as many thousandths.
Options Requests(std::int32_t per_second) {
  Options options;
  ImageBehaviour image = Image("shop/web");
  image.cpu_per_request = 1'000;
  image.cpu_at_rest = 0;
  image.memory = 64 * 1024 * 1024;
  options.world.images = {image};
  options.world.default_per_second = 0;
  Load load;
  load.namespace_ = "shop";
  load.service = "web";
  load.per_second = per_second;
  options.world.loads = {load};
  return options;
}

// Its pods request a tenth of a processor.
Json Web(int replicas) {
  Json deployment = DeploymentOf("web", "shop/web", replicas);
  deployment["spec"]["template"]["spec"]["containers"][0]["resources"] = {
      {"requests", {{"cpu", "100m"}, {"memory", "128Mi"}}}};
  return deployment;
}

Json ResourceOf(const std::string& name, const Json& target) {
  return {{"type", "Resource"}, {"resource", {{"name", name}, {"target", target}}}};
}

// Half of what the pods request.
Json AutoscalerOf(int least, int most, const std::string& name = "web") {
  const Json target = {{"type", "Utilization"}, {"averageUtilization", 50}};
  return {{"apiVersion", "autoscaling/v2"},
          {"kind", "HorizontalPodAutoscaler"},
          {"metadata", {{"name", name}, {"namespace", "shop"}}},
          {"spec",
           {{"scaleTargetRef", {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", "web"}}},
            {"minReplicas", least},
            {"maxReplicas", most},
            {"metrics", Json::array({ResourceOf("cpu", target)})}}}};
}

void Begin(TestWorld& world, int replicas, const Json& autoscaler) {
  world.Apply(Web(replicas));
  world.Apply(ServiceOf("web", {{"app", "web"}}));
  world.Run(60s);
  world.Apply(autoscaler);
}

std::int64_t Replicas(const TestWorld& world) { return Integer(world.cluster->Peek(kWeb), {"spec", "replicas"}); }
Json Live(const TestWorld& world) { return world.cluster->Peek(kAutoscalerOfWeb); }

// "True SucceededRescale".
std::string Is(const TestWorld& world, const std::string& type) {
  const Json live = Live(world);
  const Json* condition = Condition(live, type);
  return condition == nullptr ? "none" : Text(*condition, {"status"}) + " " + Text(*condition, {"reason"});
}
std::string Message(const TestWorld& world, const std::string& type) {
  const Json live = Live(world);
  const Json* condition = Condition(live, type);
  return condition == nullptr ? "none" : Text(*condition, {"message"});
}

TEST_CASE("more requests bring more pods, and fewer pods stay for five minutes after they end") {
  TestWorld world(Requests(200));
  Begin(world, 1, AutoscalerOf(1, 10));
  CHECK(Live(world)["status"] == Json{{"desiredReplicas", 0}});
  world.Run(14s);
  CHECK(Replicas(world) == 1);
  world.Run(2s);
  CHECK(Replicas(world) == 4);
  CHECK(Is(world, "AbleToScale") == "True SucceededRescale");
  CHECK(Message(world, "AbleToScale") == "the HPA controller was able to update the target scale to 4");
  CHECK(Is(world, "ScalingActive") == "True ValidMetricFound");
  CHECK(Message(world, "ScalingActive") ==
        "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of "
        "request)");
  CHECK(Is(world, "ScalingLimited") == "False DesiredWithinRange");
  Json status = Live(world)["status"];
  CHECK(status["currentReplicas"] == 1);
  CHECK(status["desiredReplicas"] == 4);
  CHECK(status["lastScaleTime"] == "2027-03-02T10:01:15Z");
  CHECK(status["currentMetrics"] ==
        Json::array(
            {{{"type", "Resource"},
              {"resource", {{"name", "cpu"}, {"current", {{"averageUtilization", 200}, {"averageValue", "200m"}}}}}}}));
  world.Run(60s);
  CHECK(Replicas(world) == 4);
  CHECK(Is(world, "AbleToScale") == "True ReadyForNewScale");
  status = Live(world)["status"];
  CHECK(status["currentReplicas"] == 4);
  CHECK(status["currentMetrics"][0]["resource"]["current"]["averageUtilization"] == 50);
  world.Delete(ServiceOf("web", {{"app", "web"}}));
  world.Run(280s);
  CHECK(Replicas(world) == 4);
  CHECK(Is(world, "AbleToScale") == "True ScaleDownStabilized");
  world.Run(60s);
  CHECK(Replicas(world) == 1);
  CHECK(Is(world, "ScalingLimited") == "True TooFewReplicas");
}

TEST_CASE("a StatefulSet is scaled as a Deployment is") {
  TestWorld world(Requests(200));
  Json set = Web(1);
  set["kind"] = "StatefulSet";
  Json autoscaler = AutoscalerOf(1, 10);
  autoscaler["spec"]["scaleTargetRef"]["kind"] = "StatefulSet";
  world.Apply(set);
  world.Apply(ServiceOf("web", {{"app", "web"}}));
  world.Run(60s);
  world.Apply(autoscaler);
  world.Run(60s);
  CHECK(Is(world, "ScalingActive") == "True ValidMetricFound");
  CHECK(world.Pods().size() == 4);
}

TEST_CASE("pods come no faster than twice as many, and no more than the most") {
  TestWorld world(Requests(2'000));
  Begin(world, 1, AutoscalerOf(1, 6));
  world.Run(16s);
  CHECK(Replicas(world) == 4);
  CHECK(Is(world, "ScalingLimited") == "True ScaleUpLimit");
  world.Run(90s);
  CHECK(Replicas(world) == 6);
  CHECK(Is(world, "ScalingLimited") == "True TooManyReplicas");
  // Nothing changes any more, and nothing is written.
  world.Run(60s);
  const Json before = Live(world);
  world.Run(120s);
  CHECK(Live(world) == before);
  // The most is lowered.
  Json wanted = AutoscalerOf(1, 3);
  world.Apply(wanted);
  world.Run(16s);
  CHECK(Replicas(world) == 3);
}

TEST_CASE("the least is raised, and so are the pods") {
  TestWorld world(Requests(0));
  Begin(world, 2, AutoscalerOf(1, 10));
  world.Run(60s);
  CHECK(Replicas(world) == 2);
  world.Apply(AutoscalerOf(3, 10));
  world.Run(16s);
  CHECK(Replicas(world) == 3);
  CHECK(!Live(world)["status"].contains("currentMetrics"));
  CHECK(Live(world)["status"]["desiredReplicas"] == 3);
}

TEST_CASE("no pods at all are left alone") {
  TestWorld world(Requests(200));
  Begin(world, 0, AutoscalerOf(2, 10));
  world.Run(60s);
  CHECK(Replicas(world) == 0);
  CHECK(Is(world, "ScalingActive") == "False ScalingDisabled");
  CHECK(Message(world, "ScalingActive") == "scaling is disabled since the replica count of the target is zero");
  world.Apply(Web(1));
  world.Run(16s);
  CHECK(Replicas(world) == 2);
}

TEST_CASE("what a pod doesn't request can't be a share") {
  TestWorld world(Requests(200));
  world.Apply(DeploymentOf("web", "shop/web", 1));
  world.Run(60s);
  world.Apply(AutoscalerOf(1, 10));
  world.Run(60s);
  CHECK(Replicas(world) == 1);
  CHECK(Is(world, "AbleToScale") == "True SucceededGetScale");
  CHECK(Is(world, "ScalingActive") == "False FailedGetResourceMetric");
  CHECK(Message(world, "ScalingActive") ==
        "the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for cpu in "
        "container main of Pod " +
            world.Pods()[0]["metadata"]["name"].get<std::string>());
  CHECK(Live(world)["status"]["currentMetrics"] == Json::array({{{"type", ""}}}));
}

TEST_CASE("an autoscaler without a target, with one of another kind, and two with one") {
  TestWorld world(Requests(0));
  world.Apply(AutoscalerOf(1, 10));
  world.Run(16s);
  CHECK(Is(world, "AbleToScale") == "False FailedGetScale");
  CHECK(Message(world, "AbleToScale") ==
        "the HPA controller was unable to get the target's current scale: deployments.apps \"web\" not found");
  Json other = AutoscalerOf(1, 10);
  other["spec"]["scaleTargetRef"]["kind"] = "Foo";
  world.Apply(other);
  world.Run(16s);
  CHECK(Message(world, "AbleToScale") ==
        "the HPA controller was unable to get the target's current scale: no matches for kind \"Foo\" in group "
        "\"apps\"");
  world.Apply(Web(1));
  world.Apply(AutoscalerOf(1, 10));
  world.Apply(AutoscalerOf(1, 10, "second"));
  world.Run(40s);
  CHECK(Is(world, "ScalingActive") == "False AmbiguousSelector");
  CHECK(Message(world, "ScalingActive") ==
        "pods by selector app=web are controlled by multiple HPAs: [shop/second shop/web]");
  world.Delete(AutoscalerOf(1, 10, "second"));
  world.Run(40s);
  CHECK(Is(world, "ScalingActive") == "True ValidMetricFound");
}

TEST_CASE("a behavior: how fast up, and down at once") {
  TestWorld world(Requests(400));
  Json autoscaler = AutoscalerOf(1, 10);
  autoscaler["spec"]["behavior"] = {
      {"scaleUp", {{"policies", Json::array({{{"type", "Pods"}, {"value", 2}, {"periodSeconds", 60}}})}}},
      {"scaleDown", {{"stabilizationWindowSeconds", 0}}}};
  Begin(world, 1, autoscaler);
  world.Run(16s);
  CHECK(Replicas(world) == 3);
  CHECK(Is(world, "ScalingLimited") == "True ScaleUpLimit");
  world.Run(45s);
  CHECK(Replicas(world) == 3);
  world.Run(15s);
  CHECK(Replicas(world) == 5);
  world.Run(60s);
  CHECK(Replicas(world) == 7);
  world.Run(120s);
  CHECK(Replicas(world) == 8);
  world.Delete(ServiceOf("web", {{"app", "web"}}));
  world.Run(60s);
  CHECK(Replicas(world) == 1);
}

TEST_CASE("memory by its value, a container's processor, and metrics that nobody serves") {
  TestWorld world(Requests(300));
  Json autoscaler = AutoscalerOf(1, 10);
  Json& metrics = autoscaler["spec"]["metrics"];
  metrics = Json::array({ResourceOf("memory", {{"type", "AverageValue"}, {"averageValue", "32Mi"}})});
  metrics.push_back(
      {{"type", "ContainerResource"},
       {"containerResource",
        {{"name", "cpu"}, {"container", "main"}, {"target", {{"type", "Utilization"}, {"averageUtilization", 100}}}}}});
  Begin(world, 1, autoscaler);
  world.Run(16s);
  // Memory asks for two, the processor for three.
  CHECK(Replicas(world) == 3);
  CHECK(Message(world, "ScalingActive") ==
        "the HPA was able to successfully calculate a replica count from cpu container resource utilization "
        "(percentage of request)");
  CHECK(
      Live(world)["status"]["currentMetrics"] ==
      Json::array({{{"type", "Resource"}, {"resource", {{"name", "memory"}, {"current", {{"averageValue", "64Mi"}}}}}},
                   {{"type", "ContainerResource"},
                    {"containerResource",
                     {{"name", "cpu"},
                      {"container", "main"},
                      {"current", {{"averageUtilization", 300}, {"averageValue", "300m"}}}}}}}));
  metrics.push_back(
      {{"type", "Pods"},
       {"pods", {{"metric", {{"name", "rps"}}}, {"target", {{"type", "AverageValue"}, {"averageValue", "1"}}}}}});
  // What isn't known keeps the pods from becoming fewer, not from becoming more.
  metrics.erase(metrics.begin());
  metrics[0]["containerResource"]["target"]["averageUtilization"] = 500;
  world.Apply(autoscaler);
  world.Run(60s);
  CHECK(Replicas(world) == 3);
  CHECK(Is(world, "ScalingActive") == "False FailedGetPodsMetric");
  CHECK(
      Message(world, "ScalingActive") ==
      "the HPA was unable to compute the replica count: unable to get metric rps: unable to fetch metrics from custom "
      "metrics API: no custom metrics API (custom.metrics.k8s.io) registered");
  metrics[0]["containerResource"]["target"]["averageUtilization"] = 20;
  world.Apply(autoscaler);
  world.Run(16s);
  CHECK(Replicas(world) == 6);
}

TEST_CASE("a container is held back at its limit") {
  TestWorld world(Requests(500));
  Json deployment = Web(1);
  deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"] = {{"cpu", "150m"}};
  world.Apply(deployment);
  world.Apply(ServiceOf("web", {{"app", "web"}}));
  world.Run(60s);
  world.Apply(AutoscalerOf(1, 10));
  world.Run(16s);
  CHECK(Live(world)["status"]["currentMetrics"][0]["resource"]["current"]["averageValue"] == "150m");
  CHECK(Replicas(world) == 3);
}

TEST_CASE("who applies the replicas meets the autoscaler in them") {
  TestWorld world(Requests(200));
  Begin(world, 1, AutoscalerOf(1, 10));
  world.Run(16s);
  REQUIRE(Replicas(world) == 4);
  const Json live = world.cluster->Peek(kWeb);
  Json scale;
  for (const Json& entry : live["metadata"]["managedFields"]) {
    if (entry.value("subresource", "") == "scale") scale = entry;
    if (entry["manager"] == "test") CHECK(!entry["fieldsV1"]["f:spec"].contains("f:replicas"));
  }
  CHECK(scale == Json{{"manager", "kube-controller-manager"},
                      {"operation", "Update"},
                      {"subresource", "scale"},
                      {"apiVersion", "apps/v1"},
                      {"fieldsType", "FieldsV1"},
                      {"fieldsV1", {{"f:spec", {{"f:replicas", Json::object()}}}}}});
  const auto refused = world.TryApply(Web(2), false);
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == ErrorCode::kConflict);
  CHECK(refused.error().message.find("\"kube-controller-manager\" with subresource \"scale\": .spec.replicas") !=
        std::string::npos);
  // Who says nothing of them leaves them to it.
  Json silent = Web(2);
  silent["spec"].erase("replicas");
  REQUIRE(world.TryApply(silent, false).ok());
  CHECK(Replicas(world) == 4);
  world.Apply(Web(2));
  CHECK(Replicas(world) == 2);
  world.Run(60s);
  CHECK(Replicas(world) == 4);
}

TEST_CASE("a workload that changed a moment ago, unseen, is scaled all the same, and keeps the change") {
  Options options = Requests(200);
  options.lags.watch = {5s, 5s};
  TestWorld world(options);
  Begin(world, 1, AutoscalerOf(1, 10));
  // It hears of the autoscaler 5 s after it was made, and looks at it 15 s after that.
  world.Run(18s);
  REQUIRE(Replicas(world) == 1);
  Json changed = Web(1);
  changed["spec"]["minReadySeconds"] = 1;
  world.Apply(changed);
  world.Run(3s);
  CHECK(Replicas(world) == 4);
  CHECK(world.cluster->Peek(kWeb)["spec"]["minReadySeconds"] == 1);
  CHECK(Is(world, "AbleToScale") == "True SucceededRescale");
}

TEST_CASE("a cluster that was down goes on with what it knows") {
  TemporaryFile file;
  Options options = Requests(200);
  options.state_file = file.path();
  {
    TestWorld world(options);
    Begin(world, 1, AutoscalerOf(1, 10));
    world.Run(120s);
    REQUIRE(Replicas(world) == 4);
  }
  TestWorld world(options);
  world.Run(16s);
  CHECK(Replicas(world) == 4);
  world.Run(60s);
  CHECK(Replicas(world) == 4);
  CHECK(Is(world, "ScalingActive") == "True ValidMetricFound");
  CHECK(Live(world)["status"]["lastScaleTime"] == "2027-03-02T10:01:15Z");
}

TEST_CASE("equal seeds give equal clusters, autoscalers included") {
  const auto run = [] {
    TestWorld world(Requests(333));
    Begin(world, 1, AutoscalerOf(1, 10));
    world.Run(200s);
    return Live(world).dump() + world.cluster->Peek(kWeb).dump();
  };
  CHECK(run() == run());
}

}  // namespace
}  // namespace sluice::embedded
