// `@allow`: warnings that the plan's author has read and accepted.
#pragma once

#include <vector>

#include "compiler/check/checked_plan.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice {

// Takes away the warnings that lie within an `@allow` of their name. One that takes nothing away is itself
// reported, unless errors kept the lints from running.
void ApplySuppressions(const std::vector<check::Suppression>& suppressions, diagnostics::Emitter& emitter);

}  // namespace sluice
