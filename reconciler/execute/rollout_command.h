// The object by which a person tells a rollout what to do.
#pragma once

#include <string>

#include "reconciler/cluster/json.h"

namespace sluice::execute {

// A RolloutCommand about that Rollout. `spec` says the rest: `verb`, `who` and what goes with them
// (deploy/crds/rolloutcommands.yaml). It goes with the Rollout: what was said to one that is deleted before it was
// heard is not for a later one of the same name.
cluster::Json RolloutCommand(const cluster::Json& rollout, const std::string& name, cluster::Json spec);

}  // namespace sluice::execute
