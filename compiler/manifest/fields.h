// Where the fields of a service's objects were written.
#pragma once

#include <vector>

#include "compiler/check/checked_plan.h"

namespace sluice::manifest {

// Of the Deployment. `drain`: where its rollout says it, unknown if nowhere.
std::vector<check::FieldSpan> DeploymentFields(const check::Service& service, source::Span drain);

// Of the Service.
std::vector<check::FieldSpan> ServiceFields(const check::Service& service);

// Of the PodDisruptionBudget.
std::vector<check::FieldSpan> BudgetFields(const check::Service& service);

}  // namespace sluice::manifest
