// Deletes what the plan set no longer has. Only with every proof; only what is ours; only by uid.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/sync/apply.h"
#include "reconciler/sync/inventory.h"
#include "reconciler/sync/proofs.h"

namespace sluice::sync {

struct PruneOutcome {
  std::vector<cluster::ObjectKey> gone;  // not there any more, another object by now, or released
  std::size_t deleted = 0;
  std::size_t waiting = 0;  // deleted, and still there
  // The first of those that stay while a rollout's pods take over from them may go in so long a time.
  std::optional<Duration> next_in;
  std::vector<Problem> problems;
};

// Looks at each entry that `wanted` does not name and no Rollout takes, in the reverse order of waves: gone, not ours,
// or to be deleted. A wave waits for the one before to be gone. What was made for a service that has a rollout now
// stays until its version is stable and WantedObject::drain over: until then its pods are those that serve. `done` is
// called in a later turn. Ends silently once `live` is gone: who asked is.
void Prune(cluster::Cluster& cluster, loop::Loop& loop, std::weak_ptr<LiveObjects> live, const PruneProofs& proofs,
           const Inventory& inventory, const std::vector<WantedObject>& wanted, const std::string& plan_set,
           std::function<void(PruneOutcome)> done);

}  // namespace sluice::sync
