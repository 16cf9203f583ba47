#include "compiler/graph/codec.h"

#include "compiler/base/hash.h"
#include "compiler/graph/graph_reader.h"
#include "compiler/graph/graph_writer.h"
#include "compiler/graph/json_reader.h"

namespace sluice::graph {
namespace {

// Levels of the graph's own objects around an expression.
constexpr int kFrameDepth = 16;

}  // namespace

std::string EncodeGraph(const Graph& graph, bool spans) {
  std::string out;
  out.reserve(8 * 1024 + graph.nodes.size() * 512);
  GraphWriter(out, spans).Write(graph);
  return out;
}

Result<Graph> DecodeGraph(std::string_view json) {
  Result<Value> value = ReadJson(json, kMaxExpressionJsonDepth + kFrameDepth);
  if (!value) {
    return std::move(value).error();
  }
  const Map* map = value->as_map();
  if (map == nullptr) {
    return Error{ErrorCode::kInvalid, "a graph is missing"};
  }
  Graph graph;
  GraphReader reader(map->Find("spans") != nullptr);
  reader.Read(*value, graph);
  if (!reader.error().empty()) {
    return Error{ErrorCode::kInvalid, reader.error()};
  }
  return graph;
}

std::string GraphDigest(const Graph& graph) { return Sha256(EncodeGraph(graph, false)); }

}  // namespace sluice::graph
