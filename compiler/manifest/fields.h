// Where the fields of a service's objects were written, as far as clauses or the files of a service `from` files say
// them; see PatchFields for the others.
#pragma once

#include <vector>

#include "compiler/check/checked_plan.h"

namespace sluice::manifest {

// Of the Deployment. `drain`: where its rollout says it, unknown if nowhere.
std::vector<check::FieldSpan> DeploymentFields(const check::Service& service, source::Span drain);

// Of the Service.
std::vector<check::FieldSpan> ServiceFields(const check::Service& service);

// Of the ConfigMap of one `config`.
std::vector<check::FieldSpan> ConfigFields(const check::Service& service, const check::Config& config);

// Of the HorizontalPodAutoscaler.
std::vector<check::FieldSpan> AutoscalerFields(const check::Service& service);

// Of the PodDisruptionBudget.
std::vector<check::FieldSpan> BudgetFields(const check::Service& service);

}  // namespace sluice::manifest
