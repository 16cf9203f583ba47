// The static checks of a graph, made by the compiler and again by the executor before it accepts one.
#pragma once

#include <vector>

#include "compiler/base/result.h"
#include "compiler/graph/graph.h"

namespace sluice::graph {

// Acyclic; one entry; every node reaches an end; every outcome leads somewhere; paths unique; two branches
// that may run side by side never both move traffic or pods; ends in a promotion; indices in range; the
// longest path fits the deadline. kInvalid, naming the node.
Result<void> Validate(const Graph& graph);

// The longest time from the first node to the last: holds, and bounds of checks. Approvals have bounds of
// their own and don't count. Readiness of pods isn't known and doesn't count.
Duration LongestPath(const Graph& graph);

// The nodes that take time on the longest path, in order.
struct PathPart {
  NodeId node = 0;
  Duration duration{};
};
std::vector<PathPart> LongestPathParts(const Graph& graph);

}  // namespace sluice::graph
