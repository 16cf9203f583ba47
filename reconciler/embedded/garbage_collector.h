// Takes what lost its owners, empties namespaces that are deleted, and does what a deletion in the foreground or one
// that orphans waits for.
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
  // The object is to be deleted and waits for what becomes of its dependents.
  void DeleteDependents(const Object& owner);
  void OrphanDependents(const Object& owner);
  void DropFinalizer(const Object& object, const std::string& finalizer);
  std::set<ObjectKey> DependentsOf(const std::string& uid) const;

  loop::Loop& loop_;
  Store& store_;
  Watches& watches_;
  std::map<std::string, std::set<ObjectKey>> dependents_;  // by the owner's uid
  Queue queue_;
  cluster::WatchId watch_;
};

}  // namespace sluice::embedded
