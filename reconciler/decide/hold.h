// Named states that wait for someone, and the ways out of each.
#pragma once

#include <string_view>

#include "reconciler/decide/context.h"

namespace sluice::decide {

struct WayOut {
  Hold hold;
  std::string_view name;     // as status, events and the command line show it: "StableDown"
  std::string_view command;  // `sluice …`, that leaves it
  std::string_view commit;   // what in git leaves it
};

// One for each Hold but kNone.
const WayOut& WayOutOf(Hold hold);
std::string_view HoldName(Hold hold);
std::string_view PhaseName(Phase phase);

// Sets Status::hold from what stands now: last of all, because it only says what was decided.
void NameState(Context& context);

}  // namespace sluice::decide
