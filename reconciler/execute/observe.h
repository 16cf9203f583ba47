// From the caches to what the core is shown of one rollout.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/decide/observed.h"
#include "reconciler/execute/bundles.h"
#include "reconciler/execute/world.h"

namespace sluice::execute {

// A router's object by its name in the plan.
struct RoutedObject {
  std::string name;
  cluster::ObjectKey key;
};

// The objects that `graph`'s router may write. Their keys don't depend on the split.
std::vector<RoutedObject> RoutedObjects(const graph::Graph& graph);

// Fills in what the caches know: objects, endpoints, pods, commands. Not what the runner keeps: gates,
// deliveries, failures, workloads.
decide::Observed Observe(const World& world, const graph::Graph& graph, const std::vector<RoutedObject>& routed,
                         const Name& rollout, const std::string& uid,
                         const std::map<decide::Revision, std::shared_ptr<const graph::Workload>>& workloads);

}  // namespace sluice::execute
