// Going back to stable: one procedure for rollback, abort, supersede without room, revert, undo and removal.
#pragma once

#include <string>

#include "reconciler/decide/context.h"

namespace sluice::decide {

struct WayBack {
  std::string outcome;  // RunRecord::outcome once it is over
  std::string reason;   // for people
  std::string node;     // whose outcome caused it, or ""
  std::string who;      // of a command, or ""
  bool holds = false;   // hold the revision in the end
};

// Leaves the way forward. Without a stable revision there is nowhere to go: the pods stay, FirstInstallFailed.
void TurnBack(Context& context, const WayBack& way);

// The next steps of going back, from the applied split: (1) grow the receiver to its need, (2) move traffic at
// once if it can carry it, else in proportion to its ready pods, (3) after kRescue all of it if it has an
// endpoint, (4) settle and drain, (5) scale the loser to 0, (6) hold the revision. If (1) is blocked, the
// losers give up pods for it.
void GoBack(Context& context);

// Whether all traffic is where it should be: on stable alone.
bool TrafficIsBack(const Context& context);

}  // namespace sluice::decide
