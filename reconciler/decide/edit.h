// Edits of the plan while it runs.
#pragma once

#include "reconciler/decide/context.h"

namespace sluice::decide {

// Whether the edit from `accepted` to `graph` has to wait: it changes what routes while another revision than
// stable has traffic.
bool MustDefer(const graph::Graph& accepted, const graph::Graph& graph, const Status& status);

// Takes a graph that differs from the accepted one: nodes are matched by path.
//   done                   stays done; changed intent: its gate is looked at once at the present share
//   active, intent changed  original start, new bounds
//   active, effect changed  entered again once
//   active, removed         forgotten: the walk goes to the frontier
void AcceptEdit(Context& context);

}  // namespace sluice::decide
