#include "reconciler/embedded/kinds.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/embedded/autoscaler_kind.h"
#include "reconciler/embedded/job_kind.h"
#include "reconciler/embedded/stateful_set_kind.h"

namespace sluice::embedded {
namespace {

template <std::size_t N>
bool OneOf(std::string_view text, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), text) != names.end();
}

void FillPod(Json& spec) {
  if (!spec.is_object()) return;
  Default(spec, "restartPolicy", "Always");
  Default(spec, "terminationGracePeriodSeconds", 30);
  Default(spec, "dnsPolicy", "ClusterFirst");
  auto containers = spec.find("containers");
  if (containers == spec.end() || !containers->is_array()) return;
  for (Json& container : *containers) {
    if (!container.is_object()) continue;
    Default(container, "imagePullPolicy", "IfNotPresent");
    auto ports = container.find("ports");
    if (ports == container.end() || !ports->is_array()) continue;
    for (Json& port : *ports) {
      if (port.is_object()) Default(port, "protocol", "TCP");
    }
  }
}

void FillTemplate(Json& spec) {
  auto found = spec.find("template");
  if (found == spec.end() || !found->is_object()) return;
  auto pod = found->find("spec");
  if (pod != found->end()) FillPod(*pod);
}

void FillDeployment(Json& spec) {
  Default(spec, "replicas", 1);
  Default(spec, "revisionHistoryLimit", 10);
  Default(spec, "progressDeadlineSeconds", 600);
  Default(spec, "strategy", Json::object());
  Json& strategy = spec["strategy"];
  if (strategy.is_object()) {
    Default(strategy, "type", "RollingUpdate");
    if (strategy["type"] == "RollingUpdate") {
      Default(strategy, "rollingUpdate", Json::object());
      Default(strategy["rollingUpdate"], "maxSurge", "25%");
      Default(strategy["rollingUpdate"], "maxUnavailable", "25%");
    }
  }
  FillTemplate(spec);
}

void FillService(Json& spec) {
  Default(spec, "type", "ClusterIP");
  Default(spec, "sessionAffinity", "None");
  auto ports = spec.find("ports");
  if (ports == spec.end() || !ports->is_array()) return;
  for (Json& port : *ports) {
    if (!port.is_object()) continue;
    Default(port, "protocol", "TCP");
    if (port.contains("port")) Default(port, "targetPort", port["port"]);
  }
}

void FillRoute(Json& spec) {
  auto rules = spec.find("rules");
  if (rules == spec.end() || !rules->is_array()) return;
  for (Json& rule : *rules) {
    auto backends = rule.is_object() ? rule.find("backendRefs") : rule.end();
    if (!rule.is_object() || backends == rule.end() || !backends->is_array()) continue;
    for (Json& backend : *backends) {
      if (!backend.is_object()) continue;
      Default(backend, "group", "");
      Default(backend, "kind", "Service");
      Default(backend, "weight", 1);
    }
  }
}

bool ValidName(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
  });
}

Error Invalid(const Json& object, std::string_view what) {
  return Error{ErrorCode::kInvalid, fmt::format("{}: {}", ToString(cluster::KeyOf(object)), what)};
}

Result<void> ValidateWorkload(const Json& object) {
  const Json* selector = Find(object, {"spec", "selector", "matchLabels"});
  if (selector == nullptr || !selector->is_object() || selector->empty()) {
    return Invalid(object, "spec.selector: Required value");
  }
  const Json* pod_template = Find(object, {"spec", "template"});
  if (pod_template == nullptr || !Selects(*selector, *pod_template)) {
    return Invalid(object, "spec.template.metadata.labels: `selector` does not match template `labels`");
  }
  if (List(*pod_template, {"spec", "containers"}).empty()) {
    return Invalid(object, "spec.template.spec.containers: Required value");
  }
  if (Integer(object, {"spec", "replicas"}) < 0) {
    return Invalid(object, "spec.replicas: must be greater than or equal to 0");
  }
  return {};
}

}  // namespace

bool BuiltIn(const Kind& kind) {
  static constexpr std::array<std::string_view, 9> kGroups = {"",
                                                              "apps",
                                                              "batch",
                                                              "autoscaling",
                                                              "policy",
                                                              "networking.k8s.io",
                                                              "discovery.k8s.io",
                                                              "rbac.authorization.k8s.io",
                                                              "coordination.k8s.io"};
  return OneOf(graph::GroupOf(kind.api_version), kGroups);
}

bool ClusterScoped(const Kind& kind) {
  static constexpr std::array<std::string_view, 14> kKinds = {"Namespace",
                                                              "Node",
                                                              "PersistentVolume",
                                                              "ClusterRole",
                                                              "ClusterRoleBinding",
                                                              "CustomResourceDefinition",
                                                              "StorageClass",
                                                              "PriorityClass",
                                                              "GatewayClass",
                                                              "IngressClass",
                                                              "ValidatingAdmissionPolicy",
                                                              "ValidatingAdmissionPolicyBinding",
                                                              "MutatingWebhookConfiguration",
                                                              "ValidatingWebhookConfiguration"};
  return OneOf(kind.kind, kKinds);
}

bool HasGeneration(const Kind& kind) {
  static constexpr std::array<std::string_view, 12> kWithout = {"Service",
                                                                "ConfigMap",
                                                                "Secret",
                                                                "Namespace",
                                                                "Node",
                                                                "ServiceAccount",
                                                                "Event",
                                                                "Lease",
                                                                "Endpoints",
                                                                "ResourceQuota",
                                                                "ControllerRevision",
                                                                "HorizontalPodAutoscaler"};
  return !(BuiltIn(kind) && OneOf(kind.kind, kWithout)) && kind.kind != "Event";
}

