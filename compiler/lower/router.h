// A rollout's router: bound to its route and service, and tried for every split that can be reached.
#pragma once

#include "compiler/check/checked_plan.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/graph.h"

namespace sluice::lower {

// The router with `route` and `service` filled in. Requires rollout.router and rollout.service.
graph::Router BindRouter(const check::Rollout& rollout, const graph::FunctionTable& functions);

// Evaluates the router for all splits that the graph can reach: stable alone, candidate alone (first install,
// promotion), each traffic node, and the same without one of the two. Reports an evaluation that fails, an
// object without apiVersion, kind or name, and one outside the rollout's namespace. Requires the graph's
// nodes, router, workload and functions.
bool CheckRouter(const check::Rollout& rollout, const graph::Graph& graph, diagnostics::Emitter& emitter);

}  // namespace sluice::lower
