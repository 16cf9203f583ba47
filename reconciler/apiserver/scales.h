// autoscaling/v1 Scale: the subresource of what has replicas.
#pragma once

#include "reconciler/cluster/json.h"

namespace sluice::apiserver {

// Of a workload: its identity, spec.replicas, status.replicas and selector.
cluster::Json ScaleOf(const cluster::Json& workload);

}  // namespace sluice::apiserver
