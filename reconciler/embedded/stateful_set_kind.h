// What the API server knows of StatefulSets (pkg/apis/apps, pkg/registry/apps/statefulset).
#pragma once

#include "compiler/base/result.h"
#include "reconciler/embedded/fields.h"

namespace sluice::embedded {

// Defaults of `spec`, whose pod template has its own.
void FillStatefulSet(Json& spec);

// kInvalid if it may not be, beyond what is asked of every workload. Defaults may be yet to come.
Result<void> ValidateStatefulSet(const Json& set);
// kInvalid if `after` may not follow `before`.
Result<void> ValidateStatefulSetChange(const Json& before, const Json& after);

}  // namespace sluice::embedded
