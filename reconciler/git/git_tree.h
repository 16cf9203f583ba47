// A directory of a commit as a tree of plan files. Blobs come from the object database; there is no work tree.
#pragma once

#include <memory>
#include <string>

#include "compiler/source/file_tree.h"

namespace sluice::git {

// Opens the tree `path` of `commit` in the bare repository at `directory`. Used by one thread at a time; has
// a handle of its own, so a fetch may run beside it.
Result<std::shared_ptr<const source::FileTree>> OpenGitTree(const std::string& directory, const std::string& commit,
                                                            const std::string& path);

}  // namespace sluice::git
