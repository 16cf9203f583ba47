// What a graph says of numbers of pods, for another number of them: where an autoscaler counts, it is only known in the
// cluster.
#pragma once

#include <cstdint>

#include "compiler/graph/graph.h"

namespace sluice::graph {

// `graph` as it is where the service has `replicas` pods. Its identities stay those of the plan: how many pods there
// are is no edit. For graphs with an autoscaler; the others are as they are.
Graph Resized(const Graph& graph, std::int32_t replicas);

}  // namespace sluice::graph
