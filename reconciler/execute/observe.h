// From the caches to what the core is shown of one rollout.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/decide/observed.h"
#include "reconciler/execute/bundles.h"
#include "reconciler/execute/world.h"

namespace sluice::execute {

// The objects that `graph`'s router writes while the candidate has all of the traffic.
std::vector<decide::ObjectName> RoutedObjects(const graph::Graph& graph);

// Whether Deployments are as their workloads say. Remembers the answers: Kubernetes counts changes of a spec.
class Drifts {
 public:
  bool IsDrifted(const Identity& id, const DeploymentView& view,
                 const std::shared_ptr<const graph::Workload>& workload);
  // Lets go of the workloads.
  void Forget() { compared_.clear(); }

 private:
  struct Compared {
    std::string uid;
    std::int64_t generation = 0;
    std::shared_ptr<const graph::Workload> workload;
    bool drifted = false;
  };
  std::map<decide::Revision, Compared> compared_;
};

// Fills in what the caches know: objects, endpoints, pods, commands. Not what the runner keeps: gates,
// deliveries, failures, workloads. `adoption`: of the graph; may be none. `routed` are the router's objects to look
// for. What carries another rollout's name is not shown: it is none of this one's business.
decide::Observed Observe(const World& world, const graph::Graph& graph, const std::vector<decide::ObjectName>& routed,
                         const Name& rollout, const std::string& uid,
                         const std::map<decide::Revision, std::shared_ptr<const graph::Workload>>& workloads,
                         std::optional<decide::ObservedAdoption> adoption, Drifts& drifts);

// What an object is to the core. `id` is that of `object`.
decide::ObservedObject ShownObject(const Identity& id, const graph::Value& object);
decide::ObservedDeployment ShownDeployment(const Identity& id, const DeploymentView& view);
// A pod of a StatefulSet; nullopt if it isn't one of its own.
std::optional<decide::ObservedStatefulSet::Pod> ShownPod(const Identity& set, const StatefulSetView& view,
                                                         const Identity& id, const PodView& pod);
decide::ObservedStatefulSet ShownStatefulSet(const Identity& id, const StatefulSetView& view);
// Fills in Observed::stateful_set and what it shows of each revision. `out` has the adoption.
void ShowStatefulSet(const World& world, const graph::Graph& graph, const Identity& id, const StatefulSetView& view,
                     bool drifted, decide::Observed& out);
// The revision whose pods alone a Service selects; "" for all of them.
decide::Revision SelectedBy(const ServiceView& service, const std::optional<decide::ObservedAdoption>& adoption);

}  // namespace sluice::execute
