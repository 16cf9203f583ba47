// The plan set's objects as they are in the cluster.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "reconciler/cluster/cluster.h"
#include "reconciler/execute/watch_cache.h"
#include "reconciler/loop/loop.h"

namespace sluice::sync {

class LiveObjects {
 public:
  // Watches objects that carry the plan set's label. `changed` is called when one of them changed in more
  // than its version.
  LiveObjects(cluster::Cluster& cluster, loop::Loop& loop, std::string plan_set, std::function<void()> changed);

  // Nothing for a kind that is watched already.
  void Watch(const cluster::Kind& kind);
  bool watches(const cluster::Kind& kind) const { return caches_.contains(kind); }
  // The first lists of all kinds that are watched are complete.
  bool synced() const;
  // null if there is none with the plan set's label.
  const cluster::Json* Find(const cluster::ObjectKey& key) const;
  // Of what Find finds.
  const execute::Identity* FindIdentity(const cluster::ObjectKey& key) const;
  // Takes an answer at once.
  void Learn(const cluster::SharedJson& object);
  void MarkMissing(const cluster::ObjectKey& key);

 private:
  struct View {
    std::string group;
    std::shared_ptr<const cluster::Json> object;  // without version and managed fields; a Rollout's with the version it
                                                  // made stable last, and since when, of its status
    friend bool operator==(const View& a, const View& b) { return *a.object == *b.object; }
  };

  cluster::Cluster& cluster_;
  loop::Loop& loop_;
  const std::string plan_set_;
  const std::function<void()> changed_;
  std::map<cluster::Kind, std::unique_ptr<execute::WatchCache<View>>> caches_;
};

}  // namespace sluice::sync
