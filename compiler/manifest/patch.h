// `patch KIND { … }` of a service: what its clauses don't cover.
#pragma once

#include <string_view>
#include <vector>

#include "compiler/check/checked_plan.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/value.h"

namespace sluice::manifest {

// What the plan says of the service's objects of a kind; null if nothing.
const check::Patch* FindPatch(const check::Service& service, std::string_view kind);

// `base` with what the patch says, as far as it fits: CheckPatch reports the rest. Maps are merged; lists whose items
// all have a name are merged by it (`volumeMounts` by `mountPath`, as in Kubernetes' strategic merge patch), others are
// replaced.
graph::Value Patched(const graph::Value& base, const graph::Value& patch);

// The object with its kind's patch, if the service has one.
graph::Value WithPatch(const check::Service& service, const graph::Value& object);

// A Service without what opens a way to it from outside (its type, node ports, load balancers' settings): that is
// Service NAME's, not NAME-REV's.
graph::Value WithoutExposure(const graph::Value& service);

// Where the fields of `object` were written that the patch of its kind says.
std::vector<check::FieldSpan> PatchFields(const check::Service& service, const graph::Value& object);

// Reports what a patch may not say of `bare`, the object without it: what clauses said (`written`), and what belongs to
// the executor.
void CheckPatch(const check::Service& service, const graph::Value& bare, const std::vector<check::FieldSpan>& written,
                diagnostics::Emitter& emitter);

}  // namespace sluice::manifest
