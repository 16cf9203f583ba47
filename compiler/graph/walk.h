// Every residual expression of a graph, in the order of the graph.
#pragma once

#include <functional>
#include <vector>

#include "compiler/graph/graph.h"

namespace sluice::graph {

using ExpressionVisitor = std::function<void(const Expression&)>;

// Calls `visit` with each expression that the graph holds (not their operands), those of functions left out.
void VisitExpressions(const Graph& graph, const ExpressionVisitor& visit);

// The keys of Secrets that the expressions of a graph name, in their order; one may come more than once.
std::vector<SecretKey> SecretsOf(const Graph& graph);

// Adds to `wanted` the functions of `all` that the expression calls, and those that these call.
void CollectFunctions(const Expression& expression, const FunctionTable& all, FunctionTable& wanted);

}  // namespace sluice::graph
