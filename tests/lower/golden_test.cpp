// One plan each in tests/golden/lower, or a directory of a plan and manifests; beside it NAME.txt: its diagnostics with
// notes and fixes, the drawing of each graph with its nodes, and the names of the objects. UPDATE_GOLDEN=1 rewrites
// them.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "compiler/compile.h"
#include "compiler/diagnostics/render.h"
#include "compiler/graph/codec.h"
#include "compiler/graph/draw.h"
#include "compiler/graph/validate.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The plan file of each case, or its directory.
std::map<std::string, fs::path> Cases() {
  std::map<std::string, fs::path> cases;
  for (const auto& entry : fs::directory_iterator(fs::path(SLUICE_SOURCE_DIR) / "tests/golden/lower")) {
    if (entry.path().extension() == ".plan" || entry.is_directory()) {
      cases.emplace(entry.path().stem().string(), entry.path());
    }
  }
  return cases;
}

std::unique_ptr<Compilation> CompileText(const std::string& name, const std::string& text) {
  return Compile(source::MemoryTree(std::map<std::string, std::string>{{name, text}}));
}

std::map<std::string, std::string> FilesOf(const fs::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) {
      files[fs::relative(entry.path(), directory).generic_string()] = ReadFile(entry.path());
    }
  }
  return files;
}

std::unique_ptr<Compilation> CompileCase(const fs::path& path) {
  return fs::is_directory(path) ? Compile(source::MemoryTree(FilesOf(path)))
                                : CompileText(path.filename().string(), ReadFile(path));
}

std::string DescribeDiagnostics(const Compilation& compilation) {
  std::string text;
  for (const diagnostics::Diagnostic& diagnostic : compilation.emitter.Sorted()) {
    text += diagnostics::RenderShort({diagnostic}, compilation.sources);
    for (const diagnostics::Label& label : diagnostic.labels) {
      const source::Position at = compilation.sources.Begin(label.span);
      text += fmt::format("    {}:{}:{}: {}\n", compilation.sources.file(label.span.file).path(), at.line, at.column,
                          label.text);
    }
    for (const std::string& note : diagnostic.notes) {
      text += fmt::format("    note: {}\n", note);
    }
    for (const diagnostics::Fix& fix : diagnostic.fixes) {
      text += fmt::format("    fix: {} -> {}\n", fix.title, fix.edits.front().second);
    }
  }
  return text;
}

std::string Describe(const Compilation& compilation) {
  std::string text = DescribeDiagnostics(compilation);
  for (const graph::Graph& graph : compilation.graphs) {
    text += "\n" + graph::DrawText(graph) + "\n";
    for (const graph::Node& node : graph.nodes) {
      text += fmt::format("  {}: {}{}\n", node.path, graph::NodeText(graph, node),
                          node.bound ? " (bound " + FormatDuration(*node.bound) + ")" : "");
    }
  }
  if (compilation.ok()) {
    text += "\n";
    for (const manifest::Manifest& manifest : compilation.manifests) {
      text += manifest::FileName(manifest) + (manifest.executor_only ? " (executor)\n" : "\n");
    }
  }
  return text;
}

TEST_CASE("every plan of tests/golden/lower gives the graphs and diagnostics beside it") {
  const bool update = std::getenv("UPDATE_GOLDEN") != nullptr;
  REQUIRE(Cases().size() >= 10);
  for (const auto& [name, path] : Cases()) {
    INFO(name);
    const auto compilation = CompileCase(path);
    const std::string found = Describe(*compilation);
    const fs::path expected = fs::path(path).replace_extension(".txt");
    if (update) {
      std::ofstream(expected, std::ios::binary) << found;
    }
    CHECK(found == ReadFile(expected));
    CHECK(compilation->ok() == (name.rfind("fail_", 0) != 0));
  }
}

// Every object as the rollout or the syncer writes it, and where the plan set says its fields.
std::string DescribeObjects(const Compilation& compilation) {
  std::string text;
  for (const manifest::Manifest& manifest : compilation.manifests) {
    text += fmt::format("# {}{}\n", manifest::FileName(manifest), manifest.executor_only ? " (executor)" : "");
    text += manifest::ToYaml(manifest.object);
    for (const check::FieldSpan& field : manifest.fields) {
      const source::Position at = compilation.sources.Begin(field.span);
      text += fmt::format("# {} {}:{}:{}\n", field.pointer, compilation.sources.file(field.span.file).path(), at.line,
                          at.column);
    }
    text += "---\n";
  }
  for (const graph::Graph& graph : compilation.graphs) {
    const nlohmann::json json = nlohmann::json::parse(graph::EncodeGraph(graph, false));
    for (const char* part : {"adopts", "policies", "workload"}) {
      text += fmt::format("# {}: {}\n", part, json[part].dump(2));
    }
  }
  return text;
}

TEST_CASE("what is made of a StatefulSet that runs already stands beside its plan set") {
  const fs::path path = Cases().at("in_place");
  const auto compilation = CompileCase(path);
  REQUIRE(compilation->ok());
  const std::string found = DescribeObjects(*compilation);
  const fs::path expected = fs::path(path).replace_extension(".objects");
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(expected, std::ios::binary) << found;
  }
  CHECK(found == ReadFile(expected));
}

