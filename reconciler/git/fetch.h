// One fetch: from a remote into a bare repository of ours. Runs in a child process (fetch_process.h), because
// libgit2's timeouts are global and some of its transports can hang.
#pragma once

#include <cstdint>
#include <string>

#include "compiler/base/result.h"
#include "compiler/base/time.h"

namespace sluice::git {

// Never logged; handed to the child through its standard input.
struct Credentials {
  std::string username;      // https: of basic authentication, "git" for ssh unless the address says
  std::string password;      // https: password or token
  std::string ssh_key_file;  // private key
  std::string ssh_passphrase;
  std::string known_hosts_file;  // required for ssh
  std::string authorities_file;  // https: PEM of authorities trusted besides the system's; or ""
};

struct FetchRequest {
  std::string directory;  // of the bare repository; made if it isn't there
  std::string url;
  std::string ref;  // branch, tag, "refs/…", or a commit's 40 digits
  Credentials credentials;
  std::uint64_t max_bytes = 1024ULL * 1024 * 1024;
  std::uint32_t max_objects = 5'000'000;
  Duration timeout{120'000};
};

struct FetchResult {
  std::string commit;    // what the ref names now
  bool fetched = false;  // false: everything was here already
};

// Asks the remote once for its refs and downloads what is missing, verifies that the commit and its tree are
// whole, and points `refs/sluice/current` at it. Errors as Repository::Fetch.
Result<FetchResult> Fetch(const FetchRequest& request);

}  // namespace sluice::git
