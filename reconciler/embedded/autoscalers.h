// The controller of HorizontalPodAutoscalers: scales what they name by what its pods use, and tells in their status
// why. Metrics of resources are served, of pods and of containers; there is no server of others, as in a cluster
// without an adapter.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/embedded/autoscaling.h"
#include "reconciler/embedded/controller.h"
#include "reconciler/embedded/scaling_rules.h"
#include "reconciler/embedded/store.h"
#include "reconciler/embedded/usage.h"

namespace sluice::embedded {

// As k8s.io/kubernetes/pkg/controller/podautoscaler with the defaults of kube-controller-manager: each is looked at
// every 15 s. What they remember of the past is gone after a restart, as there.
class Autoscalers {
 public:
  // All must outlive it.
  Autoscalers(loop::Loop& loop, Store& store, Watches& watches, Usage& usage, std::uint64_t seed);

 private:
  struct Round;

  void OnChange(const ObjectKey& key, const Object& now);
  void Reconcile(const ObjectKey& key);
  // The target, or nullptr, told in the status.
  Object TargetOf(Round& round) const;
  // What all metrics together ask for; nothing if that can't be told, which the status says.
  std::optional<std::int64_t> Recommend(Round& round);
  bool SelectsAlone(Round& round);
  Result<ReplicaProposal> Measure(const Round& round, const Json& metric) const;
  void Rescale(Round& round, std::int64_t replicas);
  void Write(Round& round, std::int64_t desired, bool rescaled);

  loop::Loop& loop_;
  Store& store_;
  Watches& watches_;
  Usage& usage_;
  std::map<ObjectKey, ScalingHistory> histories_;
  std::map<ObjectKey, Json> selectors_;  // of the pods of each autoscaler's target, as far as it is known
  View view_;
  std::optional<View> targets_;  // and their pods: once there is an autoscaler
  Queue queue_;
};

}  // namespace sluice::embedded
