// The graphs that one rollout needs: accepted from RolloutBundles, held only while it is at work.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "compiler/base/result.h"
#include "compiler/graph/graph.h"
#include "reconciler/execute/status_codec.h"
#include "reconciler/execute/world.h"

namespace sluice::execute {

class Bundles {
 public:
  using Graph = std::shared_ptr<const graph::Graph>;

  Bundles(cluster::Cluster& cluster, std::string in_namespace, std::string rollout);
  ~Bundles();

  // Loads what of `refs` is not here yet, then calls `done` (at once if all is here or known to be bad). What could not
  // be read the last time is read again.
  void Load(std::vector<BundleRef> refs, const std::function<void()>& done);

  // null if the bundle could not be read or is not acceptable; then `WhyNot` says why.
  Graph Find(const std::string& digest) const;
  std::string WhyNot(const std::string& digest) const;

  // Whether the last Load asked for it and had no answer that it could use: nothing is known of it.
  bool Unread(const std::string& digest) const { return unread_.contains(digest); }
  // Why another one than `wanted` could not be read though it may be there; nullptr if none.
  const Error* UnreadBut(const std::string& wanted) const;

  // Forgets what was not acceptable: the bundles changed in the cluster.
  void Reconsider() { rejected_.clear(); }
  // Lets go of all graphs.
  void Release() { graphs_.clear(); }

 private:
  void LoadNext(const std::shared_ptr<std::vector<BundleRef>>& refs, const std::function<void()>& done);

  cluster::Cluster& cluster_;
  const std::string namespace_, rollout_;
  std::shared_ptr<Bundles*> self_;               // null in callbacks that outlive it
  std::map<std::string, Graph> graphs_;          // by digest
  std::map<std::string, std::string> rejected_;  // by digest: why
  std::map<std::string, Error> unread_;          // by digest, of the last Load: why
};

// Which bundles a status still needs: the accepted one, the wanted one, and the newest of each revision that is
// stable, candidate, leaving or promoted. `known` are those so far, oldest first.
std::vector<BundleRef> NeededBundles(const decide::Status& status, const std::vector<BundleRef>& known,
                                     const std::string& wanted_digest);

}  // namespace sluice::execute
