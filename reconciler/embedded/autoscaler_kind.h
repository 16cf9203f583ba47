// HorizontalPodAutoscalers as the API server has them: defaults and what may be
// (pkg/apis/autoscaling/v2/defaults.go, pkg/apis/autoscaling/validation).
#pragma once

#include "compiler/base/result.h"
#include "reconciler/embedded/fields.h"

namespace sluice::embedded {

// Fills in what an autoscaler's author left out, and writes its quantities as the API server does. The limits of a
// behavior are filled in only where there is one.
void FillAutoscaler(Json& autoscaler);

// kInvalid with all that is wrong with it, in the API server's words.
Result<void> ValidateAutoscaler(const Json& autoscaler);

}  // namespace sluice::embedded
