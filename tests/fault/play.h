// Stories of a whole reconciler, told with something going wrong on the way, and what is left in their end. Whole path:
// git in memory, compiler, syncer, executor, the embedded cluster in virtual time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "tests/execute/scene.h"

namespace sluice::execute {

// A commit or a person's command, and how the story shows that its act is over.
struct Act {
  git::MemoryRepository::Files commit;  // none: as before
  std::function<bool(const Scene&)> over;
  std::string command = {};
};
struct Play {
  std::string name;
  std::vector<Act> before;  // nothing goes wrong
  std::vector<Act> acts;
  std::vector<cluster::Json> there = {};  // what somebody else made before
};
struct Crash {
  std::size_t write = 0;  // from 1, of those in the acts
  cluster::Death death = cluster::Death::kBeforeSending;
};
// The request of that number, and the next two of its kind, come to nothing or seem to.
struct Refusal {
  std::size_t request = 0;  // from 1, of those in the acts
  cluster::Fault fault;
};
using Disturbance = std::variant<std::monostate, Crash, Refusal>;
// What is left in the end.
struct Ending {
  bool over = false;
  std::string objects, status;
  std::set<std::string> deleted;                 // requests, over the whole story
  std::map<std::string, std::string> survivors;  // uids of what was there before the story and still is
  std::string left_over;                         // what the inventory has and the cluster hasn't
  std::int64_t lost = 0;                         // requests
  std::vector<std::string> requests, writes;     // those of the acts
};

// A first install, a good canary, one whose gate fails, one that another version supersedes, one by pods, one
// whose Job completes and one whose Job fails twice, what ran before and is taken over, a Deployment and a
// StatefulSet, a service that gets a rollout, an ejection, a removal.
std::vector<Play> Plays();

Ending Tell(const Play& play, const Disturbance& disturbance = {});

// What `ending` says otherwise than the one in which nothing went wrong; "" if nothing.
std::string Difference(const Play& play, const Ending& whole, const Ending& ending);

}  // namespace sluice::execute
