// Takes what lost its owners, and empties namespaces that are deleted.
#pragma once

#include "reconciler/embedded/controller.h"
#include "reconciler/embedded/store.h"

namespace sluice::embedded {

class GarbageCollector {
 public:
  GarbageCollector(loop::Loop& loop, Store& store, Watches& watches, const Lag& lag, std::uint64_t seed);
  ~GarbageCollector();

 private:
  void OnEvent(cluster::EventType type, const Object& object);
  void Reconcile(const ObjectKey& key);
  void Empty(const Json& namespace_);

  loop::Loop& loop_;
  Store& store_;
  Watches& watches_;
  std::map<std::string, std::set<ObjectKey>> dependents_;  // by the owner's uid
  Queue queue_;
  cluster::WatchId watch_;
};

}  // namespace sluice::embedded
