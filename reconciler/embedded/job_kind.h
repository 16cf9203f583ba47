// What the API server knows of Jobs (pkg/apis/batch, pkg/registry/batch/job).
#pragma once

#include "compiler/base/result.h"
#include "reconciler/embedded/fields.h"

namespace sluice::embedded {

// The labels that a Job's pods have, and their former names.
inline constexpr const char* kControllerUidLabel = "batch.kubernetes.io/controller-uid";
inline constexpr const char* kJobNameLabel = "batch.kubernetes.io/job-name";
inline constexpr const char* kLegacyControllerUidLabel = "controller-uid";
inline constexpr const char* kLegacyJobNameLabel = "job-name";

// Defaults of `job`, whose pod template has its own.
void FillJob(Json& job);

// Of a new Job: the selector and the labels of its pods by its uid and name, unless spec.manualSelector; and its own
// labels where it has none.
void FillJobSelector(Json& job);

// kInvalid if it may not be. A Job without a uid is yet to be created, and FillJobSelector to come.
Result<void> ValidateJob(const Json& job);
// kInvalid if `after` may not follow `before`.
Result<void> ValidateJobChange(const Json& before, const Json& after);

// Whether a Job has none of its own labels, and its pods have some: it has theirs then.
bool TakesLabels(const Json& job);
void TakeLabels(Json& job);

}  // namespace sluice::embedded
