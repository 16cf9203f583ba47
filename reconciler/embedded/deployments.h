// Deployments: ReplicaSets by template, rolled within surge and unavailability, and their status.
#pragma once

#include "reconciler/embedded/controller.h"
#include "reconciler/embedded/store.h"

namespace sluice::embedded {

class Deployments {
 public:
  Deployments(loop::Loop& loop, Store& store, Watches& watches, const Lag& lag, std::uint64_t seed);

 private:
  struct Sets;

  void Reconcile(const ObjectKey& key);
  Sets SetsOf(const Json& deployment) const;
  Object MakeSet(const Json& deployment, std::int64_t replicas, std::size_t number);
  void Roll(const Json& deployment, Sets& sets);
  void ShrinkOld(Sets& sets, std::int64_t least_available);
  void ScaleTo(Object& set, std::int64_t replicas);
  void Forget(const Json& deployment, Sets& sets);
  void WriteStatus(const Object& deployment, const Sets& sets);
  Json Progress(const Json& deployment, const Sets& sets, const Json& status);

  loop::Loop& loop_;
  Store& store_;
  View view_;
  Queue queue_;
};

}  // namespace sluice::embedded
