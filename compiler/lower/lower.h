// The checked plan set to execution graphs: capacity, order, identity.
#pragma once

#include <vector>

#include "compiler/check/checked_plan.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/graph.h"
#include "compiler/source/source_set.h"

namespace sluice::lower {

// One graph for each rollout that has none of the mistakes found here or before, in the order of their
// names. Reports what only shows in the arithmetic: shares that come to no pod, shares that the router
// cannot express, cycles, deadlines shorter than the longest path.
std::vector<graph::Graph> Lower(const check::CheckedPlanSet& plans, const source::SourceSet& sources,
                                diagnostics::Emitter& emitter);

}  // namespace sluice::lower
