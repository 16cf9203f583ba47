// A canary on a real API server, told through a proxy: installed, rolled out with a Job in its first step, a version
// that crashes taken back by a person, the way back by a commit, and a last version once all is well. The reconciler is
// a process, killed at drawn writes and started again.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/proxy/chronicle.h"

namespace sluice::proxy {

// What stories share.
struct Stage {
  std::string directory;   // of the control plane
  std::string kubeconfig;  // of an administrator, past any proxy
  const Chronicle& chronicle;
};

// What is left in the end, and what was seen on the way.
struct Ending {
  std::vector<std::string> wrong;  // sentences
  std::string objects, status;     // as a person wants them
  std::map<std::string, int> made, gone;
  int least_ready = 0;  // pods, once all were
  std::map<std::string, int> reached;
  std::size_t requests = 0, writes = 0, kills = 0, processes = 0;
  std::size_t most_while_down = 0;  // requests in a second
  double seconds = 0;
  std::vector<std::string> log;  // requests, and what became of them; what the processes say if something is wrong
};

// `seed` 0: nothing goes wrong.
Ending Tell(const Stage& stage, std::uint64_t seed);

// What of `ending` is otherwise than in the story in which nothing went wrong; "" if nothing.
std::string Difference(const Ending& whole, const Ending& ending);

}  // namespace sluice::proxy
