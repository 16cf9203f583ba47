// The types of the fields that the cluster's own parts read, as the API server's schemas have them.
#pragma once

#include "compiler/base/result.h"
#include "reconciler/embedded/fields.h"

namespace sluice::embedded {

// kInvalid, naming the field, if a field of `object` has another type than the schema of `kind` says. Fields that no
// part of the cluster reads are not looked at.
Result<void> CheckTypes(const Kind& kind, const Json& object);

}  // namespace sluice::embedded
