// What the API server knows of the kinds that make pods of a template: Deployments, ReplicaSets, StatefulSets, Jobs.
#pragma once

#include <cstdint>

#include "compiler/base/result.h"
#include "reconciler/embedded/fields.h"

namespace sluice::embedded {

// A count of pods ("3" is none), or a percentage of them ("25%"); -1 for anything else.
std::int64_t CountOrPercent(const Json& value);

// Of a pod's spec.
void FillPod(Json& spec);
// Of `spec.template` in a workload's spec.
void FillTemplate(Json& spec);
void FillDeployment(Json& spec);

// kInvalid if a Deployment, ReplicaSet or StatefulSet may not be (pkg/apis/apps/validation), as far as all three have
// the fields.
Result<void> ValidateWorkload(const Json& object);
Result<void> ValidateDeployment(const Json& deployment);
// Of the template of any workload.
Result<void> ValidateTemplate(const Json& object);

}  // namespace sluice::embedded
