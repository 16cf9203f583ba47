// What can be carried out and is probably not meant: rules that know rollouts.
//
// One file a family; each rule reports at the place where the author would change something, and is silenced
// by `@allow(NAME, reason: "…")`.
#pragma once

#include <vector>

#include "compiler/check/checked_plan.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/graph.h"
#include "compiler/source/source_set.h"

namespace sluice::lint {

// All families over all rollouts. `graphs` may lack rollouts that have errors.
void Lint(const check::CheckedPlanSet& plans, const std::vector<graph::Graph>& graphs, const source::SourceSet& sources,
          diagnostics::Emitter& emitter);

// How the weights follow one another: falling, repeated, jumping, nothing measured before the majority.
void LintWeights(const check::Rollout& rollout, diagnostics::Emitter& emitter);
// Gates against the holds that they guard.
void LintGates(const check::Rollout& rollout, diagnostics::Emitter& emitter);
// What the pods of a graph come to.
void LintPods(const check::Rollout& rollout, const graph::Graph& graph, diagnostics::Emitter& emitter);

}  // namespace sluice::lint
