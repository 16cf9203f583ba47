// What the API server knows of the built-in kinds: scope, defaults, what may not change, list keys.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/base/result.h"
#include "reconciler/embedded/fields.h"

namespace sluice::embedded {

inline const Kind kDeployment{"apps/v1", "Deployment"};
inline const Kind kReplicaSet{"apps/v1", "ReplicaSet"};
inline const Kind kStatefulSet{"apps/v1", "StatefulSet"};
inline const Kind kControllerRevision{"apps/v1", "ControllerRevision"};
inline const Kind kJob{"batch/v1", "Job"};
inline const Kind kAutoscaler{"autoscaling/v2", "HorizontalPodAutoscaler"};
inline const Kind kPod{"v1", "Pod"};
inline const Kind kConfigMap{"v1", "ConfigMap"};
inline const Kind kDisruptionBudget{"policy/v1", "PodDisruptionBudget"};
inline const Kind kService{"v1", "Service"};
inline const Kind kNamespace{"v1", "Namespace"};
inline const Kind kResourceQuota{"v1", "ResourceQuota"};
inline const Kind kEndpointSlice{"discovery.k8s.io/v1", "EndpointSlice"};
inline const Kind kHttpRoute{"gateway.networking.k8s.io/v1", "HTTPRoute"};

// By which a deletion waits for the garbage collector.
inline constexpr const char* kForegroundFinalizer = "foregroundDeletion";
inline constexpr const char* kOrphanFinalizer = "orphan";

// Kinds outside Kubernetes' own groups are custom resources: namespaced, their lists atomic.
bool BuiltIn(const Kind& kind);
bool ClusterScoped(const Kind& kind);
// Service, ConfigMap … carry no metadata.generation.
bool HasGeneration(const Kind& kind);

// Fills in what the API server fills in, as far as somebody reads it.
void FillDefaults(const Kind& kind, Json& object);

// Fills in what hangs on the uid of a new object, which has one now.
void FillGenerated(const Kind& kind, Json& object);

// Fills in what a status always says, as that of a new object.
void FillStatus(const Kind& kind, Json& object);

// kInvalid if the new object may not be, or may not follow the old one.
Result<void> Validate(const ObjectKey& key, const Json& object);
Result<void> ValidateChange(const Kind& kind, const Json& before, const Json& after);

// How a list at `path` (names and list keys from the object's root, list items as "*") merges: the fields
// that tell its items apart; empty for an atomic list. `{""}` for a set of scalars.
std::vector<std::string> ListKeys(const Kind& kind, const std::vector<std::string>& path);
// Whether the object at `path` is one value for field ownership (selectors).
bool AtomicMap(const Kind& kind, const std::vector<std::string>& path);

}  // namespace sluice::embedded
