// What can happen in a walk: each kind by its name, in one place.
#pragma once

#include <string>
#include <vector>

#include "tests/fault/walk.h"

namespace sluice::execute {

struct HappeningKind {
  std::string name;
  bool lasts = false;  // has an end
  int weight = 1;      // how often it is drawn, against others of its sort
  std::function<void(Walk&, const Happening&)> begins;
  std::function<void(Walk&)> ends = {};
};

// What git, people and others do.
const std::vector<HappeningKind>& Deeds();
// What goes wrong.
const std::vector<HappeningKind>& FaultKinds();
// nullptr if there is none of that name.
const HappeningKind* FindKind(const std::string& name);

}  // namespace sluice::execute
