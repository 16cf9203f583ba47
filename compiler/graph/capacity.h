// How many pods a share of the traffic takes: the arithmetic that the compiler prints and the reconciler
// asserts.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/base/number.h"
#include "compiler/graph/graph.h"

namespace sluice::graph {

// Within what the pods of a service move: never more than replicas + surge by spec, never fewer than
// replicas - unavailable ready.
struct PodLimits {
  std::int32_t replicas = 1;
  std::int32_t surge = 1;
  std::int32_t unavailable = 0;
};

// How far pods may go beyond and below their number.
struct Allowance {
  std::int32_t surge = 0;
  std::int32_t unavailable = 0;
};

// A surge is rounded up, an unavailability down; 1 unavailable if both come to 0 (nothing could ever move: apps/v1
// validation refuses a Deployment like this).
Allowance AllowanceOf(const Amount& surge, const Amount& unavailable, std::int32_t replicas);

// Ready pods that `share` of the traffic needs: ceil(share × (replicas − unavailable)). At least one for
// any share above 0 (unless the service has no replicas); 0 for none.
std::int32_t Need(const Number& share, const PodLimits& limits);

// ceil(share × replicas).
std::int32_t PodsOf(const Number& share, std::int32_t replicas);

// An amount of a service's pods, percents rounded up.
std::int32_t PodsOf(const Amount& amount, std::int32_t replicas);

// Pods of a candidate that carries `share` while stable keeps all of its own: what the share and each of `least` ask
// for.
std::int32_t CandidatePods(const Number& share, const std::vector<Amount>& least, std::int32_t replicas);

// Pods of both roles together, by spec, while those of `scale` are made out of `before`.
std::int32_t MostPods(const Pods& before, const Pods& after, const PodLimits& limits, bool shared);

// Both roles together, where the share is the ratio of pods: the pair that comes nearest to `share`, of
// `replicas` pods, or of one more where `surge` allows it. Neither role gets 0 pods but for a share of
// 0 or 1 (or where a single pod without surge leaves no choice). Ties go to fewer pods in total, then to
// more for the candidate.
Pods NearestPods(const Number& share, const PodLimits& limits);

// candidate / (candidate + stable); 0 without pods.
Number AchievedShare(const Pods& pods);

}  // namespace sluice::graph
