// The applied split: which there may be, and how one becomes another.
//
// A proxy hears of Services and of the weights between them in no order (Envoy: CDS and RDS): one that is told of both
// at once may send requests to a Service that it doesn't know yet, or no longer. So a revision enters a router's split
// with share 0, and gets requests once the routers have followed; it leaves in the same two steps.
#pragma once

#include <map>
#include <vector>

#include "reconciler/decide/context.h"

namespace sluice::decide {

// A split as it is to be. Revisions that stand with share 0 are named to the router; others are left out.
struct Split {
  std::map<Revision, Number> shares;
  std::vector<graph::Match> matches;
  Number mirror;
};

// Requests go where `split` sends them. What it leaves out may still be named.
bool IsApplied(const Context& context, const Split& split);

// Makes `split` the one that is to be; nothing if it is already. Of a candidate that the routers don't know they are
// told first: then it takes another call, once that has settled. What `split` leaves out stays named.
void Apply(Context& context, Split split);

// Names the candidate as soon as it has a Service, and leaves out what gets no requests and has no role. At the end of
// a move: it decides nothing.
void NameBackends(Context& context);

// `share` for the candidate, which takes first from leaving revisions; stable gets of the rest what its ready
// pods carry, leaving ones keep what it cannot.
Split SplitFor(const Context& context, const Number& share, const std::vector<graph::Match>& matches,
               const Number& mirror);

}  // namespace sluice::decide
