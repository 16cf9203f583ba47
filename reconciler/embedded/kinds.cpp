#include "reconciler/embedded/kinds.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/embedded/autoscaler_kind.h"
#include "reconciler/embedded/job_kind.h"
#include "reconciler/embedded/service_kind.h"
#include "reconciler/embedded/stateful_set_kind.h"
#include "reconciler/embedded/workload_kind.h"

namespace sluice::embedded {
namespace {

template <std::size_t N>
bool OneOf(std::string_view text, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), text) != names.end();
}

void FillRoute(Json& spec) {
  if (List(spec, {"rules"}).empty()) return;
  for (Json& rule : Items(spec["rules"])) {
    if (List(rule, {"backendRefs"}).empty()) continue;
    for (Json& backend : Items(rule["backendRefs"])) {
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

// A qualified name's part, or a label's value, which may be empty (validation.IsValidLabelValue).
bool ValidLabelPart(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  if (text.empty()) return true;
  return text.size() <= 63 && plain(text.front()) && plain(text.back()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return plain(c) || c == '-' || c == '_' || c == '.'; });
}

Result<void> ValidateMetadata(const Json& object) {
  for (const auto& [name, value] : LabelsOf(object)) {
    const std::string_view key = std::string_view(name).substr(name.find('/') + 1);
    if (!key.empty() && ValidLabelPart(key) && ValidLabelPart(value)) continue;
    return Invalid(object, fmt::format("metadata.labels: Invalid value: \"{}: {}\"", name, value));
  }
  const Json& owners = List(object, {"metadata", "ownerReferences"});
  const auto controls = [](const Json& owner) { return Flag(owner, {"controller"}); };
  if (std::count_if(owners.begin(), owners.end(), controls) > 1) {
    return Invalid(object,
                   "metadata.ownerReferences: Invalid value: only one reference can have Controller set to true");
  }
  return {};
}

Result<void> ValidateBudget(const Json& object) {
  const Json* available = Find(object, {"spec", "minAvailable"});
  const Json* unavailable = Find(object, {"spec", "maxUnavailable"});
  if (available != nullptr && unavailable != nullptr) {
    return Invalid(object, "spec: Invalid value: minAvailable and maxUnavailable cannot be both set");
  }
  for (const Json* count : {available, unavailable}) {
    if (count == nullptr || (CountOrPercent(*count) >= 0 && (count->is_number() || CountOrPercent(*count) <= 100)))
      continue;
    return Invalid(object, fmt::format("spec: Invalid value: {}: must be a count or a percentage", count->dump()));
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
  if (kind == kDisruptionBudget) Default(object, "spec", Json::object());
  Json* spec = MemberOf(object, "spec");
  if (spec == nullptr || !spec->is_object()) return;
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

void FillStatus(const Kind& kind, Json& object) {
  if (kind == kNamespace) Default(object, "status", {{"phase", "Active"}});
  if (kind == kPod) Default(object, "status", {{"phase", "Pending"}});
  const auto fill = [&](std::initializer_list<const char*> counts) {
    Default(object, "status", Json::object());
    for (const char* count : counts) Default(object["status"], count, 0);
  };
  if (kind == kDeployment || kind == kJob) fill({});
  if (kind == kReplicaSet) fill({"replicas"});
  if (kind == kStatefulSet) fill({"replicas", "availableReplicas"});
  if (kind == kAutoscaler) fill({"desiredReplicas"});
  if (kind == kDisruptionBudget) fill({"currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods"});
  if (kind == kService) {
    fill({});
    Default(object["status"], "loadBalancer", Json::object());
  }
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
  if (auto valid = ValidateMetadata(object); !valid.ok()) return valid;
  if (key.kind == kDeployment) return ValidateDeployment(object);
  if (key.kind == kReplicaSet) return ValidateWorkload(object);
  if (key.kind == kStatefulSet) {
    auto valid = ValidateWorkload(object);
    return valid.ok() ? ValidateStatefulSet(object) : valid;
  }
  if (key.kind == kJob) {
    auto valid = ValidateJob(object);
    return valid.ok() ? ValidateTemplate(object) : valid;
  }
  if (key.kind == kAutoscaler) return ValidateAutoscaler(object);
  if (key.kind == kDisruptionBudget) return ValidateBudget(object);
  if (key.kind == kService) return ValidateService(object);
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
  if (data && Flag(before, {"immutable"}) && !Flag(after, {"immutable"})) {
    return Invalid(after, "immutable: Forbidden: field is immutable when `immutable` is set");
  }
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
  // The references to owners tell each other apart by uid, and each is one value.
  if (path.size() == 3 && path[1] == "ownerReferences" && path[0] == "metadata") return true;
  return !path.empty() && OneOf(path.back(), kNames) && BuiltIn(kind);
}

}  // namespace sluice::embedded
