#include "cli/outputs.h"

#include <nlohmann/json.hpp>

#include "compiler/graph/codec.h"

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;

Json PlaceJson(const source::SourceSet& sources, source::Span span) {
  const source::Position at = sources.Begin(span);
  return {{"file", span.known() ? sources.file(span.file).path() : ""}, {"line", at.line}, {"column", at.column}};
}

Json PlaceJson(const graph::PlanLine& line) {
  return {{"file", line.file}, {"line", line.line}, {"column", line.column}};
}

// { schema, objects: { FILE: place }, nodes: { PATH: place } }.
std::string SourceMapJson(const Compilation& compilation) {
  Json objects = Json::object();
  for (const manifest::Manifest& manifest : compilation.manifests) {
    objects["manifests/" + manifest::FileName(manifest)] = PlaceJson(compilation.sources, manifest.span);
  }
  Json nodes = Json::object();
  for (const graph::Graph& graph : compilation.graphs) {
    for (std::size_t i = 0; i < graph.nodes.size() && i < graph.spans.size(); ++i) {
      nodes[graph.nodes[i].path] = PlaceJson(graph.spans[i]);
    }
  }
  return Json{{"schema", "sluice.map/1"}, {"objects", std::move(objects)}, {"nodes", std::move(nodes)}}.dump(2) + "\n";
}

}  // namespace

std::string GraphJson(const Compilation& compilation, const std::string& rollout) {
  Json graphs = Json::array();
  for (const graph::Graph& graph : compilation.graphs) {
    if (rollout.empty() || graph.rollout == rollout) {
      graphs.push_back(Json::parse(graph::EncodeGraph(graph, true)));
    }
  }
  return Json{{"schema", "sluice.graph/" + std::to_string(graph::kSchemaVersion)}, {"rollouts", std::move(graphs)}}.dump(2) +
         "\n";
}

Outputs MakeOutputs(const Compilation& compilation) {
  Outputs outputs;
  for (const manifest::Manifest& manifest : compilation.manifests) {
    outputs["manifests/" + manifest::FileName(manifest)] = manifest::ToYaml(manifest.object);
  }
  outputs["graph.json"] = GraphJson(compilation);
  outputs["sourcemap.json"] = SourceMapJson(compilation);
  return outputs;
}

}  // namespace sluice::cli
