// The names that Sluice's objects, labels and annotations carry in a cluster, and how names of its API are put
// together.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::graph {

inline constexpr const char* kApiVersion = "sluice.dev/v1alpha1";
inline constexpr const char* kRolloutKind = "Rollout";
inline constexpr const char* kBundleKind = "RolloutBundle";
inline constexpr const char* kCommandKind = "RolloutCommand";

inline constexpr const char* kBudgetApiVersion = "policy/v1";
inline constexpr const char* kBudgetKind = "PodDisruptionBudget";
inline constexpr const char* kAutoscalerApiVersion = "autoscaling/v2";
inline constexpr const char* kAutoscalerKind = "HorizontalPodAutoscaler";
inline constexpr const char* kConfigMapKind = "ConfigMap";  // of apiVersion v1

inline constexpr const char* kJobApiVersion = "batch/v1";
inline constexpr const char* kJobKind = "Job";

inline constexpr const char* kServiceLabel = "sluice.dev/service";
inline constexpr const char* kRevisionLabel = "sluice.dev/revision";
// What the Deployment controller puts on the pods of one ReplicaSet.
inline constexpr const char* kPodHashLabel = "pod-template-hash";
inline constexpr const char* kRolloutLabel = "sluice.dev/rollout";   // on workloads, Services, router objects
inline constexpr const char* kPlanSetLabel = "sluice.dev/plan-set";  // on what the syncer applies
inline constexpr const char* kSourceLabel = "sluice.dev/source";     // on the state of a source: "true"
inline constexpr const char* kOwnerAnnotation = "sluice.dev/owner";  // the Rollout's uid
inline constexpr const char* kEpochAnnotation = "sluice.dev/epoch";
// On a Deployment that was taken over: kPodHashLabel of its pods. On a StatefulSet: the revision that it was taken over
// as, and the pod template that its pods have, as JSON, while a way back may need it.
inline constexpr const char* kAdoptedAnnotation = "sluice.dev/adopted";
inline constexpr const char* kAdoptedTemplateAnnotation = "sluice.dev/adopted-template";
// On a StatefulSet: the revision of the pods below its partition.
inline constexpr const char* kBelowAnnotation = "sluice.dev/below-partition";
inline constexpr const char* kExecutorManager = "sluice-executor";

// The group of an API version: "apps" of "apps/v1", "" of "v1". A kind's name is its own only within its group
// (`Service` is also Knative's), and an object is the same in every version of its group.
inline std::string_view GroupOf(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

}  // namespace sluice::graph
