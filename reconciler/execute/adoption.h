// A Deployment or StatefulSet that ran before its rollout: what the core is shown of it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "compiler/base/result.h"
#include "compiler/graph/graph.h"
#include "reconciler/cluster/cluster.h"
#include "reconciler/decide/observed.h"

namespace sluice::execute {

// What stands under the names that a graph adopts, read once: it carries no label by which a watch would tell of it.
struct Adoptee {
  cluster::SharedJson deployment;    // or StatefulSet; null: there is none
  cluster::SharedJson service;       // Service NAME; null
  cluster::SharedJson budget;        // null
  cluster::SharedJson replica_sets;  // the list of those that the Deployment's selector finds; null without one
};

// Reads them, one after the other. `graph` adopts something. Nothing more happens once `alive` says no.
void FindAdoptee(cluster::Cluster& cluster, std::shared_ptr<const graph::Graph> graph, std::shared_ptr<bool> alive,
                 std::function<void(Result<Adoptee>)> done);

// What it would be taken over as. nullopt: there is no Deployment, or it is to have no pods.
//
// Its revision is git's where applying what git says to its pod template would change nothing; else one of its own, a
// hash of what tells its pods. Sources: graph::Adoption::pods, `pod-template-hash` of its one ReplicaSet with pods,
// `status.updateRevision` of a StatefulSet.
std::optional<decide::ObservedAdoption> AdoptionOf(const graph::Graph& graph, const Adoptee& adoptee);

// The same for one that carries our marks: its revision is its label's, or that of a StatefulSet its annotation's.
// `graph` need not adopt it any more. `budget`: whether the disruption budget that it names is there.
std::optional<decide::ObservedAdoption> AdoptionOf(const graph::Graph& graph, const cluster::Json& marked, bool budget);

}  // namespace sluice::execute
