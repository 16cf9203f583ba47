// Services: the EndpointSlices of their pods, late.
#pragma once

#include "reconciler/embedded/controller.h"
#include "reconciler/embedded/store.h"

namespace sluice::embedded {

class Endpoints {
 public:
  Endpoints(loop::Loop& loop, Store& store, Watches& watches, const Lag& lag, std::uint64_t seed);

 private:
  void OnChange(const ObjectKey& key, const Object& before, const Object& now);
  void IndexService(const ObjectKey& key, const Json& service, bool add);
  void AddServicesOf(const ObjectKey& pod_key, const Json& pod);
  void Reconcile(const ObjectKey& key);
  void Write(const Json& service, std::size_t number, Json endpoints);

  loop::Loop& loop_;
  Store& store_;
  std::map<std::string, std::set<ObjectKey>> by_selector_;  // "NAMESPACE\nNAME=VALUE" of every pair
  View view_;
  Queue queue_;
};

}  // namespace sluice::embedded
