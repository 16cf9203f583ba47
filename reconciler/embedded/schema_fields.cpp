#include "reconciler/embedded/schema_fields.h"

#include "reconciler/embedded/kinds.h"

namespace sluice::embedded {
namespace {

constexpr Field kCommon[] = {
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
    {"spec.containers[].terminationMessagePolicy", Type::kText},
    {"spec.schedulingGates[]", Type::kObject},
    {"spec.schedulingGates[].name", Type::kText},
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

constexpr Field kJobs[] = {
    {"spec", Type::kObject},
    {"spec.parallelism", Type::kInteger},
    {"spec.completions", Type::kInteger},
    {"spec.completionMode", Type::kText},
    {"spec.backoffLimit", Type::kInteger},
    {"spec.activeDeadlineSeconds", Type::kInteger},
    {"spec.ttlSecondsAfterFinished", Type::kInteger},
    {"spec.suspend", Type::kFlag},
    {"spec.manualSelector", Type::kFlag},
    {"spec.managedBy", Type::kText},
    {"spec.podReplacementPolicy", Type::kText},
    {"spec.podFailurePolicy", Type::kObject},
    {"spec.successPolicy", Type::kObject},
    {"spec.backoffLimitPerIndex", Type::kInteger},
    {"spec.maxFailedIndexes", Type::kInteger},
    {"spec.selector", Type::kObject},
    {"spec.selector.matchLabels", Type::kTexts},
    {"spec.template", Type::kObject},
    {"spec.template.metadata", Type::kObject},
    {"spec.template.metadata.labels", Type::kTexts},
    {"spec.template.metadata.annotations", Type::kTexts},
    {"status.active", Type::kInteger},
    {"status.ready", Type::kInteger},
    {"status.succeeded", Type::kInteger},
    {"status.failed", Type::kInteger},
    {"status.terminating", Type::kInteger},
    {"status.startTime", Type::kText},
    {"status.completionTime", Type::kText},
    {"status.uncountedTerminatedPods", Type::kObject},
    {"status.uncountedTerminatedPods.succeeded[]", Type::kText},
    {"status.uncountedTerminatedPods.failed[]", Type::kText},
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

constexpr Field kDisruptionBudgets[] = {
    {"spec", Type::kObject},
    {"spec.minAvailable", Type::kIntegerOrText},
    {"spec.maxUnavailable", Type::kIntegerOrText},
    {"spec.selector", Type::kObject},
    {"spec.selector.matchLabels", Type::kTexts},
    {"spec.unhealthyPodEvictionPolicy", Type::kText},
    {"status", Type::kObject},
    {"status.disruptionsAllowed", Type::kInteger},
    {"status.currentHealthy", Type::kInteger},
    {"status.desiredHealthy", Type::kInteger},
    {"status.expectedPods", Type::kInteger},
    {"status.observedGeneration", Type::kInteger},
    {"status.disruptedPods", Type::kTexts},
    {"status.conditions[]", Type::kObject},
};

constexpr Field kConfigMaps[] = {{"data", Type::kTexts}, {"binaryData", Type::kTexts}, {"immutable", Type::kFlag}};
constexpr Field kSecrets[] = {{"data", Type::kTexts}, {"immutable", Type::kFlag}};

}  // namespace

Fields CommonFields() { return kCommon; }

Fields FieldsOf(const Kind& kind) {
  if (kind == kPod) return kPods;
  if (kind == kDeployment || kind == kReplicaSet) return kWorkloads;
  if (kind == kJob) return kJobs;
  if (kind == kService) return kServices;
  if (kind == kEndpointSlice) return kEndpointSlices;
  if (kind == kHttpRoute) return kRoutes;
  if (kind == kResourceQuota) return kQuotas;
  if (kind == kDisruptionBudget) return kDisruptionBudgets;
  if (kind == kConfigMap) return kConfigMaps;
  if (kind == Kind{"v1", "Secret"}) return kSecrets;
  return {};
}

}  // namespace sluice::embedded