TEST_CASE("a StatefulSet has as many pods as it says, whatever their shares") {
  const auto compilation = CompileCase(Cases().at("in_place"));
  REQUIRE(compilation->graphs.size() == 1);
  std::size_t scales = 0;
  for (const graph::Node& node : compilation->graphs[0].nodes) {
    if (const auto* scale = std::get_if<graph::ScaleNode>(&node.does)) {
      INFO(node.path);
      CHECK(scale->pods.stable + scale->pods.candidate == 5);
      CHECK(scale->max_pods == 5);
      CHECK(scale->min_ready == 4);
      ++scales;
    }
  }
  CHECK(scales == 3);
}

TEST_CASE("the revision of a StatefulSet is its pods, and no number or place of them") {
  const auto with = [](const std::string& from, const std::string& to) {
    std::map<std::string, std::string> files = FilesOf(Cases().at("in_place"));
    std::string& yaml = files.at("k8s/orders.yaml");
    const std::size_t at = yaml.find(from);
    REQUIRE(at != std::string::npos);
    yaml.replace(at, from.size(), to);
    const auto compilation = Compile(source::MemoryTree(files));
    REQUIRE(compilation->graphs.size() == 1);
    return compilation->graphs[0].workload.revision;
  };
  const std::string revision = with("replicas: 5", "replicas: 5");
  CHECK(with("replicas: 5", "replicas: 10") == revision);
  CHECK(with("minReadySeconds: 2", "minReadySeconds: 3") == revision);
  CHECK(with("maxUnavailable: 1", "maxUnavailable: 2") == revision);
  CHECK(with("cpu: 1000m", "cpu: 1") == revision);
  CHECK(with("shop/orders:1", "shop/orders:2") != revision);
}

TEST_CASE("what lowering makes is valid, and the same for the same plan") {
  for (const auto& [name, path] : Cases()) {
    INFO(name);
    const auto first = CompileCase(path);
    const auto second = CompileCase(path);
    REQUIRE(first->graphs.size() == second->graphs.size());
    for (std::size_t i = 0; i < first->graphs.size(); ++i) {
      const graph::Graph& graph = first->graphs[i];
      const Result<void> valid = graph::Validate(graph);
      INFO((valid.ok() ? "" : valid.error().message));
      CHECK(valid.ok());
      const std::string json = graph::EncodeGraph(graph, true);
      CHECK(json == graph::EncodeGraph(second->graphs[i], true));
      const Result<graph::Graph> read = graph::DecodeGraph(json);
      INFO((read.ok() ? "" : read.error().message));
      REQUIRE(read.ok());
      CHECK(graph::EncodeGraph(*read, true) == json);
    }
  }
}

TEST_CASE("DOT and Mermaid drawings of a graph stand beside its plan") {
  const bool update = std::getenv("UPDATE_GOLDEN") != nullptr;
  for (const char* name : {"canary", "branches"}) {
    INFO(name);
    const fs::path plan = Cases().at(name);
    const auto compilation = CompileCase(plan);
    REQUIRE_FALSE(compilation->graphs.empty());
    const std::map<std::string, std::string> drawings = {{".dot", graph::DrawDot(compilation->graphs[0])},
                                                         {".mermaid", graph::DrawMermaid(compilation->graphs[0])}};
    for (const auto& [extension, found] : drawings) {
      const fs::path expected = fs::path(plan).replace_extension(extension);
      if (update) {
        std::ofstream(expected, std::ios::binary) << found;
      }
      CHECK(found == ReadFile(expected));
    }
  }
}

TEST_CASE("a comment, a blank line or another file name changes no digest") {
  const std::string plan = ReadFile(Cases().at("canary"));
  const auto before = CompileText("canary.plan", plan);
  const auto after = CompileText("moved.plan", "// hello\n\n" + plan);
  REQUIRE_FALSE(before->graphs.empty());
  for (std::size_t i = 0; i < before->graphs.size(); ++i) {
    CHECK(graph::GraphDigest(before->graphs[i]) == graph::GraphDigest(after->graphs[i]));
    CHECK(graph::EncodeGraph(before->graphs[i], true) != graph::EncodeGraph(after->graphs[i], true));
  }
}

TEST_CASE("every diagnostic of lowering and of its lints occurs in a golden plan") {
  std::set<std::string> seen;
  for (const auto& [name, path] : Cases()) {
    for (const diagnostics::Diagnostic& diagnostic : CompileCase(path)->emitter.Sorted()) {
      seen.insert(diagnostic.kind->code);
    }
  }
  for (const diagnostics::Kind* kind : diagnostics::AllKinds()) {
    const std::string code = kind->code;
    if (code >= "SL2400" && code < "SL2600") {
      INFO(code << " " << kind->name);
      CHECK(seen.contains(code));
    }
  }
}

}  // namespace
}  // namespace sluice
