// How the applied split becomes the router's objects, and when it counts as settled.
#pragma once

#include "reconciler/decide/context.h"

namespace sluice::decide {

// Notes when the last split became settled: each object as written, in its order, the router's `settled when`
// true of what it says now, those that it does without gone, and at least its lag ago. Before anything is decided
// on it.
void ObserveRoute(Context& context);
// Emits the writes that bring the router's objects to the applied split, one object after the other, asserts
// again what somebody edited or deleted, and deletes what nothing wants once the others carry the traffic.
void WriteRoute(Context& context);
// Whether proxies had the time to hear of a revision's first endpoint: one that followed the route first would have
// nowhere to send to, since it hears of endpoints and of routes apart. The router's lag, by which it follows a route,
// is taken for endpoints too.
bool ProxiesKnow(Context& context, const Revision& revision);
// Whether an edit changes what routes: router, its objects, addresses or ports.
bool SameRouting(const graph::Graph& a, const graph::Graph& b);

}  // namespace sluice::decide
