// How many pods a measurement asks for (k8s.io/kubernetes/pkg/controller/podautoscaler/replica_calculator.go), as
// functions of what is known about the pods. Numbers of resources are thousandths: of a processor, of a byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/result.h"
#include "compiler/base/time.h"

namespace sluice::embedded {

// What the metrics server says of one pod: how much it used on average in the time `window` before `at`.
struct PodUsage {
  TimePoint at{};
  Duration window{};
  std::int64_t used = 0;
};

// A pod as the calculation sees it.
struct MeasuredPod {
  std::string name;
  bool gone = false;  // is being deleted, or has failed
  bool pending = false;
  std::optional<bool> ready = {};      // its condition Ready, if it has one …
  TimePoint ready_since{};             // … and since when that is so
  std::optional<TimePoint> started{};  // status.startTime
  std::optional<PodUsage> usage{};
  std::int64_t requested = 0;
  std::string unknown_request = {};  // why that can't be told, if it can't
};

// How far usage may be from its target before anything is done about it, as a share of the target.
struct Tolerances {
  double down = 0.1;
  double up = 0.1;

  bool Allow(double ratio) const { return 1.0 - down <= ratio && ratio <= 1.0 + up; }
};

// What is asked of the pods.
struct UsageTarget {
  std::string resource;    // "cpu", "memory"
  std::int64_t value = 0;  // thousandths each, or percent of what they request
  Tolerances tolerances = {};
};

struct ReplicaProposal {
  std::int64_t replicas = 0;
  std::int64_t utilization = 0;  // percent of what the pods request; by value: 0
  std::int64_t average = 0;      // thousandths
};

// The number of pods that keeps the average utilization at the target, which is in percent of the requests. kInvalid
// if that can't be told, in the controller's words: no pod is measured, one requests nothing.
Result<ReplicaProposal> ProposeByUtilization(const std::vector<MeasuredPod>& pods, std::int64_t current,
                                             const UsageTarget& target, TimePoint now);
// The same for the average use itself, in thousandths.
Result<ReplicaProposal> ProposeByValue(const std::vector<MeasuredPod>& pods, std::int64_t current,
                                       const UsageTarget& target, TimePoint now);

}  // namespace sluice::embedded
