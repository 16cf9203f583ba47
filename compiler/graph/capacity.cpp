#include "compiler/graph/capacity.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace sluice::graph {
namespace {

// Of one amount: far beyond what any service has, so that sums don't overflow.
constexpr std::int64_t kMaxPods = 1'000'000;

// Requires a share in 0..1 and a number of pods in the range of an int32, so nothing can overflow but a
// ratio with a huge denominator; such a share asks for everything.
std::int32_t CeilOf(const Number& share, std::int32_t pods) {
  const Number product = share * Number(pods);
  if (product.overflowed()) {
    return pods;
  }
  return static_cast<std::int32_t>(product.Ceil());
}

Number Distance(const Number& a, const Number& b) { return a < b ? b - a : a - b; }

// The fractional part of share × total is exactly one half: only the larger count is considered then.
bool Tied(const Number& share, std::int32_t total) {
  const Number product = share * Number(total);
  return !product.overflowed() && product - Number(product.Floor()) == Number::Ratio(1, 2);
}

}  // namespace

std::int32_t PodsOf(const Number& share, std::int32_t replicas) { return CeilOf(share, replicas); }

std::int32_t PodsOf(const Amount& amount, std::int32_t replicas) {
  return amount.percent ? PodsOf(amount.number, replicas)
                        : static_cast<std::int32_t>(std::clamp<std::int64_t>(amount.number.Floor(), 0, kMaxPods));
}

Allowance AllowanceOf(const Amount& surge, const Amount& unavailable, std::int32_t replicas) {
  const Number fewer = unavailable.percent ? unavailable.number * Number(replicas) : unavailable.number;
  Allowance allowance{PodsOf(surge, replicas), 0};
  if (!fewer.overflowed()) {
    allowance.unavailable = static_cast<std::int32_t>(std::clamp<std::int64_t>(fewer.Floor(), 0, replicas));
  }
  if (allowance.surge == 0 && allowance.unavailable == 0) {
    allowance.unavailable = 1;
  }
  return allowance;
}

std::int32_t CandidatePods(const Number& share, const std::vector<Amount>& least, std::int32_t replicas) {
  std::int32_t pods = PodsOf(share, replicas);
  for (const Amount& amount : least) {
    pods = std::max(pods, PodsOf(amount, replicas));
  }
  return share > Number(0) && replicas > 0 ? std::max(pods, 1) : pods;
}

std::int32_t MostPods(const Pods& before, const Pods& after, const PodLimits& limits, bool shared) {
  const std::int32_t most = std::max(before.stable + before.candidate, after.stable + after.candidate);
  return shared ? std::max(most, limits.replicas + limits.surge) : most;
}

std::int32_t Need(const Number& share, const PodLimits& limits) {
  if (!(share > Number(0)) || limits.replicas == 0) {
    return 0;
  }
  return std::max(1, CeilOf(share, std::max(1, limits.replicas - limits.unavailable)));
}

Pods NearestPods(const Number& share, const PodLimits& limits) {
  const std::int32_t n = limits.replicas;
  if (n == 0) {
    return Pods{0, 0};
  }
  const std::int32_t upper = CeilOf(share, n);
  const Number exact = share * Number(n);
  const std::int32_t lower = exact.overflowed() ? upper : static_cast<std::int32_t>(exact.Floor());
  const bool zero_allowed = share == Number(0) || share == Number(1) || (n == 1 && limits.surge == 0);

  struct Choice {
    std::int32_t candidate, total;
  };
  std::array<Choice, 4> choices{};
  std::size_t count = 0;
  const auto consider = [&](bool allowed, std::int32_t candidate, std::int32_t total) {
    if (allowed) {
      choices[count++] = Choice{candidate, total};
    }
  };
  consider(upper < n || zero_allowed, upper, n);
  consider(!Tied(share, n) && (lower != 0 || zero_allowed), lower, n);
  if (limits.surge > 0) {
    consider(true, upper, n + 1);
    consider(!Tied(share, n + 1) && (lower != 0 || zero_allowed), lower, n + 1);
  }
  if (count == 0) {
    return Pods{n - lower, lower};
  }
  Choice best = choices[0];
  for (std::size_t i = 1; i < count; ++i) {
    const Choice& choice = choices[i];
    if (Distance(Number::Ratio(choice.candidate, choice.total), share) <
        Distance(Number::Ratio(best.candidate, best.total), share)) {
      best = choice;
    }
  }
  return Pods{best.total - best.candidate, best.candidate};
}

Number AchievedShare(const Pods& pods) {
  const std::int64_t total = std::int64_t{pods.stable} + pods.candidate;
  return total == 0 ? Number(0) : Number::Ratio(pods.candidate, total);
}

}  // namespace sluice::graph
