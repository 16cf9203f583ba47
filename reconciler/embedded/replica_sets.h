// ReplicaSets: as many pods as they say, and their status.
#pragma once

#include "reconciler/embedded/controller.h"
#include "reconciler/embedded/store.h"

namespace sluice::embedded {

class ReplicaSets {
 public:
  ReplicaSets(loop::Loop& loop, Store& store, Watches& watches, const Lag& lag, std::uint64_t seed);

 private:
  void Reconcile(const ObjectKey& key);
  // The API server's word if it refused one.
  std::string Grow(const Json& set, std::int64_t count);
  void Shrink(std::vector<Object> pods, std::int64_t count);
  bool Available(const ObjectKey& set, const Object& pod, std::int64_t min_ready_seconds);

  loop::Loop& loop_;
  Store& store_;
  std::uint64_t seed_;
  View view_;
  Queue queue_;
};

}  // namespace sluice::embedded
