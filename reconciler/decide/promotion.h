// Promotion: the candidate becomes stable, and what it leaves is taken away.
#pragma once

#include <optional>

#include "reconciler/decide/nodes.h"

namespace sluice::decide {

// Pods towards N for the candidate; where both share a quota, stable gives way as its traffic leaves.
void AimAtPromotion(Context& context);
// (a) the candidate has all its pods ready, (b) the route names only it, settled, (c) it is stable: from here
// there is no way back but another revision; (d) NAME's selector in one write, (e) settled when NAME holds
// exactly its pods.
std::optional<NodeEnd> JudgePromote(Context& context, const graph::Node& node, NodeRecord& record);
// (f) drained and kept as long as the plan says, (g) the old pods are gone.
std::optional<NodeEnd> JudgeRetire(Context& context, const graph::Node& node);

// Whether the run's revision has been promoted and only what it leaves is to be done.
bool IsPromoted(const Status& status);

}  // namespace sluice::decide
