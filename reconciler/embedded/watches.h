// Watches on a store: each with a lag of its own, so that two watchers hear of one change at different times
// and of changes of two kinds in either order. Within one watch the order is that of the versions.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "reconciler/embedded/random.h"
#include "reconciler/embedded/store.h"
#include "reconciler/loop/loop.h"

namespace sluice::embedded {

class Watches {
 public:
  // nullptr for kSynced.
  using Handler = std::function<void(cluster::EventType, const Object&)>;

  // `may_deliver` is asked before events leave: what they tell must be durable by then. If it isn't, they are
  // never delivered.
  Watches(loop::Loop& loop, Store& store, Lag lag, std::uint64_t seed, std::function<bool()> may_deliver);
  ~Watches();

  // Kind{} watches all kinds.
  cluster::WatchId Watch(cluster::ListObjects what, Handler handler);
  void Cancel(cluster::WatchId id);
  // Every watch has fallen behind (410): what it has not delivered is lost, and it lists again.
  void Expire();

 private:
  struct Watcher;

  void OnChange(const Change& change);
  void Schedule(const std::shared_ptr<Watcher>& watcher);
  void Deliver(const std::shared_ptr<Watcher>& watcher);
  void Relist(Watcher& watcher);
  void Give(Watcher& watcher, const Change& change);

  loop::Loop& loop_;
  Store& store_;
  Lag lag_;
  Random random_;
  std::function<bool()> may_deliver_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, std::shared_ptr<Watcher>> watchers_;
  std::map<Kind, std::map<std::uint64_t, std::shared_ptr<Watcher>>> by_kind_;
};

}  // namespace sluice::embedded
