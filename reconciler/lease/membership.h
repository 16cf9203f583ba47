// The executors that share a cluster's rollouts: each holds a Lease of its own, all see all, and a rollout is whose
// the highest hash of both is (rendezvous hashing, Thaler and Ravishankar 1998): one that goes leaves its share to
// all others, and nobody else's moves. While views differ two may act on a rollout; its epoch decides then.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/cluster/cluster.h"
#include "reconciler/lease/holder.h"
#include "reconciler/loop/loop.h"

namespace sluice::lease {

struct MemberOptions {
  std::string namespace_ = "sluice-system";  // of the leases
  std::string identity;                      // of this process; see Holder
  std::string source;                        // what names the source that this process would sync; see SyncLeaseName
  Times times;
  Owner owner;
};

std::string MemberLeaseName(const std::string& identity);
std::string SyncLeaseName(const std::string& source);

// Whose of `members` the rollout is; "" if there are none.
std::string OwnerOf(const std::string& namespace_, const std::string& name, const std::vector<std::string>& members);

// All leases of one reconciler: its own among the executors' and that of the source's syncer.
class Membership {
 public:
  // `cluster` and `loop` outlive it. `cluster`: leases' own way to it; see kubernetes::ClusterOptions.
  Membership(cluster::Cluster& cluster, loop::Loop& loop, MemberOptions options);
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  void Start();
  // Lets go of all that is held.
  void Release(std::function<void()> done);

  bool Owns(const std::string& namespace_, const std::string& name) const;
  bool MayExecute() const { return member_.MayWrite(); }
  bool MaySync() const { return sync_.MayWrite(); }
  bool syncs() const { return sync_.holds(); }
  // The identities of all that live, in order.
  const std::vector<std::string>& members() const { return members_; }
  // Something is held that was not renewed for longer than it lasts: whoever should have noticed doesn't.
  bool IsStuck() const;

  std::function<void()> on_members;  // members() changed
  std::function<void()> on_sync;     // the source is ours to sync
  // What was held is so no more: nothing may be written, and whoever is to go on begins anew.
  std::function<void(const std::string& lease)> on_loss;

 private:
  void OnEvent(const cluster::Event& event);
  void Count();
  void CollectDead(TimePoint now);

  cluster::Cluster& cluster_;
  loop::Loop& loop_;
  const MemberOptions options_;
  Holder member_, sync_;
  cluster::WatchId watch_ = cluster::WatchId::kNone;
  bool listed_ = false;
  std::map<std::string, Election> others_;  // by the lease's name
  std::vector<std::string> members_;
  loop::TimerId timer_ = loop::TimerId::kNone;
};

}  // namespace sluice::lease
