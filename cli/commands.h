// The commands of `sluice`: one file each.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace sluice::cli {

// Exit status (language reference, "Commands"): 0 no error, 1 errors, 2 wrong usage, 3 internal error, 4 a limit.
inline constexpr int kExitOk = 0;
inline constexpr int kExitErrors = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInternal = 3;
inline constexpr int kExitLimit = 4;

// What the chosen command does; gives the exit status.
using Run = std::function<int()>;

// Each adds its subcommand with its options to `app` and sets `run` when that subcommand is chosen.
void AddLint(CLI::App& app, Run& run);
void AddCompile(CLI::App& app, Run& run);
void AddGraph(CLI::App& app, Run& run);
void AddTest(CLI::App& app, Run& run);
void AddSimulate(CLI::App& app, Run& run);
void AddVerify(CLI::App& app, Run& run);
void AddReconcile(CLI::App& app, Run& run);
void AddCluster(CLI::App& app, Run& run);
void AddStatus(CLI::App& app, Run& run);
void AddHistory(CLI::App& app, Run& run);
// approve, reject, pause, resume, abort, retry, promote, undo, eject.
void AddPeopleCommands(CLI::App& app, Run& run);

}  // namespace sluice::cli
