#include "cli/program.h"

#include <exception>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/version.h"

namespace sluice::cli {
namespace {

std::string program_name = "sluice";  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

std::string NameOf(std::string_view path) {
  return path.substr(path.rfind('/') + 1) == "kubectl-sluice" ? "kubectl sluice" : "sluice";
}

int Parse(int argc, char** argv, const std::function<void(CLI::App& app, Run& run)>& add) {
  CLI::App app("Rollouts as code: plans in git, compiled and walked in the cluster.", ProgramName());
  app.set_version_flag("--version", kVersion);
  app.require_subcommand(1);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return ProgramName() + ": " + error.what() + "\n" + ProgramName() +
           " --help lists the commands and their options\n";
  });
  Run run;
  add(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return run();
}

}  // namespace

const std::string& ProgramName() { return program_name; }

bool OnlyCompiles(std::string_view command) { return command == "lint" || command == "compile" || command == "graph"; }

void AddPlanCommands(CLI::App& app, Run& run) {
  AddLint(app, run);
  AddCompile(app, run);
  AddGraph(app, run);
}

int RunProgram(int argc, char** argv, const std::function<void(CLI::App& app, Run& run)>& add) {
  std::ios::sync_with_stdio(false);
  program_name = NameOf(argc > 0 ? argv[0] : "");
  try {
    return Parse(argc, argv, add);
  } catch (const std::exception& error) {
    std::cerr << ProgramName() << ": internal error: " << error.what() << "\n";
    return kExitInternal;
  }
}

}  // namespace sluice::cli
