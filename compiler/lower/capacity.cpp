#include "compiler/lower/capacity.h"

#include <algorithm>

namespace sluice::lower {

std::vector<graph::Amount> LeastOf(const Split& split) {
  std::vector<graph::Amount> least;
  if (split.replicas) {
    least.push_back(*split.replicas);
  }
  if (split.mirror > Number(0)) {
    least.push_back({true, split.mirror});
  }
  if (!split.matches.empty()) {
    least.push_back({false, Number(1)});
  }
  return least;
}

graph::Pods PodsFor(const CapacityRules& rules, const Split& split) {
  const graph::PodLimits& limits = rules.limits;
  if (rules.capacity == Capacity::kPods) {
    return graph::NearestPods(split.share, limits);
  }
  std::int32_t candidate =
      limits.replicas == 0 ? 0 : graph::CandidatePods(split.share, LeastOf(split), limits.replicas);
  if (rules.capacity == Capacity::kFull) {
    return graph::Pods{limits.replicas, candidate};
  }
  const std::int32_t need = graph::Need(Number(1) - split.share, limits);
  if (!split.replicas && candidate + need > limits.replicas + limits.surge) {
    // Both rounded up are one too many: the unavailability covers what is missing.
    candidate = std::max(graph::Need(split.share, limits), limits.replicas + limits.surge - need);
  }
  return graph::Pods{std::max(need, limits.replicas - candidate), candidate};
}

std::optional<std::vector<Move>> SharedMoves(const graph::PodLimits& limits, graph::Pods from, const Number& from_share,
                                             graph::Pods to, const Number& share, std::size_t most) {
  // Seen from the role that gains: its share goes up from `now` to `wish`.
  const bool up = share >= from_share;
  std::int32_t gains = up ? from.candidate : from.stable;
  std::int32_t gives = up ? from.stable : from.candidate;
  const std::int32_t gains_to = up ? to.candidate : to.stable;
  const std::int32_t gives_to = up ? to.stable : to.candidate;
  Number now = up ? from_share : Number(1) - from_share;
  const Number wish = up ? share : Number(1) - share;
  const std::int32_t room = std::max(limits.replicas + limits.surge, to.stable + to.candidate);
  const std::int32_t ready = std::max(1, limits.replicas - limits.unavailable);

  std::vector<Move> moves;
  while (moves.empty() || now != wish) {
    if (moves.size() == most) {
      return std::nullopt;
    }
    // The giving role makes room as far as its own share and the ready pods of both allow.
    const std::int32_t least = std::max({gives_to, graph::Need(Number(1) - now, limits), ready - gains});
    gives = std::max(std::min(gives, least), std::min(gives, room - gains_to));
    const std::int32_t grown = std::max(gains, std::min(gains_to, room - gives));
    const Number carried = Number::Ratio(grown, ready);
    const Number next = grown >= gains_to || carried > wish ? wish : std::max(now, carried);
    if (grown == gains && next == now && now != wish) {
      return std::nullopt;
    }
    gains = grown;
    now = next;
    moves.push_back(up ? Move{{gives, gains}, now} : Move{{gains, gives}, Number(1) - now});
  }
  return moves;
}

}  // namespace sluice::lower
