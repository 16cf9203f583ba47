// The objects of an ejected rollout as files, for whatever tool goes on with them.
#pragma once

#include <string>

#include "cli/client.h"

namespace sluice::cli {

// Whether the files could be written, before anything is let go of: the objects can be read (kForbidden …), and
// `directory` is empty, or was made just now (kInvalid).
Result<void> PrepareEjected(Client& client, const cluster::Json& rollout, const std::string& directory);

// Waits until the executor has let go of them, then writes what serves `rollout`'s service as YAML, one object a file,
// without what the API server and its controllers add. Exit status; says on stdout which files it wrote, on
// stderr what went wrong.
int WriteEjected(Client& client, const cluster::Json& rollout, const std::string& directory);

}  // namespace sluice::cli
