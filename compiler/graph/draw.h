// A graph as people read it.
#pragma once

#include <string>

#include "compiler/graph/graph.h"

namespace sluice::graph {

// A table: for each step its share, the pods of both roles, and what it waits for with its bounds; then the
// longest path, and what callers inside the cluster notice. Ends with a newline.
std::string DrawText(const Graph& graph);

// The nodes and their edges, one box a step.
std::string DrawDot(const Graph& graph);
std::string DrawMermaid(const Graph& graph);

// "error-rate(max: 1%) and latency": a combination of gates by their names.
std::string GateText(const Graph& graph, const GateTree& tree);

// What a node does, in words: "scale to 10 stable and 1 candidate", "hold 10m while error-rate".
std::string NodeText(const Graph& graph, const Node& node);

}  // namespace sluice::graph
