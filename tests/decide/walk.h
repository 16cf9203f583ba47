// Random walks as plain data: a plan, and what disturbs its rollouts when. Drawn from a seed, played in a World.
#pragma once

#include <string>
#include <vector>

#include "tests/decide/disturbance.h"
#include "tests/decide/marks.h"

namespace sluice::decide::test {

struct Walk {
  unsigned seed = 0;
  AnyPlan first;  // of revision a1
  std::vector<Disturbance> disturbances;
};

Walk DrawWalk(unsigned seed);

struct WalkEnd {
  std::string failed;  // what went wrong first; "" if nothing did
  std::string transcript;
  std::string status;  // everything that it says in the end
};

// From the first install through all disturbances to rest, and once more to rest in a world that is well again. Notes
// the marks that it passes; `quiet` keeps no transcript.
WalkEnd Play(const Walk& walk, Marks& marks, bool quiet);

// The walk without what it fails without, too: as few disturbances as are found by leaving some out.
Walk Shrunk(const Walk& walk);

// Its disturbances as the calls that a test would make, one after the other.
std::string CodeOf(const Walk& walk);

}  // namespace sluice::decide::test
