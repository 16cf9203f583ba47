// `sluice lint`: what is wrong with a plan set.
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/plan_set.h"

namespace sluice::cli {
namespace {

struct Options {
  std::string path;
  Format format = Format::kText;
  bool warnings_as_errors = false;
};

int Lint(const Options& options) {
  const Compilation& compilation = CompileDirectory(options.path);
  PrintDiagnostics(compilation, options.path, options.format, std::cout);
  std::cout.flush();
  if (options.format == Format::kText) {
    const std::string summary = Summary(compilation);
    const std::string files = Count(compilation.plan_files, "plan file");
    std::cerr << (summary.empty() ? "no mistakes" : summary) << " in " << files << "\n";
  }
  return ExitStatus(compilation, options.warnings_as_errors);
}

}  // namespace

void AddLint(CLI::App& app, Run& run) {
  const std::map<std::string, Format> formats = {
      {"text", Format::kText}, {"short", Format::kShort}, {"json", Format::kJson}};
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("lint", "say what is wrong with a plan set");
  command->add_option("PATH", options->path, "the plan set's root directory")->required();
  command->add_option("--format", options->format, "text, short (a line each) or json (an object a line)")
      ->transform(CLI::CheckedTransformer(formats).description(""))
      ->option_text("FORMAT");
  command->add_flag("--warnings-as-errors", options->warnings_as_errors, "warnings too make the exit status 1");
  command->callback([options, &run] { run = [options] { return Lint(*options); }; });
}

}  // namespace sluice::cli
