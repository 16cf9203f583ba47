// The disruption controller: how many pods of each PodDisruptionBudget may be evicted at once, in its status.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconciler/embedded/controller.h"
#include "reconciler/embedded/store.h"

namespace sluice::embedded {

// As k8s.io/kubernetes/pkg/controller/disruption counts, for selectors of labels (`matchLabels`) and pods of
// Deployments and ReplicaSets.
class Disruptions {
 public:
  Disruptions(loop::Loop& loop, Store& store, Watches& watches, const Lag& lag, std::uint64_t seed);

 private:
  void OnChange(const ObjectKey& key, const Object& before, const Object& now);
  void AddBudgetsOf(const std::string& namespace_, const Json* pod);
  void Reconcile(const ObjectKey& key);
  std::int64_t Expected(const std::vector<Object>& pods) const;

  loop::Loop& loop_;
  Store& store_;
  Watches& watches_;
  View budgets_;
  std::map<std::string, std::set<ObjectKey>> by_namespace_;  // budgets
  std::optional<View> pods_;  // and their owners: once there is a budget to count them for
  Queue queue_;
};

// What becomes of a request to evict a pod (policy/v1 Eviction, KEP-85): nothing if the pod is being deleted from now
// on. kNotFound; kConflict: another pod, or another version of it, than `options` say; kUnavailable: its budget lets
// none go now; kInvalid: it has several budgets.
Result<void> Evict(Store& store, const ObjectKey& key, const DeleteOptions& options, TimePoint now);

}  // namespace sluice::embedded
