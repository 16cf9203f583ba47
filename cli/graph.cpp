// `sluice graph`: the execution graphs of a plan set, drawn.
#include <algorithm>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/outputs.h"
#include "cli/plan_set.h"
#include "cli/program.h"
#include "compiler/graph/draw.h"

namespace sluice::cli {
namespace {

enum class Drawing { kText, kJson, kDot, kMermaid };

struct Options {
  std::string path;
  std::string rollout;
  Drawing drawing = Drawing::kText;
};

std::string Draw(const graph::Graph& graph, Drawing drawing) {
  switch (drawing) {
    case Drawing::kDot:
      return graph::DrawDot(graph);
    case Drawing::kMermaid:
      return graph::DrawMermaid(graph);
    case Drawing::kText:
    case Drawing::kJson:
      break;
  }
  return graph::DrawText(graph);
}

int Graph(const Options& options) {
  const Compilation& compilation = CompileDirectory(options.path);
  PrintDiagnostics(compilation, options.path, Format::kText, std::cerr);
  const int status = ExitStatus(compilation, false);
  if (status != kExitOk) {
    std::cerr << Summary(compilation) << "; nothing is drawn\n";
    return status;
  }
  const auto wanted = [&](const graph::Graph& graph) {
    return options.rollout.empty() || graph.rollout == options.rollout;
  };
  if (std::none_of(compilation.graphs.begin(), compilation.graphs.end(), wanted) && !options.rollout.empty()) {
    return UnknownRollout(compilation, options.rollout);
  }
  if (options.drawing == Drawing::kJson) {
    std::cout << GraphJson(compilation, options.rollout);
    return kExitOk;
  }
  const char* separator = "";
  for (const graph::Graph& graph : compilation.graphs) {
    if (wanted(graph)) {
      std::cout << separator << Draw(graph, options.drawing);
      separator = "\n";
    }
  }
  return kExitOk;
}

}  // namespace

void AddGraph(CLI::App& app, Run& run) {
  const std::map<std::string, Drawing> drawings = {
      {"text", Drawing::kText}, {"json", Drawing::kJson}, {"dot", Drawing::kDot}, {"mermaid", Drawing::kMermaid}};
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("graph", "draw a plan set's execution graphs: steps, shares, pods, waits");
  command->add_option("PATH", options->path, "the plan set's root directory")->required();
  command->add_option("--rollout", options->rollout, "only this rollout")->option_text("NAME");
  command->add_option("--format", options->drawing, "text, json, dot or mermaid")
      ->transform(CLI::CheckedTransformer(drawings).description(""))
      ->option_text("FORMAT");
  command->callback([options, &run] { run = [options] { return Graph(*options); }; });
}

}  // namespace sluice::cli
