#include "reconciler/embedded/autoscaling.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace sluice::embedded {
namespace {

// The controller manager's --horizontal-pod-autoscaler-cpu-initialization-period and -initial-readiness-delay.
constexpr std::chrono::minutes kInitialization{5};
constexpr std::chrono::seconds kReadinessDelay{30};

// Each pod's part in a calculation.
struct Groups {
  std::vector<const MeasuredPod*> measured;
  std::vector<const MeasuredPod*> unready;
  std::vector<const MeasuredPod*> missing;  // nothing is known of their use
};

// Whether a measurement of the processor says nothing yet: a pod that begins uses more than it will.
bool Unready(const MeasuredPod& pod, TimePoint now) {
  if (!pod.ready || !pod.started) return true;
  if (*pod.started + kInitialization > now) return !*pod.ready || pod.usage->at < pod.ready_since + pod.usage->window;
  return !*pod.ready && *pod.started + kReadinessDelay > pod.ready_since;
}

Groups GroupsOf(const std::vector<MeasuredPod>& pods, const std::string& resource, TimePoint now) {
  Groups groups;
  for (const MeasuredPod& pod : pods) {
    if (pod.gone) continue;
    if (pod.pending) {
      groups.unready.push_back(&pod);
    } else if (!pod.usage) {
      groups.missing.push_back(&pod);
    } else if (resource == "cpu" && Unready(pod, now)) {
      groups.unready.push_back(&pod);
    } else {
      groups.measured.push_back(&pod);
    }
  }
  return groups;
}

// The use that a calculation goes by, true or supposed.
struct Use {
  const MeasuredPod* pod = nullptr;
  std::int64_t used = 0;
};

// How far the pods are from the target.
struct Level {
  double ratio = 0;  // of the target
  std::int64_t utilization = 0;
  std::int64_t average = 0;
};

Result<Level> UtilizationOf(const std::vector<Use>& uses, std::int64_t target) {
  std::int64_t used = 0;
  std::int64_t requested = 0;
  for (const Use& use : uses) {
    used += use.used;
    requested += use.pod->requested;
  }
  if (requested == 0) return Error{ErrorCode::kInvalid, "no metrics returned matched known pods"};
  Level level;
  level.utilization = used * 100 / requested;
  level.ratio = static_cast<double>(level.utilization) / static_cast<double>(target);
  level.average = used / static_cast<std::int64_t>(uses.size());
  return level;
}

Result<Level> AverageOf(const std::vector<Use>& uses, std::int64_t target) {
  std::int64_t used = 0;
  for (const Use& use : uses) used += use.used;
  Level level;
  level.average = used / static_cast<std::int64_t>(uses.size());
  level.ratio = static_cast<double>(level.average) / static_cast<double>(target);
  return level;
}

std::int64_t Needed(double ratio, std::size_t pods) {
  return static_cast<std::int64_t>(std::ceil(ratio * static_cast<double>(pods)));
}

using Measure = std::function<Result<Level>(const std::vector<Use>& uses)>;

// `supposed`: what a pod of which nothing is known counts with where fewer pods seem to do.
Result<ReplicaProposal> Propose(const Groups& groups, std::int64_t current, const Tolerances& tolerances,
                                const Measure& measure,
                                const std::function<std::int64_t(const MeasuredPod& pod)>& supposed) {
  std::vector<Use> uses;
  for (const MeasuredPod* pod : groups.measured) uses.push_back({pod, pod->usage->used});
  const Result<Level> level = measure(uses);
  if (!level.ok()) return level.error();
  const double ratio = level->ratio;
  ReplicaProposal proposal{current, level->utilization, level->average};
  const bool up_with_unready = !groups.unready.empty() && ratio > 1.0;
  if (!up_with_unready && groups.missing.empty()) {
    if (!tolerances.Allow(ratio)) proposal.replicas = Needed(ratio, groups.measured.size());
    return proposal;
  }
  // What isn't known is supposed to be against the change.
  if (ratio < 1.0) {
    for (const MeasuredPod* pod : groups.missing) uses.push_back({pod, supposed(*pod)});
  } else if (ratio > 1.0) {
    for (const MeasuredPod* pod : groups.missing) uses.push_back({pod, 0});
  }
  if (up_with_unready) {
    for (const MeasuredPod* pod : groups.unready) uses.push_back({pod, 0});
  }
  const Result<Level> supposing = measure(uses);
  if (!supposing.ok()) return supposing.error();
  const double again = supposing->ratio;
  const bool turned = (ratio < 1.0 && again > 1.0) || (ratio > 1.0 && again < 1.0);
  if (tolerances.Allow(again) || turned) return proposal;
  const std::int64_t needed = Needed(again, uses.size());
  if ((again < 1.0 && needed > current) || (again > 1.0 && needed < current)) return proposal;
  proposal.replicas = needed;
  return proposal;
}

// The groups, if they are something to go by.
Result<Groups> GroupsFor(const std::vector<MeasuredPod>& pods, const std::string& resource, TimePoint now) {
  if (pods.empty()) {
    return Error{ErrorCode::kInvalid, "no pods returned by selector while calculating replica count"};
  }
  Groups groups = GroupsOf(pods, resource, now);
  if (groups.measured.empty()) {
    return Error{ErrorCode::kInvalid, "did not receive metrics for targeted pods (pods might be unready)"};
  }
  return groups;
}

}  // namespace

Result<ReplicaProposal> ProposeByUtilization(const std::vector<MeasuredPod>& pods, std::int64_t current,
                                             const UsageTarget& target, TimePoint now) {
  const Result<Groups> groups = GroupsFor(pods, target.resource, now);
  if (!groups.ok()) return groups.error();
  for (const MeasuredPod& pod : pods) {
    if (!pod.unknown_request.empty()) return Error{ErrorCode::kInvalid, pod.unknown_request};
  }
  const std::int64_t fallback = std::max<std::int64_t>(100, target.value);
  return Propose(
      *groups, current, target.tolerances,
      [&](const std::vector<Use>& uses) { return UtilizationOf(uses, target.value); },
      [&](const MeasuredPod& pod) { return pod.requested * fallback / 100; });
}

Result<ReplicaProposal> ProposeByValue(const std::vector<MeasuredPod>& pods, std::int64_t current,
                                       const UsageTarget& target, TimePoint now) {
  const Result<Groups> groups = GroupsFor(pods, target.resource, now);
  if (!groups.ok()) return groups.error();
  return Propose(
      *groups, current, target.tolerances, [&](const std::vector<Use>& uses) { return AverageOf(uses, target.value); },
      [&](const MeasuredPod&) { return target.value; });
}

}  // namespace sluice::embedded
