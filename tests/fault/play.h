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

// What somebody does, and how the story shows that it is over.
struct Act {
  std::function<void(Scene&)> deed;
  std::function<bool(const Scene&)> over;
};
struct Play {
  std::string name;
  std::vector<Act> before;  // nothing goes wrong
  std::vector<Act> acts;
  std::vector<cluster::Json> there = {};  // what somebody else made before
  // Pods crash on the way. What that loses is told by the second, so that two tellings can be compared.
  bool loses = false;
};
// From 1; the first is one of those in the acts, each further one is counted from the start of the next process.
struct Crash {
  std::size_t write = 0;
  cluster::Death death = cluster::Death::kBeforeSending;
};
using Crashes = std::vector<Crash>;
// The request of that number, and the next two of its kind, come to nothing or seem to.
struct Refusal {
  std::size_t request = 0;  // from 1, of those in the acts
  cluster::Fault fault;
};
using Disturbance = std::variant<std::monostate, Crashes, Refusal>;
// What is left in the end.
struct Ending {
  bool over = false;
  std::string objects, status;
  std::set<std::string> deleted;                 // requests, over the whole story
  std::map<std::string, std::string> survivors;  // uids of what was there before the story and still is
  std::string left_over;                         // where inventory and cluster differ
  std::vector<std::string> broken;               // what held at some moment and must not
  std::map<std::string, int> made, gone;         // how often an object of a name came and went
  std::int64_t lost = 0;                         // requests
  bool still = false;                            // nothing was written any more
  std::vector<std::string> requests, writes;     // those of the acts
};

Ending Tell(const Play& play, const Disturbance& disturbance = {});

// What `ending` says otherwise than the one in which nothing went wrong; "" if nothing.
std::string Difference(const Play& play, const Ending& whole, const Ending& ending);

}  // namespace sluice::execute
