// Everything the executor watches: one cache a kind, for all rollouts together.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/execute/views.h"
#include "reconciler/execute/watch_cache.h"

namespace sluice::execute {

// Who is to look again: a rollout, or the rollout of a service.
struct Stir {
  std::string namespace_ = {};
  std::string rollout = {};  // or "":
  std::string service = {};
  bool of_pods = false;  // only pods, or who of them answers: nothing that anybody else wrote
  bool partial = false;  // more of the same will follow: not all pods of a Deployment are ready, or not all are told of
};

class World {
 public:
  // `stir` is called, from the cluster's events, whenever something changed; with an empty namespace when
  // everything is to be looked at.
  World(cluster::Cluster& cluster, loop::Loop& loop, std::function<void(const Stir&)> stir);

  // The first lists of all kinds, routers' included, are complete.
  bool synced() const { return Unsynced().empty(); }
  // The kinds whose first list isn't complete, in a fixed order.
  std::vector<cluster::Kind> Unsynced() const;
  // Begins to watch what of a kind carries a rollout's label; nothing for a kind that is watched.
  void WatchOwned(const cluster::Kind& kind);

  // Takes an answer into the cache of its kind.
  void Learn(const cluster::SharedJson& object);
  void MarkDeleting(const cluster::ObjectKey& key, const std::string& uid);
  // The object was looked for and isn't there.
  void MarkMissing(const cluster::ObjectKey& key);
  // Whether a delete of it was sent already.
  bool IsDeleting(const cluster::ObjectKey& key, const std::string& uid) const;

  // Of a kind that WatchOwned was told; null if there is none.
  const WatchCache<OwnedView>::Entry* FindOwned(const cluster::ObjectKey& key) const;

  // What comes and goes with the rollout's revisions: graph::Workload::companions.
  std::vector<const WatchCache<OwnedView>::Entry*> CompanionsOf(const Name& rollout) const;
  std::vector<const WatchCache<OwnedView>::Entry*> JobsOf(const Name& rollout) const;

  const WatchCache<RolloutView>& rollouts() const { return rollouts_; }
  const WatchCache<BundleView>& bundles() const { return bundles_; }
  const WatchCache<CommandView>& commands() const { return commands_; }
  const WatchCache<DeploymentView>& deployments() const { return deployments_; }
  const WatchCache<StatefulSetView>& stateful_sets() const { return stateful_sets_; }
  const WatchCache<ServiceView>& services() const { return services_; }
  const WatchCache<SliceView>& slices() const { return slices_; }
  const WatchCache<PodView>& pods() const { return pods_; }
  const WatchCache<JobPodView>& job_pods() const { return job_pods_; }

 private:
  // For when all of a kind were listed: which of them are new or gone is not told one by one.
  std::function<void()> LookAtAll();
  // Whether the pods that this slice names are all that are ready, of a revision or of all.
  bool IsComplete(const Name& slice, const SliceView& view) const;

  cluster::Cluster& cluster_;
  loop::Loop& loop_;
  std::function<void(const Stir&)> stir_;
  WatchCache<RolloutView> rollouts_;
  WatchCache<BundleView> bundles_;
  WatchCache<CommandView> commands_;
  WatchCache<DeploymentView> deployments_;
  WatchCache<StatefulSetView> stateful_sets_;
  WatchCache<ServiceView> services_;
  WatchCache<SliceView> slices_;
  WatchCache<PodView> pods_;
  WatchCache<JobPodView> job_pods_;
  std::map<cluster::Kind, std::unique_ptr<WatchCache<OwnedView>>> owned_;
};

}  // namespace sluice::execute
