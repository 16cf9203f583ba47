// Takes one Lease, and keeps it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "reconciler/cluster/cluster.h"
#include "reconciler/lease/record.h"
#include "reconciler/loop/loop.h"

namespace sluice::lease {

// Sees the lease by its own answers and by what is passed on to Seen.
class Holder {
 public:
  // `cluster` and `loop` outlive it. `identity`: two holders are never equal, but a container's and the one's that
  // was started again in its pod are.
  Holder(cluster::Cluster& cluster, loop::Loop& loop, cluster::ObjectKey key, std::string identity, Times times,
         Owner owner = {});
  ~Holder();
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  // Tries for it from now on; what was not passed on to Seen until now isn't there. Once lost, it is not tried for
  // again.
  void Start();
  // By a watch; nullptr: it is gone.
  void Seen(const cluster::Json* object);
  // Lets go of it, so that another need not wait: `done` is called once that is stored or has failed.
  void Release(std::function<void()> done);

  const cluster::ObjectKey& key() const { return key_; }
  bool holds() const { return election_.holds() && !lost_ && !released_; }
  bool MayWrite() const { return holds() && election_.MayWrite(loop_.Now()); }
  // Since how long a held lease was not renewed; 0 if it isn't held.
  Duration Unrenewed() const;

  std::function<void()> on_gain, on_loss;

 private:
  void Step();
  void Attempt();
  void ReadBack(std::string renewed, TimePoint sent);
  void Stored(const cluster::Json& object, TimePoint sent);
  void Again(Duration after);

  template <typename F>
  auto Safe(F function) {
    return [alive = alive_, function = std::move(function)](auto&&... arguments) mutable {
      if (*alive) function(std::forward<decltype(arguments)>(arguments)...);
    };
  }

  cluster::Cluster& cluster_;
  loop::Loop& loop_;
  const cluster::ObjectKey key_;
  const std::string identity_;
  const Times times_;
  const Owner owner_;
  Election election_;
  bool started_ = false, asking_ = false, lost_ = false, released_ = false;
  loop::TimerId timer_ = loop::TimerId::kNone;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sluice::lease
