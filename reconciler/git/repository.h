// The port to git: the wanted commit of one repository and the plan files in it.
#pragma once

#include <memory>
#include <string>

#include "compiler/base/result.h"
#include "compiler/source/file_tree.h"

namespace sluice::git {

// What a ref names at one moment.
struct Snapshot {
  std::string commit;                             // 40 hexadecimal digits
  std::string tree;                               // id of the plan set's subtree: equal ids, equal content
  bool rewritten = false;                         // the last good commit is no ancestor of this one
  std::shared_ptr<const source::FileTree> files;  // of the subtree; readable as long as it lives
};

// Fetch blocks: it runs on a worker, one call at a time.
class Repository {
 public:
  virtual ~Repository() = default;

  // Looks at the remote once and fetches what is missing. `last_good` is the commit in use, "" if none.
  //
  // kNotFound: no such repository, ref, commit or directory; an empty repository. kUnauthorized: the remote
  // refused the credentials, or its host key is not the known one. kUnavailable: not reachable, or not in
  // time. kTooLarge: over a limit. Messages name the repository without user, password or query.
  virtual Result<Snapshot> Fetch(const std::string& last_good) = 0;
};

}  // namespace sluice::git
