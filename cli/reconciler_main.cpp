// sluice-reconciler: all commands of `sluice`, which becomes this program for those that do more than compile.
#include <string_view>

#include "cli/program.h"
#include "reconciler/git/fetch_process.h"

int main(int argc, char** argv) {
  using namespace sluice::cli;  // NOLINT(google-build-using-namespace)
  // The reconciler runs itself for each fetch; not a command for people.
  if (argc == 2 && std::string_view(argv[1]) == sluice::git::kInternalFetch) {
    return sluice::git::InternalFetchMain();
  }
  return RunProgram(argc, argv, [](CLI::App& app, Run& run) {
    AddPlanCommands(app, run);
    AddTest(app, run);
    AddSimulate(app, run);
    AddVerify(app, run);
    AddReconcile(app, run);
    AddCluster(app, run);
    AddStatus(app, run);
    AddHistory(app, run);
    AddPeopleCommands(app, run);
  });
}
