// The nodes: they take pods, run them as their images tell, and let terminating ones serve to the end.
#pragma once

#include <set>
#include <string>

#include "reconciler/embedded/controller.h"
#include "reconciler/embedded/images.h"

namespace sluice::embedded {

class Kubelet {
 public:
  Kubelet(loop::Loop& loop, Store& store, Watches& watches, const World& world, const Lags& lags, std::uint64_t seed);

  static constexpr int kNodes = 3;  // node-1 … node-3

  // The node's pods are gone at once, without a word to their clients; new ones avoid it.
  void LoseNode(const std::string& node);
  void RestoreNode(const std::string& node);
  // What images do has changed.
  void LookAgain();

 private:
  void Reconcile(const ObjectKey& key);
  bool Place(const Object& pod);
  void Terminate(const Object& pod);
  PodState StateOf(const Object& pod) const;
  bool HasVolumes(const Json& pod) const;
  Json StatusOf(const Json& pod, const PodState& state) const;

  loop::Loop& loop_;
  Store& store_;
  const World& world_;
  Lags lags_;
  std::uint64_t seed_;
  std::set<std::string> lost_;
  std::map<std::string, TimePoint> created_;  // by uid, to the millisecond, as far as this process saw it
  View view_;
  Queue queue_;
};

// The image of a pod's first container.
std::string ImageOf(const Json& pod);

}  // namespace sluice::embedded
