// Where a mistake in a verb is reported.
#pragma once

#include <string>

#include "compiler/check/checked_plan.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/source/source_set.h"

namespace sluice::lower {

// Reports at the value of a verb; for a step that comes from a strategy at the place where the strategy is
// used, with a label at the verb, because that is where the author must change something.
diagnostics::Builder ReportAt(diagnostics::Emitter& emitter, const diagnostics::Kind& kind, const check::Step& step,
                              const check::Verb& verb, std::string message);

// Whether a verb stands in a strategy, away from the rollout that uses it.
bool IsFromStrategy(const check::Verb& verb);

// Whether the value of a verb stands in the text as the literal that it is, so that replacing it changes
// this verb only.
bool IsLiteral(const check::Step& step, const check::Verb& verb, const source::SourceSet& sources);

}  // namespace sluice::lower
