// How fast a number of replicas may follow what the measurements ask for
// (k8s.io/kubernetes/pkg/controller/podautoscaler/horizontal.go): limits of speed, and waiting for what lasts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/time.h"

namespace sluice::embedded {

// One limit on how much may change within `period`.
struct ScalingPolicy {
  bool percent = false;  // of the replicas at the period's beginning; else pods
  std::int64_t value = 0;
  Duration period{};
};

// spec.behavior.scaleUp or .scaleDown.
struct ScalingRules {
  enum class Select { kMost, kLeast, kDisabled };  // which policy counts: the one that allows most, or least

  Duration window{};  // for so long a recommendation must have lasted
  Select select = Select::kMost;
  std::vector<ScalingPolicy> policies = {};
};

struct ScalingLimits {
  std::int64_t least = 1;
  std::int64_t most = 1;
  // Of both together. Without: at most doubled, or 4, at once; less as soon as nothing of the last 5 minutes asked for
  // more.
  struct Behavior {
    ScalingRules up, down;
  };
  std::optional<Behavior> behavior = {};
};

// A reason with its message, as conditions have them.
struct Cause {
  const char* reason = "";
  const char* message = "";
};

// What becomes of a recommendation.
struct ScalingDecision {
  std::int64_t replicas = 0;
  Cause able;            // of the condition AbleToScale
  bool limited = false;  // the condition ScalingLimited
  Cause within;
};

// What an autoscaler remembers of its last minutes.
class ScalingHistory {
 public:
  // The first look: that many replicas count as the recommendation of that moment.
  void Begin(std::int64_t replicas, TimePoint now);
  // How many replicas there may be when `wanted` are recommended and `current` are there.
  ScalingDecision Decide(std::int64_t current, std::int64_t wanted, const ScalingLimits& limits, TimePoint now);
  // The replicas were changed.
  void Note(std::int64_t before, std::int64_t after, const ScalingLimits& limits, TimePoint now);

 private:
  struct Entry {
    TimePoint at{};
    std::int64_t count = 0;
  };

  static std::int64_t Within(const std::vector<Entry>& entries, Duration period, TimePoint now);
  std::int64_t Stabilize(std::int64_t wanted, TimePoint now);
  std::int64_t StabilizeBy(const ScalingLimits::Behavior& behavior, std::int64_t current, std::int64_t wanted,
                           TimePoint now);
  std::int64_t MostBy(const ScalingRules& rules, std::int64_t current, TimePoint now) const;
  std::int64_t LeastBy(const ScalingRules& rules, std::int64_t current, TimePoint now) const;
  std::int64_t AtPeriodsBegin(Duration period, std::int64_t current, TimePoint now) const;

  std::vector<Entry> recommended_;
  std::vector<Entry> added_, removed_;
};

// The controller manager's --horizontal-pod-autoscaler-downscale-stabilization.
inline constexpr std::chrono::minutes kDownscaleStabilization{5};

}  // namespace sluice::embedded
