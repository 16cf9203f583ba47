// How the pods of both roles follow the split that a rollout wants.
#pragma once

#include <optional>
#include <vector>

#include "compiler/check/checked_plan.h"
#include "compiler/graph/capacity.h"
#include "compiler/graph/graph.h"

namespace sluice::lower {

// What a step does not mention stays as the step before left it: the state that the verbs so far add up to.
struct Split {
  Number share;
  std::vector<graph::Match> matches;
  Number mirror;
  std::optional<check::Amount> replicas;
};

enum class Capacity { kPods, kFull, kShared };

// What decides about the pods of one rollout.
struct CapacityRules {
  Capacity capacity = Capacity::kFull;
  graph::PodLimits limits;
  std::optional<graph::PodLimits> most = {};  // under an autoscaler: those of its maximum
};

// What asks for pods of the candidate besides its share: `replicas`, a mirror, and one pod for matches to go to.
std::vector<graph::Amount> LeastOf(const Split& split);

// Pods of both roles once `split` stands.
graph::Pods PodsFor(const CapacityRules& rules, const Split& split);

// One move on the way from one split to the next: pods first, then traffic.
struct Move {
  graph::Pods pods;
  Number share;  // of the traffic after the move
};

// With a shared capacity the pods for the whole way rarely fit at once: shares move as far as the pods that
// fit can carry, then the giving role makes room. The last move reaches `to` and `share`; what it leaves too
// many of the giving role shrinks afterwards. Nothing if pods never get anywhere, or only in more than
// `most` moves.
std::optional<std::vector<Move>> SharedMoves(const graph::PodLimits& limits, graph::Pods from, const Number& from_share,
                                             graph::Pods to, const Number& share, std::size_t most);

}  // namespace sluice::lower
