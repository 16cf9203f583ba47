// The names that Sluice's objects, labels and annotations carry in a cluster.
#pragma once

namespace sluice::graph {

inline constexpr const char* kApiVersion = "sluice.dev/v1alpha1";
inline constexpr const char* kRolloutKind = "Rollout";
inline constexpr const char* kBundleKind = "RolloutBundle";
inline constexpr const char* kCommandKind = "RolloutCommand";

inline constexpr const char* kServiceLabel = "sluice.dev/service";
inline constexpr const char* kRevisionLabel = "sluice.dev/revision";
inline constexpr const char* kRolloutLabel = "sluice.dev/rollout";   // on workloads, Services, router objects
inline constexpr const char* kPlanSetLabel = "sluice.dev/plan-set";  // on what the syncer applies
inline constexpr const char* kOwnerAnnotation = "sluice.dev/owner";  // the Rollout's uid
inline constexpr const char* kEpochAnnotation = "sluice.dev/epoch";
inline constexpr const char* kExecutorManager = "sluice-executor";

}  // namespace sluice::graph
