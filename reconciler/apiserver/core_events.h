// Events are the same objects in two groups: stored as events.k8s.io/v1, served as v1 too (pkg/apis/core/v1 and
// pkg/apis/events/v1, conversion).
#pragma once

#include "reconciler/cluster/json.h"

namespace sluice::apiserver {

// An events.k8s.io/v1 Event as the v1 Event that it is, and back. What neither has by another name stays.
cluster::Json ToCoreEvent(cluster::Json event);
cluster::Json FromCoreEvent(cluster::Json event);

}  // namespace sluice::apiserver
