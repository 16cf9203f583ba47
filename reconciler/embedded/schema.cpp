#include "reconciler/embedded/schema.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "reconciler/embedded/kinds.h"

namespace sluice::embedded {
namespace {

enum class Type { kText, kInteger, kFlag, kObject, kTexts, kIntegerOrText };

// `[]` after a name: the field is a list, and what follows is said of each item.
struct Field {
  const char* path;
  Type type;
};

using Fields = std::span<const Field>;

constexpr Field kMetadata[] = {
    {"metadata", Type::kObject},
    {"metadata.name", Type::kText},
    {"metadata.namespace", Type::kText},
    {"metadata.uid", Type::kText},
    {"metadata.resourceVersion", Type::kText},
    {"metadata.creationTimestamp", Type::kText},
    {"metadata.deletionTimestamp", Type::kText},
    {"metadata.deletionGracePeriodSeconds", Type::kInteger},
    {"metadata.generation", Type::kInteger},
    {"metadata.labels", Type::kTexts},
    {"metadata.annotations", Type::kTexts},
    {"metadata.finalizers[]", Type::kText},
    {"metadata.ownerReferences[]", Type::kObject},
    {"metadata.ownerReferences[].apiVersion", Type::kText},
    {"metadata.ownerReferences[].kind", Type::kText},
    {"metadata.ownerReferences[].name", Type::kText},
    {"metadata.ownerReferences[].uid", Type::kText},
    {"metadata.ownerReferences[].controller", Type::kFlag},
    {"metadata.managedFields[]", Type::kObject},
    {"metadata.managedFields[].manager", Type::kText},
    {"metadata.managedFields[].operation", Type::kText},
    {"metadata.managedFields[].fieldsV1", Type::kObject},
};

constexpr Field kConditions[] = {
    {"status", Type::kObject},
    {"status.conditions[]", Type::kObject},
    {"status.conditions[].type", Type::kText},
    {"status.conditions[].status", Type::kText},
    {"status.conditions[].reason", Type::kText},
    {"status.conditions[].message", Type::kText},
    {"status.conditions[].lastTransitionTime", Type::kText},
};

constexpr Field kPods[] = {
    {"spec", Type::kObject},
    {"spec.nodeName", Type::kText},
    {"spec.restartPolicy", Type::kText},
    {"spec.dnsPolicy", Type::kText},
    {"spec.terminationGracePeriodSeconds", Type::kInteger},
    {"spec.containers[]", Type::kObject},
    {"spec.containers[].name", Type::kText},
    {"spec.containers[].image", Type::kText},
    {"spec.containers[].imagePullPolicy", Type::kText},
    {"spec.containers[].ports[]", Type::kObject},
    {"spec.containers[].ports[].name", Type::kText},
    {"spec.containers[].ports[].protocol", Type::kText},
    {"spec.containers[].ports[].containerPort", Type::kInteger},
    {"spec.containers[].env[]", Type::kObject},
    {"spec.containers[].env[].name", Type::kText},
    {"spec.containers[].lifecycle", Type::kObject},
    {"spec.containers[].lifecycle.preStop", Type::kObject},
    {"spec.containers[].readinessProbe", Type::kObject},
    {"status.phase", Type::kText},
    {"status.reason", Type::kText},
    {"status.podIP", Type::kText},
    {"status.startTime", Type::kText},
    {"status.containerStatuses[]", Type::kObject},
    {"status.containerStatuses[].name", Type::kText},
    {"status.containerStatuses[].ready", Type::kFlag},
    {"status.containerStatuses[].restartCount", Type::kInteger},
    {"status.containerStatuses[].state", Type::kObject},
    {"status.containerStatuses[].state.waiting", Type::kObject},
    {"status.containerStatuses[].state.waiting.reason", Type::kText},
    {"status.containerStatuses[].state.running", Type::kObject},
    {"status.containerStatuses[].state.terminated", Type::kObject},
    {"status.containerStatuses[].lastState", Type::kObject},
    {"status.containerStatuses[].lastState.terminated", Type::kObject},
};

constexpr Field kWorkloads[] = {
    {"spec", Type::kObject},
    {"spec.replicas", Type::kInteger},
    {"spec.paused", Type::kFlag},
    {"spec.minReadySeconds", Type::kInteger},
    {"spec.progressDeadlineSeconds", Type::kInteger},
    {"spec.revisionHistoryLimit", Type::kInteger},
    {"spec.selector", Type::kObject},
    {"spec.selector.matchLabels", Type::kTexts},
    {"spec.strategy", Type::kObject},
    {"spec.strategy.type", Type::kText},
    {"spec.strategy.rollingUpdate", Type::kObject},
    {"spec.strategy.rollingUpdate.maxSurge", Type::kIntegerOrText},
    {"spec.strategy.rollingUpdate.maxUnavailable", Type::kIntegerOrText},
    {"spec.template", Type::kObject},
    {"spec.template.metadata", Type::kObject},
    {"spec.template.metadata.labels", Type::kTexts},
    {"spec.template.metadata.annotations", Type::kTexts},
    {"status.observedGeneration", Type::kInteger},
    {"status.replicas", Type::kInteger},
    {"status.readyReplicas", Type::kInteger},
    {"status.updatedReplicas", Type::kInteger},
    {"status.availableReplicas", Type::kInteger},
    {"status.unavailableReplicas", Type::kInteger},
    {"status.fullyLabeledReplicas", Type::kInteger},
};

constexpr Field kServices[] = {
    {"spec", Type::kObject},
    {"spec.type", Type::kText},
    {"spec.clusterIP", Type::kText},
    {"spec.sessionAffinity", Type::kText},
    {"spec.selector", Type::kTexts},
    {"spec.ports[]", Type::kObject},
    {"spec.ports[].name", Type::kText},
    {"spec.ports[].protocol", Type::kText},
    {"spec.ports[].port", Type::kInteger},
    {"spec.ports[].targetPort", Type::kIntegerOrText},
};

constexpr Field kEndpointSlices[] = {
    {"addressType", Type::kText},
    {"ports[]", Type::kObject},
    {"ports[].name", Type::kText},
    {"ports[].protocol", Type::kText},
    {"ports[].port", Type::kInteger},
    {"endpoints[]", Type::kObject},
    {"endpoints[].addresses[]", Type::kText},
    {"endpoints[].conditions", Type::kObject},
    {"endpoints[].conditions.ready", Type::kFlag},
    {"endpoints[].conditions.serving", Type::kFlag},
    {"endpoints[].conditions.terminating", Type::kFlag},
    {"endpoints[].targetRef", Type::kObject},
    {"endpoints[].targetRef.kind", Type::kText},
    {"endpoints[].targetRef.name", Type::kText},
    {"endpoints[].targetRef.uid", Type::kText},
};

constexpr Field kRoutes[] = {
    {"spec", Type::kObject},
    {"spec.hostnames[]", Type::kText},
    {"spec.parentRefs[]", Type::kObject},
    {"spec.parentRefs[].kind", Type::kText},
    {"spec.parentRefs[].name", Type::kText},
    {"spec.parentRefs[].namespace", Type::kText},
    {"spec.parentRefs[].sectionName", Type::kText},
    {"spec.rules[]", Type::kObject},
    {"spec.rules[].name", Type::kText},
    {"spec.rules[].matches[]", Type::kObject},
    {"spec.rules[].matches[].method", Type::kText},
    {"spec.rules[].matches[].path", Type::kObject},
    {"spec.rules[].matches[].path.type", Type::kText},
    {"spec.rules[].matches[].path.value", Type::kText},
    {"spec.rules[].matches[].headers[]", Type::kObject},
    {"spec.rules[].matches[].headers[].type", Type::kText},
    {"spec.rules[].matches[].headers[].name", Type::kText},
    {"spec.rules[].matches[].headers[].value", Type::kText},
    {"spec.rules[].matches[].queryParams[]", Type::kObject},
    {"spec.rules[].matches[].queryParams[].type", Type::kText},
    {"spec.rules[].matches[].queryParams[].name", Type::kText},
    {"spec.rules[].matches[].queryParams[].value", Type::kText},
    {"spec.rules[].filters[]", Type::kObject},
    {"spec.rules[].filters[].type", Type::kText},
    {"spec.rules[].filters[].requestMirror", Type::kObject},
    {"spec.rules[].filters[].requestMirror.percent", Type::kInteger},
    {"spec.rules[].filters[].requestMirror.backendRef", Type::kObject},
    {"spec.rules[].filters[].requestMirror.backendRef.name", Type::kText},
    {"spec.rules[].filters[].requestMirror.backendRef.port", Type::kInteger},
    {"spec.rules[].backendRefs[]", Type::kObject},
    {"spec.rules[].backendRefs[].group", Type::kText},
    {"spec.rules[].backendRefs[].kind", Type::kText},
    {"spec.rules[].backendRefs[].name", Type::kText},
    {"spec.rules[].backendRefs[].namespace", Type::kText},
    {"spec.rules[].backendRefs[].port", Type::kInteger},
    {"spec.rules[].backendRefs[].weight", Type::kInteger},
    {"status.parents[]", Type::kObject},
    {"status.parents[].conditions[]", Type::kObject},
};

constexpr Field kQuotas[] = {{"spec", Type::kObject}, {"spec.hard", Type::kObject}};

constexpr Field kConfigMaps[] = {{"data", Type::kTexts}, {"immutable", Type::kFlag}};

const char* Name(Type type) {
  switch (type) {
    case Type::kText:
      return "a string";
    case Type::kInteger:
      return "an integer";
    case Type::kFlag:
      return "a boolean";
    case Type::kObject:
      return "an object";
    case Type::kTexts:
      return "an object of strings";
    case Type::kIntegerOrText:
      return "an integer or a string";
  }
  return "";
}

bool Is(const Json& value, Type type) {
  switch (type) {
    case Type::kText:
      return value.is_string();
    case Type::kInteger:
      return value.is_number_integer();
    case Type::kFlag:
      return value.is_boolean();
    case Type::kObject:
      return value.is_object();
    case Type::kTexts:
      return value.is_object() && std::all_of(value.begin(), value.end(),
                                              [](const Json& each) { return each.is_string() || each.is_null(); });
    case Type::kIntegerOrText:
      return value.is_number_integer() || value.is_string();
  }
  return false;
}

// What is wrong with the field at `path` below `at`, or "". A parent of another type has a row of its own.
std::string Wrong(const Json& at, std::string_view path, const Field& field) {
  if (path.empty()) {
    return at.is_null() || Is(at, field.type) ? "" : fmt::format("{}: must be {}", field.path, Name(field.type));
  }
  if (path.starts_with("[]")) {
    path.remove_prefix(path.starts_with("[].") ? 3 : 2);
    if (at.is_null()) return "";
    if (!at.is_array()) return fmt::format("{}: must be a list", std::string_view(field.path, path.data()));
    for (const Json& item : at) {
      if (item.is_null()) return fmt::format("{}: must be {}", field.path, Name(field.type));
      if (std::string wrong = Wrong(item, path, field); !wrong.empty()) return wrong;
    }
    return "";
  }
  const std::string_view name = path.substr(0, path.find_first_of(".["));
  path.remove_prefix(name.size());
  if (path.starts_with('.')) path.remove_prefix(1);
  const Json* member = Find(at, {name});
  return member == nullptr ? "" : Wrong(*member, path, field);
}

Result<void> Check(const Json& object, const Json& of, Fields fields) {
  for (const Field& field : fields) {
    std::string wrong = Wrong(of, field.path, field);
    if (!wrong.empty()) {
      return Error{ErrorCode::kInvalid, fmt::format("{}: {}", ToString(cluster::KeyOf(object)), wrong)};
    }
  }
  return {};
}

// Of one kind, beside what all have.
Fields FieldsOf(const Kind& kind) {
  if (kind == kPod) return kPods;
  if (kind == kDeployment || kind == kReplicaSet) return kWorkloads;
  if (kind == kService) return kServices;
  if (kind == kEndpointSlice) return kEndpointSlices;
  if (kind == kHttpRoute) return kRoutes;
  if (kind == kResourceQuota) return kQuotas;
  if (kind == Kind{"v1", "ConfigMap"} || kind == Kind{"v1", "Secret"}) return kConfigMaps;
  return {};
}

}  // namespace

void DropNulls(Json& json) {
  if (json.is_object()) {
    for (auto member = json.begin(); member != json.end();) {
      if (member->is_null()) {
        member = json.erase(member);
      } else {
        DropNulls(*member++);
      }
    }
  } else if (json.is_array()) {
    for (Json& item : json) DropNulls(item);
  }
}

Result<void> CheckTypes(const Json& object) {
  const Kind kind = cluster::KeyOf(object).kind;
  for (const Fields fields : {Fields(kMetadata), Fields(kConditions), FieldsOf(kind)}) {
    if (auto checked = Check(object, object, fields); !checked.ok()) return checked;
  }
  const Json* pod_template = Find(object, {"spec", "template"});
  const bool workload = kind == kDeployment || kind == kReplicaSet;
  return workload && pod_template != nullptr ? Check(object, *pod_template, kPods) : Result<void>();
}

}  // namespace sluice::embedded
