// ResourceQuota, as far as it counts pods: checked where the API server checks it, at the pod's creation.
#pragma once

#include "compiler/base/result.h"
#include "reconciler/embedded/fields.h"

namespace sluice::embedded {

class Store;

// kForbidden, in Kubernetes' words, if one more pod would exceed a quota of its namespace.
Result<void> CheckQuota(const Store& store, const Json& pod);

}  // namespace sluice::embedded
