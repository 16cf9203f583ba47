// The patches that clients send, as pure functions from an object to an object. kInvalid says what can't be done.
#pragma once

#include "compiler/base/result.h"
#include "reconciler/apiserver/resources.h"

namespace sluice::apiserver {

// RFC 7386: what the patch names is replaced, null is taken out.
Json MergePatch(Json object, const Json& patch);

// RFC 6902: add, remove, replace, move, copy, test; all or nothing. A failed test is kConflict.
Result<Json> JsonPatch(Json object, const Json& patch);

// Kubernetes' own: as a merge patch, but lists that have a merge key are merged item by item, with the directives
// `$patch`, `$retainKeys`, `$setElementOrder/…` and `$deleteFromPrimitiveList/…`.
Result<Json> StrategicMergePatch(const Kind& kind, Json object, const Json& patch);

}  // namespace sluice::apiserver
