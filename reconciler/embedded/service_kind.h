// What the API server knows of a Service.
#pragma once

#include "compiler/base/result.h"
#include "reconciler/embedded/fields.h"

namespace sluice::embedded {

void FillService(Json& spec);
// kInvalid if the Service may not be. As pkg/apis/core/validation, ValidateService.
Result<void> ValidateService(const Json& service);

}  // namespace sluice::embedded
