#include "cli/outputs.h"

#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "compiler/graph/codec.h"
#include "compiler/graph/value_codec.h"

namespace sluice::cli {
namespace {

std::string PathOf(const manifest::Manifest& manifest) { return "manifests/" + manifest::FileName(manifest); }

void NewLine(std::string& out, int depth) {
  const std::size_t at = out.size();
  out.append(1 + 2 * static_cast<std::size_t>(depth), ' ');
  out[at] = '\n';
}

// The place of the quotation mark that ends the JSON string which begins at `begin`.
std::size_t EndOfString(std::string_view json, std::size_t begin) {
  for (std::size_t end = json.find('"', begin + 1);; end = json.find('"', end + 1)) {
    const std::size_t escapes = end - 1 - json.find_last_not_of('\\', end - 1);
    if (escapes % 2 == 0) {
      return end;
    }
  }
}

// Appends JSON text without white space as people read it, two blanks a level. No other byte changes, so that no
// value has to be read: graphs of a large plan set are tens of megabytes.
void AppendIndented(std::string& out, std::string_view json, int depth) {
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '"') {
      const std::size_t end = EndOfString(json, i);
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
std::string Place(const std::string& file, std::uint32_t line, std::uint32_t column) {
  return file + ':' + std::to_string(line) + ':' + std::to_string(column);
}

std::string PlaceOf(const Compilation& compilation, source::Span span) {
  if (!span.known()) {
    return "";
  }
  const source::Position at = compilation.sources.Begin(span);
  return Place(compilation.sources.file(span.file).path(), at.line, at.column);
}

void AppendName(std::string& out, std::string_view name) {
  out += out.back() == '{' ? "" : ",";
  graph::AppendJsonString(out, name);
  out += ':';
}

void AppendPlace(std::string& out, std::string_view name, std::string_view place) {
  AppendName(out, name);
  graph::AppendJsonString(out, place);
}

// { schema, objects: { FILE: { JSON pointer: place } }, nodes: { PATH: place } }.
std::string SourceMapJson(const Compilation& compilation) {
  // Both come nearly in the order of their names.
  std::map<std::string, const manifest::Manifest*> objects;
  for (const manifest::Manifest& manifest : compilation.manifests) {
    objects.insert_or_assign(objects.end(), PathOf(manifest), &manifest);
  }
  std::map<std::string_view, const graph::PlanLine*> nodes;
  for (const graph::Graph& graph : compilation.graphs) {
    for (std::size_t i = 0; i < graph.nodes.size() && i < graph.spans.size(); ++i) {
      nodes.insert_or_assign(nodes.end(), graph.nodes[i].path, &graph.spans[i]);
    }
  }
  std::string json = R"({"schema":"sluice.map/1","objects":{)";
  for (const auto& [file, manifest] : objects) {
    AppendName(json, file);
    json += '{';
    AppendPlace(json, "", PlaceOf(compilation, manifest->span));
    for (const check::FieldSpan& field : manifest->fields) {
      AppendPlace(json, field.pointer, PlaceOf(compilation, field.span));
    }
    json += '}';
  }
  json += R"(},"nodes":{)";
  for (const auto& [path, line] : nodes) {
    AppendPlace(json, path, Place(line->file, line->line, line->column));
  }
  json += "}}";
  std::string out;
  out.reserve(json.size() * 3 / 2);
  AppendIndented(out, json, 0);
  out += '\n';
  return out;
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
    outputs.insert_or_assign(outputs.end(), PathOf(manifest), manifest::ToYaml(manifest.object));
  }
  outputs["graph.json"] = GraphJson(compilation);
  outputs["sourcemap.json"] = source_map.get();
  return outputs;
}

}  // namespace sluice::cli
