// What `sluice compile` writes, on disk.
#pragma once

#include <string>

#include "cli/outputs.h"

namespace sluice::cli {

// Writes what differs from what is there, and takes out the manifests of an earlier compile that are no longer made.
// Exit status; what went wrong is said on stderr. `directory` must be new, empty, or what an earlier compile wrote.
int WriteFiles(const std::string& directory, const Outputs& outputs);

// Tells on stdout which files `WriteFiles` would change; kExitErrors if there are any.
int CheckFiles(const std::string& directory, const Outputs& outputs);

}  // namespace sluice::cli
