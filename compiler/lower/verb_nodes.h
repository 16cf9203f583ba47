// What the verbs that wait, ask or tell come to: the part of a node that is the verb's own.
#pragma once

#include "compiler/check/checked_plan.h"
#include "compiler/graph/graph.h"
#include "compiler/lower/gates.h"

namespace sluice::lower {

// Each sets what the node does, its bound and what its outcomes lead to. Gates go to `gates`; `deadline` bounds a wait
// that says no bound of its own.
void Fill(graph::Node& node, const check::Hold& hold, GateCollector& gates);
void Fill(graph::Node& node, const check::Check& check, GateCollector& gates, Duration deadline);
void Fill(graph::Node& node, const check::Pause& pause, Duration deadline);
// `graph`: its rollout's name and namespace.
void Fill(graph::Node& node, const check::Run& run, const graph::Graph& graph);
void Fill(graph::Node& node, const check::Notify& notify);

}  // namespace sluice::lower
