// The steps of a rollout as nodes.
#pragma once

#include "compiler/check/checked_plan.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/graph.h"
#include "compiler/lower/capacity.h"
#include "compiler/source/source_set.h"

namespace sluice::lower {

inline constexpr std::size_t kMaxSteps = 512;
inline constexpr std::size_t kMaxMoves = 64;  // of one step with a shared capacity

// Appends the nodes of all steps, the promotion, the retirement and the verbs of `on failure` and `on
// success` to `graph`, whose policies and router are set. False if a mistake was reported that leaves no
// graph. `whole`: no verb of the rollout is missing because of a mistake that was reported before.
bool AddNodes(const check::Rollout& rollout, bool whole, const CapacityRules& rules, const source::SourceSet& sources,
              graph::Graph& graph, diagnostics::Emitter& emitter);

// Where something stands, for people. Line 0 if it is not known.
graph::PlanLine LineOf(const source::SourceSet& sources, source::Span span);

}  // namespace sluice::lower
