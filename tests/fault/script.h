// A walk of the whole system as plain data: what happens when.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/base/time.h"
#include "tests/fault/shape.h"

namespace sluice::execute {

// Something that begins at a moment, and ends again where it lasts.
struct Happening {
  Duration at{0};          // since the first version was committed
  Duration lasts{0};       // of a fault
  std::string what;        // the name of a Kind
  std::uint64_t draw = 0;  // each kind takes from it what it needs: equal draws, equal happenings
};

struct Script {
  std::uint64_t seed = 0;
  Shape shape;
  bool shares = false;                // two processes, with leases
  bool at_rest_first = true;          // nothing happens before the first version is stable
  std::vector<Happening> happenings;  // by time
};

Script Drawn(std::uint64_t seed);
// For people, a line each.
std::string Describe(const Script& script);

}  // namespace sluice::execute
