// Holds what one cluster was seen to do against another.
#pragma once

#include <string>
#include <vector>

#include "tests/differential/player.h"

namespace sluice::cluster {

// A field that the embedded cluster has not, and why: reconciler/embedded/README.md says the same in its own words.
struct Lacking {
  const char* kinds;  // space between them; "" for all
  const char* path;   // "*" for each item of a list
  const char* why;
};
const std::vector<Lacking>& AllLacking();

// What the embedded cluster does otherwise than the real one, as lines; empty if nothing but what is lacking.
std::vector<std::string> Differences(const Operations& operations, const Seen& real, const Seen& embedded);

}  // namespace sluice::cluster
