// Writes what differs, one object after the other, in the order of waves.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/sync/live.h"
#include "reconciler/sync/plan_set.h"

namespace sluice::sync {

// Why an object could not be written, deleted or found healthy.
struct Problem {
  cluster::ObjectKey key;
  Error error;
};

struct ApplyOutcome {
  std::size_t wrote = 0;
  std::vector<Problem> problems;
  // Not written yet: a rollout of the plan set's that is to go still has them, and lets go of them in its own time.
  std::vector<cluster::ObjectKey> held;
};

// Whether the object in the cluster is as the plan set wants it. A bundle or a Rollout is judged by its digest.
bool IsAsWanted(const LiveObjects& live, const WantedObject& wanted);

// An object that fails doesn't keep those from being written that don't depend on it; a wave with a failure
// is the last. `done` is called in a later turn. Ends silently once `live` is gone: who asked is.
void ApplyAll(cluster::Cluster& cluster, loop::Loop& loop, std::weak_ptr<LiveObjects> live,
              std::shared_ptr<const std::vector<WantedObject>> wanted, const std::string& manager,
              std::function<void(ApplyOutcome)> done);

}  // namespace sluice::sync
