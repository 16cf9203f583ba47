// How long a rollout takes at most, held against its deadline.
#pragma once

#include "compiler/check/checked_plan.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/graph.h"
#include "compiler/source/source_set.h"

namespace sluice::lower {

// Nothing may take longer in all.
inline constexpr Duration kMaxRollout{30LL * 24 * 3600 * 1000};

// Reports a longest path over the deadline, or over 30 days, with the nodes that add up to it.
bool CheckDeadline(const check::Rollout& rollout, const graph::Graph& graph, const source::SourceSet& sources,
                   diagnostics::Emitter& emitter);

}  // namespace sluice::lower