void FillDefaults(const Kind& kind, Json& object) {
  auto spec = object.find("spec");
  if (spec == object.end() || !spec->is_object()) return;
  if (kind == kDeployment) FillDeployment(*spec);
  if (kind == kReplicaSet) {
    Default(*spec, "replicas", 1);
    FillTemplate(*spec);
  }
  if (kind == kStatefulSet) {
    FillStatefulSet(*spec);
    FillTemplate(*spec);
  }
  if (kind == kJob) {
    FillTemplate(*spec);
    FillJob(object);
  }
  if (kind == kAutoscaler) FillAutoscaler(object);
  if (kind == kPod) FillPod(*spec);
  if (kind == kService) FillService(*spec);
  if (kind == kHttpRoute) FillRoute(*spec);
}

void FillGenerated(const Kind& kind, Json& object) {
  if (kind == kJob) FillJobSelector(object);
}

Result<void> Validate(const ObjectKey& key, const Json& object) {
  if (key.kind.api_version.empty() || key.kind.kind.empty()) {
    return Invalid(object, "apiVersion and kind are required");
  }
  if (!ValidName(key.name)) {
    return Invalid(object, fmt::format("metadata.name: Invalid value: \"{}\": not a DNS subdomain", key.name));
  }
  if (ClusterScoped(key.kind) != key.namespace_.empty()) {
    return Invalid(object, ClusterScoped(key.kind) ? "metadata.namespace: a cluster-scoped object has none"
                                                   : "metadata.namespace: an empty namespace may not be set");
  }
  if (key.kind == kDeployment || key.kind == kReplicaSet) return ValidateWorkload(object);
  if (key.kind == kStatefulSet) {
    auto valid = ValidateWorkload(object);
    return valid.ok() ? ValidateStatefulSet(object) : valid;
  }
  if (key.kind == kJob) return ValidateJob(object);
  if (key.kind == kAutoscaler) return ValidateAutoscaler(object);
  if (key.kind == kDisruptionBudget && Find(object, {"spec", "minAvailable"}) != nullptr &&
      Find(object, {"spec", "maxUnavailable"}) != nullptr) {
    return Invalid(object, "spec: Invalid value: minAvailable and maxUnavailable cannot be both set");
  }
  if (key.kind == kService && key.name.size() > 63) return Invalid(object, "metadata.name: at most 63 characters");
  return {};
}

Result<void> ValidateChange(const Kind& kind, const Json& before, const Json& after) {
  if (kind == kDeployment || kind == kReplicaSet) {
    const Json* was = Find(before, {"spec", "selector"});
    const Json* is = Find(after, {"spec", "selector"});
    if (was != nullptr && (is == nullptr || *was != *is)) {
      return Invalid(after, "spec.selector: Invalid value: field is immutable");
    }
  }
  if (kind == kStatefulSet) {
    if (auto valid = ValidateStatefulSetChange(before, after); !valid.ok()) return valid;
  }
  if (kind == kControllerRevision && before.value("data", Json()) != after.value("data", Json())) {
    return Invalid(after, "data: Invalid value: field is immutable");
  }
  if (kind == kJob) {
    if (auto valid = ValidateJobChange(before, after); !valid.ok()) return valid;
  }
  if (Terminating(before)) {
    for (const Json& finalizer : List(after, {"metadata", "finalizers"})) {
      const Json& had = List(before, {"metadata", "finalizers"});
      if (std::find(had.begin(), had.end(), finalizer) == had.end()) {
        return Invalid(after,
                       "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being "
                       "deleted, found new finalizers " +
                           finalizer.dump());
      }
    }
  }
  const bool data = kind == kConfigMap || kind == Kind{"v1", "Secret"};
  for (const char* field : {"data", "binaryData"}) {
    if (data && Flag(before, {"immutable"}) && before.value(field, Json()) != after.value(field, Json())) {
      return Invalid(after, fmt::format("{}: Forbidden: field is immutable when `immutable` is set", field));
    }
  }
  return {};
}

std::vector<std::string> ListKeys(const Kind& kind, const std::vector<std::string>& path) {
  if (path.empty()) return {};
  const std::string& name = path.back();
  if (path.size() == 2 && path[0] == "metadata") {
    if (name == "ownerReferences") return {"uid"};
    if (name == "finalizers") return {""};
  }
  if (path[0] == "status" && name == "conditions") return {"type"};
  if (!BuiltIn(kind)) return {};
  static constexpr std::array<std::string_view, 8> kByName = {"containers", "initContainers", "ephemeralContainers",
                                                              "env",        "volumes",        "imagePullSecrets",
                                                              "secrets",    "resourceClaims"};
  if (OneOf(name, kByName)) return {"name"};
  if (name == "volumeMounts") return {"mountPath"};
  if (name == "volumeDevices") return {"devicePath"};
  if (name == "hostAliases") return {"ip"};
  if (name == "topologySpreadConstraints") return {"topologyKey", "whenUnsatisfiable"};
  if (name == "ports" && kind == kService) return {"port", "protocol"};
  if (name == "ports" && path.size() >= 2 && path[path.size() - 2] == "*") return {"containerPort", "protocol"};
  return {};
}

bool AtomicMap(const Kind& kind, const std::vector<std::string>& path) {
  static constexpr std::array<std::string_view, 7> kNames = {
      "selector", "labelSelector", "nodeSelector", "configMapKeyRef", "secretKeyRef", "fieldRef", "resourceFieldRef"};
  return !path.empty() && OneOf(path.back(), kNames) && BuiltIn(kind);
}

}  // namespace sluice::embedded
