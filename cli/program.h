// What the programs of `sluice` have in common: from the words of the command line to an exit status.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cli/commands.h"

namespace sluice::cli {

// What people call the program by: "sluice", or "kubectl sluice" where kubectl found it as its plugin (a link to it
// that is called `kubectl-sluice`). Stands before each error and in each hint. Of the process, from RunProgram on.
const std::string& ProgramName();

// The commands that only compile plans: their names, and the commands themselves.
bool OnlyCompiles(std::string_view command);
void AddPlanCommands(CLI::App& app, Run& run);

// Runs the command that `argv` names, of those that `add` adds. Reports wrong usage and what was thrown.
int RunProgram(int argc, char** argv, const std::function<void(CLI::App& app, Run& run)>& add);

}  // namespace sluice::cli
