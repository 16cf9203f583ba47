#include "tests/differential/contents.h"

#include <fmt/format.h>

namespace sluice::cluster {
namespace {

// Rarely one that the API server refuses.
Json Either(Dice& dice, const std::vector<Json>& good, const std::vector<Json>& bad) {
  return dice.OneIn(25) ? dice.Of(bad) : dice.Of(good);
}

void AddMetadata(Dice& dice, const Kind& kind, Json& content) {
  Json metadata = Json::object();
  // A custom object keeps what is empty until its next write.
  const bool keeps = kind == kRolloutObjects;
  if (dice.OneIn(2)) {
    Json labels = Json::object();
    for (const char* key : {"app", "team"}) {
      if (dice.OneIn(2)) labels[key] = Either(dice, {"x", "y"}, {"not a label", 5});
    }
    if (!labels.empty() || !keeps) metadata["labels"] = std::move(labels);
  }
  if (dice.OneIn(4)) metadata["annotations"] = {{"note", Either(dice, {"1", "2"}, {true})}};
  if (dice.OneIn(6)) {
    metadata["finalizers"] =
        dice.Of(std::vector{Json::array({"sluice.dev/one"}), Json::array({"sluice.dev/one", "sluice.dev/two"}),
                            Json::array(), Json::array({"sluice.dev/two"})});
    if (keeps && metadata["finalizers"].empty()) metadata.erase("finalizers");
  }
  if (dice.OneIn(10)) {
    Json owners = AnyOwners(dice);
    if (!owners.empty()) metadata["ownerReferences"] = std::move(owners);
  }
  if (!metadata.empty()) content["metadata"] = std::move(metadata);
}

Json AnyContainer(Dice& dice, const char* name, bool whole) {
  Json container = {{"name", name}};
  if (whole || dice.OneIn(2)) container["image"] = Either(dice, {"shop/web:1", "shop/web:2"}, {5, nullptr});
  if (dice.OneIn(3)) {
    container["env"] = Json::array();
    for (const char* variable : {"A", "B"}) {
      if (dice.OneIn(2)) container["env"].push_back({{"name", variable}, {"value", dice.OneIn(2) ? "1" : "2"}});
    }
  }
  if (dice.OneIn(3)) {
    container["ports"] = Json::array();
    for (const int port : {80, 8080}) {
      if (!dice.OneIn(2)) continue;
      Json item = {{"containerPort", port}};
      if (dice.OneIn(2)) item["name"] = fmt::format("p{}", port);
      if (dice.OneIn(3)) item["protocol"] = "TCP";
      container["ports"].push_back(std::move(item));
    }
  }
  if (dice.OneIn(4)) container["resources"] = {{"requests", {{"cpu", dice.OneIn(2) ? "100m" : "1"}}}};
  if (dice.OneIn(6)) container["args"] = Json::array({"serve", dice.OneIn(2) ? "-v" : "-q"});
  if (dice.OneIn(8)) container["imagePullPolicy"] = Either(dice, {"Always", "IfNotPresent"}, {"Sometimes"});
  return container;
}

Json AnyTemplate(Dice& dice, bool whole, const char* app) {
  Json pod_template = Json::object();
  if (whole || dice.OneIn(2)) {
    pod_template["metadata"]["labels"] = {{"app", dice.OneIn(30) ? "other" : app}};
    if (dice.OneIn(4)) pod_template["metadata"]["labels"]["team"] = dice.OneIn(2) ? "x" : "y";
  }
  if (dice.OneIn(5)) pod_template["metadata"]["annotations"] = {{"sum", dice.OneIn(2) ? "1" : "2"}};
  if (whole || dice.OneIn(2)) {
    Json containers = Json::array();
    if (whole || dice.OneIn(2)) containers.push_back(AnyContainer(dice, "main", whole));
    if (dice.OneIn(3)) containers.push_back(AnyContainer(dice, "side", whole || dice.OneIn(2)));
    pod_template["spec"]["containers"] = std::move(containers);
  }
  if (dice.OneIn(5)) pod_template["spec"]["terminationGracePeriodSeconds"] = Either(dice, {5, 30}, {"5"});
  if (dice.OneIn(6)) pod_template["spec"]["nodeSelector"] = {{dice.OneIn(2) ? "disk" : "zone", "x"}};
  if (dice.OneIn(6)) {
    pod_template["spec"]["volumes"] = Json::array({{{"name", "v"}, {"configMap", {{"name", "a"}}}}});
  }
  return pod_template;
}

Json AnyWorkload(Dice& dice, bool whole) {
  Json spec = Json::object();
  if (whole || dice.OneIn(4)) {
    spec["selector"]["matchLabels"] = {{"app", "web"}};
    if (dice.OneIn(25)) spec["selector"]["matchLabels"]["team"] = "x";
    spec["template"] = AnyTemplate(dice, whole, "web");
  } else if (dice.OneIn(2)) {
    spec["template"] = AnyTemplate(dice, false, "web");
  }
  if (dice.OneIn(2)) spec["replicas"] = Either(dice, {0, 1, 2, 3, nullptr}, {-1, "2"});
  if (dice.OneIn(5)) spec["minReadySeconds"] = Either(dice, {0, 5}, {-5});
  if (dice.OneIn(6)) spec["revisionHistoryLimit"] = Either(dice, {0, 10}, {-1});
  return spec;
}

Json AnyDeployment(Dice& dice, bool whole) {
  Json spec = AnyWorkload(dice, whole);
  if (dice.OneIn(6)) spec["paused"] = dice.OneIn(2);
  if (dice.OneIn(6)) spec["progressDeadlineSeconds"] = Either(dice, {60, 600}, {0, 3});
  if (dice.OneIn(3)) {
    Json strategy = Json::object();
    if (dice.OneIn(2)) strategy["type"] = Either(dice, {"RollingUpdate", "Recreate"}, {"Sideways"});
    if (dice.OneIn(2)) {
      if (dice.OneIn(2)) strategy["rollingUpdate"]["maxSurge"] = Either(dice, {1, "25%", "100%", 0}, {"x", -1});
      if (dice.OneIn(2)) strategy["rollingUpdate"]["maxUnavailable"] = Either(dice, {1, "50%", 0}, {"200%", "-5%"});
    }
    spec["strategy"] = std::move(strategy);
  }
  return spec;
}

Json AnyStatefulSet(Dice& dice, bool whole) {
  Json spec = AnyWorkload(dice, whole);
  if (whole) spec["serviceName"] = dice.OneIn(20) ? "other" : "db";
  if (dice.OneIn(5)) spec["podManagementPolicy"] = Either(dice, {"OrderedReady"}, {"Parallel", "Any"});
  if (dice.OneIn(3)) {
    spec["updateStrategy"] = {{"type", Either(dice, {"RollingUpdate", "OnDelete"}, {"Recreate"})}};
    if (spec["updateStrategy"]["type"] == "RollingUpdate" && dice.OneIn(2)) {
      spec["updateStrategy"]["rollingUpdate"] = {{"partition", Either(dice, {0, 1, 2}, {-1})}};
    }
  }
  if (dice.OneIn(8)) spec["ordinals"] = {{"start", Either(dice, {0, 2}, {-1})}};
  return spec;
}

// Of no controller's: it would be written to.
Json AnyJob(Dice& dice, bool whole) {
  Json spec = Json::object();
  if (whole || dice.OneIn(4)) {
    spec["template"] = AnyTemplate(dice, whole, "job");
    // Without any, an applied Job takes those that are generated.
    spec["template"]["metadata"]["labels"]["app"] = "job";
    spec["template"]["spec"]["restartPolicy"] = Either(dice, {"Never"}, {"Always", "OnFailure"});
  }
  if (dice.OneIn(3)) spec["parallelism"] = Either(dice, {0, 1, 2}, {-1});
  if (dice.OneIn(4)) spec["completions"] = Either(dice, {1, 2}, {-1});
  if (dice.OneIn(3)) spec["backoffLimit"] = Either(dice, {0, 2, 6}, {-1});
  if (dice.OneIn(3)) spec["suspend"] = dice.OneIn(2);
  if (dice.OneIn(4)) spec["activeDeadlineSeconds"] = Either(dice, {60, 120}, {-5});
  if (dice.OneIn(4)) spec["ttlSecondsAfterFinished"] = Either(dice, {0, 60}, {-1});
  if (dice.OneIn(6)) spec["podReplacementPolicy"] = Either(dice, {"Failed", "TerminatingOrFailed"}, {"Never"});
  return spec;
}

Json AnyService(Dice& dice, bool whole) {
  Json spec = Json::object();
  if (whole || dice.OneIn(2)) {
    spec["ports"] = Json::array();
    for (const int port : {80, 443}) {
      if (!dice.OneIn(2) && !(whole && port == 80)) continue;
      Json item = {{"name", fmt::format("p{}", port)}, {"port", port}};
      if (dice.OneIn(2)) item["targetPort"] = Either(dice, {8080, "http", 80}, {"not a port!", 0});
      if (dice.OneIn(4)) item["protocol"] = Either(dice, {"TCP", "UDP"}, {"HTTP"});
      spec["ports"].push_back(std::move(item));
    }
    if (whole && dice.OneIn(30)) spec["ports"] = Json::array();
  }
  if (dice.OneIn(2)) {
    spec["selector"] = dice.Of(std::vector<Json>{{{"app", "x"}}, {{"app", "y"}, {"team", "x"}}, Json::object()});
  }
  if (dice.OneIn(6)) spec["sessionAffinity"] = Either(dice, {"None", "ClientIP"}, {"Cookie"});
  if (dice.OneIn(8)) spec["publishNotReadyAddresses"] = dice.OneIn(2);
  return spec;
}

Json AnyAutoscaler(Dice& dice, bool whole) {
  Json spec = Json::object();
  if (whole || dice.OneIn(3)) {
    spec["scaleTargetRef"] = {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", dice.OneIn(2) ? "a" : "b"}};
  }
  if (whole || dice.OneIn(2)) spec["maxReplicas"] = Either(dice, {3, 5, 10}, {0, "3"});
  if (dice.OneIn(2)) spec["minReplicas"] = Either(dice, {1, 2, nullptr}, {0, 20});
  if (dice.OneIn(2)) {
    const Json target = {{"type", "Utilization"}, {"averageUtilization", Either(dice, {50, 80}, {0})}};
    spec["metrics"] = Json::array({{{"type", "Resource"}, {"resource", {{"name", "cpu"}, {"target", target}}}}});
  }
  if (dice.OneIn(4)) {
    spec["behavior"] = {{"scaleDown", {{"stabilizationWindowSeconds", Either(dice, {0, 60}, {-1, 5000})}}}};
  }
  return spec;
}

Json AnyBudget(Dice& dice, bool whole) {
  Json spec = Json::object();
  if (whole || dice.OneIn(2)) {
    spec["selector"]["matchLabels"] =
        dice.Of(std::vector<Json>{{{"app", "x"}}, {{"app", "y"}}, {{"app", "x"}, {"team", "x"}}});
  }
  if (dice.OneIn(2)) spec["minAvailable"] = Either(dice, {1, 2, "50%"}, {-1, "x", "200%"});
  if (dice.OneIn(4)) spec["maxUnavailable"] = Either(dice, {1, "25%"}, {-1});
  return spec;
}

Json AnyRollout(Dice& dice, bool whole) {
  Json spec = Json::object();
  if (whole || dice.OneIn(2)) spec["bundle"] = dice.OneIn(2) ? "one" : "two";
  if (whole || dice.OneIn(2)) spec["digest"] = std::string(64, dice.OneIn(2) ? 'a' : 'b');
  if (whole || dice.OneIn(2)) spec["revision"] = std::string(8, dice.OneIn(2) ? 'a' : 'b');
  if (whole || dice.OneIn(2)) {
    spec["source"] = {{"repository", "r"}, {"ref", "main"}, {"commit", std::string(40, dice.OneIn(2) ? 'a' : 'b')}};
    if (dice.OneIn(3)) spec["source"]["file"] = "x.plan";
  }
  if (dice.OneIn(4)) spec["onRemoval"] = dice.OneIn(2) ? "keep" : "delete";
  return spec;
}

Json AnyConfigMap(Dice& dice) {
  Json content = Json::object();
  if (!dice.OneIn(4)) {
    Json data = Json::object();
    for (const char* key : {"k", "l", "m"}) {
      if (dice.OneIn(2)) data[key] = Either(dice, {"1", "2", ""}, {5});
    }
    content["data"] = std::move(data);
  }
  if (dice.OneIn(8)) content["binaryData"] = {{"b", dice.OneIn(2) ? "AAA=" : "AAE="}};
  if (dice.OneIn(20)) content["immutable"] = dice.OneIn(2);
  return content;
}

}  // namespace

Json AnyContent(Dice& dice, const Kind& kind, bool whole) {
  Json content = Json::object();
  if (kind == kConfigMaps) content = AnyConfigMap(dice);
  if (kind == kServices) content["spec"] = AnyService(dice, whole);
  if (kind == kDeployments) content["spec"] = AnyDeployment(dice, whole);
  if (kind == kStatefulSets) content["spec"] = AnyStatefulSet(dice, whole);
  if (kind == kJobs) content["spec"] = AnyJob(dice, whole);
  if (kind == kAutoscalers) content["spec"] = AnyAutoscaler(dice, whole);
  if (kind == kBudgets) content["spec"] = AnyBudget(dice, whole);
  if (kind == kRolloutObjects) content["spec"] = AnyRollout(dice, whole);
  if (!whole && dice.OneIn(4)) content.erase("spec");
  AddMetadata(dice, kind, content);
  // Who says nothing at all owns nothing.
  if (!content.contains("spec") && !content.contains("data")) content["metadata"]["annotations"] = {{"note", "1"}};
  return content;
}

Json AnyOwners(Dice& dice) {
  Json owners = Json::array();
  for (const char* name : {"a", "b"}) {
    if (!dice.OneIn(2)) continue;
    const Kind kind = dice.OneIn(2) ? kConfigMaps : kRolloutObjects;
    Json owner = {{"apiVersion", kind.api_version},
                  {"kind", kind.kind},
                  {"name", name},
                  {"uid", fmt::format("uid of {} {}", kind.kind, name)}};
    if (dice.OneIn(3)) owner["blockOwnerDeletion"] = dice.OneIn(2);
    if (dice.OneIn(4)) owner["controller"] = dice.OneIn(2);
    owners.push_back(std::move(owner));
  }
  return owners;
}

Json AnyStatus(Dice& dice, const Kind& kind) {
  if (dice.OneIn(6)) return Json::object();
  const int count = dice.Below(3);
  if (kind == kRolloutObjects) return {{"step", fmt::format("{}", count)}};
  if (kind == kAutoscalers) return {{"currentReplicas", count}, {"desiredReplicas", 1}};
  if (kind == kBudgets) {
    return {{"currentHealthy", count}, {"desiredHealthy", 1}, {"disruptionsAllowed", 0}, {"expectedPods", 2}};
  }
  if (kind == kJobs) return {{"active", count}};
  return {{"replicas", count}, {"observedGeneration", 1}};
}

}  // namespace sluice::cluster
