// Whether an object is what its spec asks for, by kstatus' rules.
#pragma once

#include "reconciler/cluster/cluster.h"

namespace sluice::sync {

enum class Health { kCurrent, kInProgress, kFailed };

// kstatus: nothing is Current while its observedGeneration is behind or it is being deleted; a Deployment,
// StatefulSet and DaemonSet by its counts; a Job when it is complete; conditions Stalled and Reconciling of
// anything else. Rollouts and bundles are current once they are there: how far a rollout is, is its own affair.
Health HealthOf(const cluster::Json& object);

}  // namespace sluice::sync
