// policy/v1 Eviction: the subresource by which a node is drained.
#pragma once

#include "reconciler/apiserver/call.h"

namespace sluice::apiserver {

// 201 once the pod is being deleted; 429 while its disruption budget lets none go.
serve::Response EvictPod(const Call& call, embedded::Store& store, TimePoint now);

}  // namespace sluice::apiserver
