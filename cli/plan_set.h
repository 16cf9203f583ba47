// What the commands on a plan set share: compile it, print what is wrong, say it by exit status.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>

#include "compiler/compile.h"

namespace sluice::cli {

enum class Format { kText, kShort, kJson };

// Compiles the directory `path` (a plan set's root).
// The result is never freed: a process compiles once, and freeing would take a tenth of its time.
const Compilation& CompileDirectory(const std::string& path);

// What goes before paths of the plan set `path`, so that they can be clicked.
std::string PathPrefix(const std::string& path);

// Prints the diagnostics to `out`; paths start with `path` as the user wrote it, so that they can be clicked.
void PrintDiagnostics(const Compilation& compilation, const std::string& path, Format format, std::ostream& out);

// kExitOk, kExitErrors, or kExitLimit where nothing but limits is wrong.
int ExitStatus(const Compilation& compilation, bool warnings_as_errors);

// Says on stderr that there is no such rollout, and which one may be meant; the exit status.
int UnknownRollout(const Compilation& compilation, const std::string& rollout);

// "1 rollout graph", "2 rollout graphs".
std::string Count(std::size_t count, const char* noun);

// "2 errors, 1 warning"; "" if there is nothing.
std::string Summary(const Compilation& compilation);

}  // namespace sluice::cli
