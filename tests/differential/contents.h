// What the objects of random operations say, by kind.
#pragma once

#include "tests/differential/operations.h"

namespace sluice::cluster {

inline const Kind kConfigMaps{"v1", "ConfigMap"};
inline const Kind kServices{"v1", "Service"};
inline const Kind kDeployments{"apps/v1", "Deployment"};
inline const Kind kStatefulSets{"apps/v1", "StatefulSet"};
inline const Kind kJobs{"batch/v1", "Job"};
inline const Kind kAutoscalers{"autoscaling/v2", "HorizontalPodAutoscaler"};
inline const Kind kBudgets{"policy/v1", "PodDisruptionBudget"};
inline const Kind kRolloutObjects{"sluice.dev/v1alpha1", "Rollout"};

// metadata beside the name, and what else such an object has. `whole`: enough to make one; else any part of it.
Json AnyContent(Dice& dice, const Kind& kind, bool whole);
// metadata.ownerReferences, to objects of the names that operations use.
Json AnyOwners(Dice& dice);
// A value of `status` of that kind.
Json AnyStatus(Dice& dice, const Kind& kind);

}  // namespace sluice::cluster
