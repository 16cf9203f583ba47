// The graph and its values as JSON text: what a RolloutBundle stores and graph.json shows.
#pragma once

#include <string>
#include <string_view>

#include "compiler/base/result.h"
#include "compiler/graph/graph.h"

namespace sluice::graph {

// Canonical JSON text: the same graph gives the same bytes. With `spans` the plan lines are included
// (graph.json); without them the text is what the digest covers.
std::string EncodeGraph(const Graph& graph, bool spans);
// Reads what EncodeGraph wrote. Fields that are missing or of the wrong type, and expressions with too
// many levels, are kInvalid with the path of the field.
Result<Graph> DecodeGraph(std::string_view json);

// 64 hexadecimal digits over EncodeGraph(graph, false).
std::string GraphDigest(const Graph& graph);

// Plain data (no residual, no handle) as JSON text and back. Percents become their ratio, durations
// milliseconds, bytes a plain number; a ratio that doesn't end is rounded to 12 digits. Map order is kept.
std::string EncodeValue(const Value& value);
// Numbers are read exactly (rounded to 18 significant digits); at most `max_depth` levels.
Result<Value> DecodeValue(std::string_view json, int max_depth = 64);

}  // namespace sluice::graph
