#include "cli/outputs.h"

#include <functional>
#include <future>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "compiler/graph/codec.h"
#include "compiler/graph/value_codec.h"

namespace sluice::cli {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  graph::AppendJsonString(out, text);
  return out;
}

void NewLine(std::string& out, int depth) {
  out += '\n';
  out.append(2 * static_cast<std::size_t>(depth), ' ');
}

// Appends JSON text without white space as people read it, two blanks a level. No other byte changes, so that no
// value has to be read: graphs of a large plan set are tens of megabytes.
void AppendIndented(std::string& out, std::string_view json, int depth) {
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '"') {
      std::size_t end = i + 1;
      while (json[end] != '"') {
        end += json[end] == '\\' ? 2 : 1;
      }
      out.append(json, i, end + 1 - i);
      i = end;
    } else if ((c == '{' || c == '[') && (json[i + 1] == '}' || json[i + 1] == ']')) {
      out.append(json, i++, 2);
    } else if (c == '{' || c == '[') {
      out += c;
      NewLine(out, ++depth);
    } else if (c == '}' || c == ']') {
      NewLine(out, --depth);
      out += c;
    } else {
      out += c;
      if (c == ',') {
        NewLine(out, depth);
      } else if (c == ':') {
        out += ' ';
      }
    }
  }
}

// "checkout.plan:17:12", as compilers write it.
std::string PlaceOf(const Compilation& compilation, source::Span span) {
  if (!span.known()) {
    return "";
  }
  const source::Position at = compilation.sources.Begin(span);
  return fmt::format("{}:{}:{}", compilation.sources.file(span.file).path(), at.line, at.column);
}

void AppendPlace(std::string& out, std::string_view name, std::string_view place) {
  out += out.back() == '{' ? "" : ",";
  graph::AppendJsonString(out, name);
  out += ':';
  graph::AppendJsonString(out, place);
}

// { schema, objects: { FILE: { JSON pointer: place } }, nodes: { PATH: place } }.
std::string SourceMapJson(const Compilation& compilation) {
  std::map<std::string, std::string> objects, nodes;
  for (const manifest::Manifest& manifest : compilation.manifests) {
    std::string& fields = objects["manifests/" + manifest::FileName(manifest)] = "{";
    AppendPlace(fields, "", PlaceOf(compilation, manifest.span));
    for (const check::FieldSpan& field : manifest.fields) {
      AppendPlace(fields, field.pointer, PlaceOf(compilation, field.span));
    }
    fields += '}';
  }
  for (const graph::Graph& graph : compilation.graphs) {
    for (std::size_t i = 0; i < graph.nodes.size() && i < graph.spans.size(); ++i) {
      const graph::PlanLine& line = graph.spans[i];
      nodes[graph.nodes[i].path] = Quoted(fmt::format("{}:{}:{}", line.file, line.line, line.column));
    }
  }
  const auto join = [](const std::map<std::string, std::string>& entries) {
    std::string out;
    for (const auto& [name, json] : entries) {
      out += (out.empty() ? "" : ",") + Quoted(name) + ':' + json;
    }
    return "{" + out + "}";
  };
  std::string out;
  AppendIndented(out, fmt::format(R"({{"schema":"sluice.map/1","objects":{},"nodes":{}}})", join(objects), join(nodes)),
                 0);
  return out + "\n";
}

}  // namespace

std::string GraphJson(const Compilation& compilation, const std::string& rollout) {
  std::string out = fmt::format("{{\n  \"schema\": \"sluice.graph/{}\",\n  \"rollouts\": [", graph::kSchemaVersion);
  bool any = false;
  for (const graph::Graph& graph : compilation.graphs) {
    if (rollout.empty() || graph.rollout == rollout) {
      out += any ? ",\n    " : "\n    ";
      any = true;
      AppendIndented(out, graph::EncodeGraph(graph, true), 2);
      if (&graph == &compilation.graphs.front()) {
        // Graphs are of about one size; text that grows by doubling would be held three times over.
        out.reserve(out.size() * compilation.graphs.size() * 9 / 8);
      }
    }
  }
  out += any ? "\n  ]\n}\n" : "]\n}\n";
  return out;
}

Outputs MakeOutputs(const Compilation& compilation) {
  // Half of the work on large plan sets; it reads only.
  std::future<std::string> source_map = std::async(std::launch::async, SourceMapJson, std::cref(compilation));
  Outputs outputs;
  for (const manifest::Manifest& manifest : compilation.manifests) {
    outputs["manifests/" + manifest::FileName(manifest)] = manifest::ToYaml(manifest.object);
  }
  outputs["graph.json"] = GraphJson(compilation);
  outputs["sourcemap.json"] = source_map.get();
  return outputs;
}

}  // namespace sluice::cli
