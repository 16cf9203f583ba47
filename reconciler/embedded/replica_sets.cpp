#include "reconciler/embedded/replica_sets.h"

#include <algorithm>

#include <fmt/format.h>

#include "reconciler/embedded/kinds.h"

namespace sluice::embedded {

ReplicaSets::ReplicaSets(loop::Loop& loop, Store& store, Watches& watches, const Lag& lag, std::uint64_t seed)
    : loop_(loop),
      store_(store),
      seed_(seed),
      view_(watches, {kReplicaSet, kPod}, View::FindBy::kOwner,
            [this](const ObjectKey& key, const Object& before, const Object& now) {
              if (key.kind == kReplicaSet) {
                if (now != nullptr) queue_.Add(key);
                return;
              }
              const Json* owner = ControllerOf(now == nullptr ? *before : *now);
              if (owner != nullptr && Says(*owner, {"kind"}, "ReplicaSet")) {
                queue_.Add({kReplicaSet, key.namespace_, Text(*owner, {"name"})});
              }
            }),
      queue_(loop, lag, seed, "replica sets", [this](const ObjectKey& key) { Reconcile(key); }) {}

std::string ReplicaSets::Grow(const Json& set, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    Json pod = PodOf(set, Mix(seed_, fmt::format("{} {}", UidOf(set), store_.version())));
    auto made = store_.Create(std::move(pod), "", loop_.Now());
    if (!made.ok()) return made.error().message;
    view_.Assume(*made);
  }
  return "";
}

// Which pods go first: those that don't run, then those not ready, then the youngest.
void ReplicaSets::Shrink(std::vector<Object> pods, std::int64_t count) {
  auto rank = [](const Object& pod) {
    bool placed = !Text(*pod, {"spec", "nodeName"}).empty();
    return std::make_tuple(placed, pod.phase() == "Running", pod.ready());
  };
  std::stable_sort(pods.begin(), pods.end(), [&](const Object& a, const Object& b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return Text(*a, {"metadata", "creationTimestamp"}) > Text(*b, {"metadata", "creationTimestamp"});
  });
  for (std::int64_t i = 0; i < count; ++i) {
    const Object& pod = pods[static_cast<std::size_t>(i)];
    if (store_.Delete(pod.key(), pod.uid(), "", loop_.Now()).ok()) view_.AssumeLeft(pod, store_.Find(pod.key()));
  }
}

bool ReplicaSets::Available(const ObjectKey& set, const Object& pod, std::int64_t min_ready_seconds) {
  const auto from = AvailableFrom(pod, min_ready_seconds);
  if (!from || loop_.Now() >= *from) return from.has_value();
  queue_.AddAt(set, *from);
  return false;
}

void ReplicaSets::Reconcile(const ObjectKey& key) {
  Object set = view_.Find(key);
  if (set == nullptr) return;
  std::vector<Object> pods;
  for (const Object& pod : view_.OwnedBy(set.uid())) {
    if (!pod.terminating() && !pod.ended()) pods.push_back(pod);
  }
  std::int64_t wanted = Integer(*set, {"spec", "replicas"}, 1);
  auto present = static_cast<std::int64_t>(pods.size());
  std::string refused;
  if (!set.terminating() && present != wanted) {
    if (present < wanted) refused = Grow(*set, wanted - present);
    if (present > wanted) Shrink(pods, present - wanted);
    if (refused.empty()) {
      queue_.Add(key);  // to count what was just made or deleted
    } else {
      queue_.AddAt(key, loop_.Now() + kTryPodAgain);
    }
  }

  std::int64_t least = Integer(*set, {"spec", "minReadySeconds"});
  const auto ready = std::count_if(pods.begin(), pods.end(), [](const Object& pod) { return pod.ready(); });
  const auto available =
      std::count_if(pods.begin(), pods.end(), [&](const Object& pod) { return Available(key, pod, least); });
  Json status = JsonOf("availableReplicas", available, "observedGeneration", Integer(*set, {"metadata", "generation"}),
                       "readyReplicas", ready, "replicas", present);
  if (!refused.empty()) {
    Json conditions = List(*set, {"status", "conditions"});
    SetCondition(conditions,
                 {{"type", "ReplicaFailure"}, {"status", "True"}, {"reason", "FailedCreate"}, {"message", refused}},
                 loop_.Now());
    status["conditions"] = std::move(conditions);
  }
  auto written = store_.SetStatus(*set, std::move(status));
  if (written.ok()) view_.Assume(*written);
}

}  // namespace sluice::embedded
