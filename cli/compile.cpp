// `sluice compile`: manifests, graphs and the source map of a plan set, as files.
#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/output_files.h"
#include "cli/outputs.h"
#include "cli/plan_set.h"

namespace sluice::cli {
namespace {

struct Options {
  std::string path;
  std::string directory;
  bool check = false;
};

int CompileCommand(const Options& options) {
  const Compilation& compilation = CompileDirectory(options.path);
  PrintDiagnostics(compilation, options.path, Format::kText, std::cerr);
  const int status = ExitStatus(compilation, false);
  if (status != kExitOk) {
    std::cerr << Summary(compilation) << "; nothing is written\n";
    return status;
  }
  const Outputs outputs = MakeOutputs(compilation);
  if (options.check) {
    return CheckFiles(options.directory, outputs);
  }
  const int written = WriteFiles(options.directory, outputs);
  if (written == kExitOk) {
    std::cout << fmt::format("{} and {} in {}\n", Count(compilation.manifests.size(), "object"),
                             Count(compilation.graphs.size(), "rollout graph"), options.directory);
  }
  return written;
}

}  // namespace

void AddCompile(CLI::App& app, Run& run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("compile", "write a plan set's manifests, graphs and source map");
  command->add_option("PATH", options->path, "the plan set's root directory")->required();
  command->add_option("-o,--output", options->directory, "where to: manifests/*.yaml, graph.json, sourcemap.json")
      ->required()
      ->option_text("DIR");
  command->add_flag("--check", options->check,
                    "write nothing; say what in DIR differs, exit status 1 if anything does");
  command->callback([options, &run] { run = [options] { return CompileCommand(*options); }; });
}

}  // namespace sluice::cli
