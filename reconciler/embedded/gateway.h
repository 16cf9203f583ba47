// A Gateway API controller: tells each HTTPRoute, late, what became of it. Every gateway that a route names
// exists here.
#pragma once

#include "reconciler/embedded/controller.h"
#include "reconciler/embedded/store.h"

namespace sluice::embedded {

class Gateway {
 public:
  Gateway(loop::Loop& loop, Store& store, Watches& watches, const Lag& lag, std::uint64_t seed);

 private:
  void OnChange(const ObjectKey& key, const Object& before, const Object& now);
  void Reconcile(const ObjectKey& key);
  // Why the route's backends don't resolve (reason, message), or ("ResolvedRefs", "").
  std::pair<std::string, std::string> Resolve(const Json& route) const;

  loop::Loop& loop_;
  Store& store_;
  std::map<ObjectKey, std::set<ObjectKey>> routes_of_;  // by Service
  View view_;
  Queue queue_;
};

// The Services that a route's rules name, mirrors included.
std::set<ObjectKey> BackendsOf(const Json& route);
// The Service of one backendRef of a route in `namespace_`.
ObjectKey BackendKey(const Json& backend, const std::string& namespace_);

}  // namespace sluice::embedded
