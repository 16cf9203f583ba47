// The applied split: how it changes, how it becomes the router's objects, when it counts as settled.
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

bool IsApplied(const Context& context, const Split& split);

// Makes `split` the one that is to be; nothing if it is already.
void Apply(Context& context, Split split);

// `share` for the candidate, which takes first from leaving revisions; stable gets of the rest what its ready
// pods carry, leaving ones keep what it cannot.
Split SplitFor(const Context& context, const Number& share, const std::vector<graph::Match>& matches,
               const Number& mirror);

// Notes when the last split became settled: each object as written, in its order, the router's `settled when`
// true of what it says now, those that it does without gone, and at least its lag ago. Before anything is decided
// on it.
void ObserveRoute(Context& context);
// Emits the writes that bring the router's objects to the applied split, one object after the other, asserts
// again what somebody edited or deleted, and deletes what nothing wants once the others carry the traffic.
void WriteRoute(Context& context);
// Whether an edit changes what routes: router, its objects, addresses or ports.
bool SameRouting(const graph::Graph& a, const graph::Graph& b);

}  // namespace sluice::decide
