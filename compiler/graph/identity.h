// Who a node is across edits of a plan: hashes over what it does, never over where it stands in the text.
#pragma once

#include <string>

#include "compiler/graph/graph.h"

namespace sluice::graph {

// Fills `effect`, `intent` and `prefix` of every node, "h1:" and 32 hexadecimal digits each. Gates count
// with their keys, so these must be set. Spans, paths and ids don't count.
void SetIdentities(Graph& graph);

// A gate's identity: 16 hexadecimal digits over its content but for the key itself.
std::string GateKey(const Gate& gate);

}  // namespace sluice::graph
