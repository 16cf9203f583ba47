// What the programs of `sluice` have in common: from the words of the command line to an exit status.
#pragma once

#include <functional>
#include <string_view>

#include "cli/commands.h"

namespace sluice::cli {

// The commands that only compile plans: their names, and the commands themselves.
bool OnlyCompiles(std::string_view command);
void AddPlanCommands(CLI::App& app, Run& run);

// Runs the command that `argv` names, of those that `add` adds. Reports wrong usage and what was thrown.
int RunProgram(int argc, char** argv, const std::function<void(CLI::App& app, Run& run)>& add);

}  // namespace sluice::cli
