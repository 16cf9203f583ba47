#include "reconciler/embedded/scaling_rules.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sluice::embedded {
namespace {

// Where there is no behavior.
constexpr std::int64_t kMostGrowth = 2;
constexpr std::int64_t kLeastLimit = 4;

constexpr Cause kReady = {"ReadyForNewScale", "recommended size matches current size"};
constexpr Cause kDownStabilized = {
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation"};
constexpr Cause kUpStabilized = {
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation"};
constexpr Cause kInRange = {"DesiredWithinRange", "the desired count is within the acceptable range"};
constexpr Cause kTooFast = {"ScaleUpLimit",
                            "the desired replica count is increasing faster than the maximum scale rate"};
constexpr Cause kTooFastDown = {"ScaleDownLimit",
                                "the desired replica count is decreasing faster than the maximum scale rate"};
constexpr Cause kTooMany = {"TooManyReplicas", "the desired replica count is more than the maximum replica count"};
constexpr Cause kTooFew = {"TooFewReplicas", "the desired replica count is less than the minimum replica count"};

Duration LongestPeriod(const ScalingRules& rules) {
  Duration longest{};
  for (const ScalingPolicy& policy : rules.policies) longest = std::max(longest, policy.period);
  return longest;
}

void Limit(ScalingDecision& decision, std::int64_t replicas, const Cause& cause) {
  decision.replicas = replicas;
  decision.limited = true;
  decision.within = cause;
}

}  // namespace

void ScalingHistory::Begin(std::int64_t replicas, TimePoint now) {
  if (recommended_.empty()) recommended_.push_back({now, replicas});
}

std::int64_t ScalingHistory::Within(const std::vector<Entry>& entries, Duration period, TimePoint now) {
  std::int64_t sum = 0;
  for (const Entry& entry : entries) sum += entry.at > now - period ? entry.count : 0;
  return sum;
}

std::int64_t ScalingHistory::Stabilize(std::int64_t wanted, TimePoint now) {
  const TimePoint since = now - kDownscaleStabilization;
  std::erase_if(recommended_, [&](const Entry& entry) { return entry.at < since; });
  recommended_.push_back({now, wanted});
  std::int64_t most = wanted;
  for (const Entry& entry : recommended_) most = std::max(most, entry.count);
  return most;
}

std::int64_t ScalingHistory::StabilizeBy(const ScalingLimits::Behavior& behavior, std::int64_t current,
                                         std::int64_t wanted, TimePoint now) {
  const TimePoint up_since = now - behavior.up.window;
  const TimePoint down_since = now - behavior.down.window;
  std::int64_t lowest = wanted;
  std::int64_t highest = wanted;
  for (const Entry& entry : recommended_) {
    if (entry.at > up_since) lowest = std::min(lowest, entry.count);
    if (entry.at > down_since) highest = std::max(highest, entry.count);
  }
  std::erase_if(recommended_, [&](const Entry& entry) { return entry.at < up_since && entry.at < down_since; });
  recommended_.push_back({now, wanted});
  return std::min(std::max(current, lowest), highest);
}

std::int64_t ScalingHistory::AtPeriodsBegin(Duration period, std::int64_t current, TimePoint now) const {
  return current - Within(added_, period, now) + Within(removed_, period, now);
}

std::int64_t ScalingHistory::MostBy(const ScalingRules& rules, std::int64_t current, TimePoint now) const {
  if (rules.select == ScalingRules::Select::kDisabled) return current;
  const bool least = rules.select == ScalingRules::Select::kLeast;
  std::int64_t limit = least ? std::numeric_limits<std::int32_t>::max() : 0;
  for (const ScalingPolicy& policy : rules.policies) {
    const std::int64_t begin = AtPeriodsBegin(policy.period, current, now);
    const double share = 1.0 + static_cast<double>(policy.value) / 100.0;
    const std::int64_t proposed = policy.percent
                                      ? static_cast<std::int64_t>(std::ceil(static_cast<double>(begin) * share))
                                      : begin + policy.value;
    limit = least ? std::min(limit, proposed) : std::max(limit, proposed);
  }
  return std::max(limit, current);
}

std::int64_t ScalingHistory::LeastBy(const ScalingRules& rules, std::int64_t current, TimePoint now) const {
  if (rules.select == ScalingRules::Select::kDisabled) return current;
  const bool least = rules.select == ScalingRules::Select::kLeast;
  std::int64_t limit = least ? 0 : std::numeric_limits<std::int32_t>::max();
  for (const ScalingPolicy& policy : rules.policies) {
    const std::int64_t begin = AtPeriodsBegin(policy.period, current, now);
    const double share = 1.0 - static_cast<double>(policy.value) / 100.0;
    const std::int64_t proposed =
        policy.percent ? static_cast<std::int64_t>(static_cast<double>(begin) * share) : begin - policy.value;
    limit = least ? std::max(limit, proposed) : std::min(limit, proposed);
  }
  return std::min(limit, current);
}

ScalingDecision ScalingHistory::Decide(std::int64_t current, std::int64_t wanted, const ScalingLimits& limits,
                                       TimePoint now) {
  const std::int64_t stable =
      limits.behavior ? StabilizeBy(*limits.behavior, current, wanted, now) : Stabilize(wanted, now);
  const bool rises = limits.behavior && wanted >= current;
  ScalingDecision decision;
  decision.able = stable == wanted ? kReady : rises ? kUpStabilized : kDownStabilized;
  decision.replicas = stable;
  decision.within = kInRange;
  if (!limits.behavior) {
    const std::int64_t fastest = std::max(kMostGrowth * current, kLeastLimit);
    if (stable < limits.least) {
      Limit(decision, limits.least, kTooFew);
    } else if (stable > std::min(limits.most, fastest)) {
      Limit(decision, std::min(limits.most, fastest), limits.most > fastest ? kTooFast : kTooMany);
    }
  } else if (stable > current) {
    const std::int64_t fastest = MostBy(limits.behavior->up, current, now);
    const std::int64_t most = std::min(limits.most, fastest);
    if (stable > most) Limit(decision, most, limits.most > fastest ? kTooFast : kTooMany);
  } else if (stable < current) {
    const std::int64_t fastest = LeastBy(limits.behavior->down, current, now);
    const std::int64_t least = std::max(limits.least, fastest);
    if (stable < least) Limit(decision, least, limits.least < fastest ? kTooFastDown : kTooFew);
  }
  return decision;
}

void ScalingHistory::Note(std::int64_t before, std::int64_t after, const ScalingLimits& limits, TimePoint now) {
  if (!limits.behavior) return;  // nobody will ask
  const bool up = after > before;
  std::vector<Entry>& entries = up ? added_ : removed_;
  const TimePoint since = now - LongestPeriod(up ? limits.behavior->up : limits.behavior->down);
  std::erase_if(entries, [&](const Entry& entry) { return entry.at < since; });
  entries.push_back({now, up ? after - before : before - after});
}

}  // namespace sluice::embedded
