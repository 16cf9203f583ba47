// sluice: rollouts as code.
#include <exception>
#include <iostream>
#include <string_view>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/version.h"
#include "reconciler/git/fetch_process.h"

namespace {

int Main(int argc, char** argv) {
  using namespace sluice::cli;  // NOLINT(google-build-using-namespace)
  // The reconciler runs itself for each fetch; not a command for people.
  if (argc == 2 && std::string_view(argv[1]) == sluice::git::kInternalFetch) {
    return sluice::git::InternalFetchMain();
  }
  CLI::App app("Rollouts as code: plans in git, compiled and walked in the cluster.", "sluice");
  app.set_version_flag("--version", sluice::cli::kVersion);
  app.require_subcommand(1);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("sluice: ") + error.what() + "\nsluice --help lists the commands and their options\n";
  });
  Run run;
  AddLint(app, run);
  AddCompile(app, run);
  AddGraph(app, run);
  AddReconcile(app, run);
  AddStatus(app, run);
  AddHistory(app, run);
  AddPeopleCommands(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return run();
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "sluice: internal error: " << error.what() << "\n";
    return sluice::cli::kExitInternal;
  }
}
