// What the parts of one decision share: the inputs, the status as it will be, and what was decided so far.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/graph/capacity.h"
#include "compiler/graph/graph.h"
#include "reconciler/decide/decide.h"

namespace sluice::decide {

// How long going back waits for stable to be able to carry everything before it gets it anyway.
inline constexpr Duration kRescue{60'000};
// The candidate's ready pods may be below what its share needs for this long.
inline constexpr Duration kUnreadyPatience{30'000};
// Bounds of what a plan leaves without one.
inline constexpr Duration kReadyBound{600'000};
inline constexpr Duration kSettleBound{600'000};
// Between two times that a loser gives up pods so that a blocked receiver can grow.
inline constexpr Duration kSwapPace{10'000};
inline constexpr Duration kGatherPods{30'000};  // pods that come one after the other are counted together so long
inline constexpr Duration kLookAgain{5'000};    // where nobody tells of a change
inline constexpr Duration kPauseDefault{24LL * 3600 * 1000};
inline constexpr int kEntries = 4;  // a node whose endpoints vanish is entered again three times

// The mutable middle of a decision. Lives for one call of Decide.
struct Context {
  const graph::Graph& graph;
  const Observed& seen;
  const TimePoint now;
  Decision& decision;
  Status& status;

  // Pods wanted by revision; a revision that is not named keeps what it has. Filled by the walk, going back
  // and draining; PlanPods makes the next step towards them.
  std::map<Revision, std::int32_t> target;
  // Pods that a revision keeps whatever its target says, because traffic needs them.
  std::map<Revision, std::int32_t> floor;
  std::int32_t min_ready = 0;            // of all revisions together
  std::optional<std::int32_t> max_pods;  // of all revisions together; none: no limit
  Revision swap_for;                     // its growth is blocked: others give up pods for it
  std::string pods_why;
  bool deferred = false;               // an edit of the router waits
  std::vector<ApplyObject> jobs = {};  // to be made
  // Pods by spec that this decision asks for, of every revision that has or gets some; and whose autoscalers it has
  // written.
  std::map<Revision, std::int32_t> planned = {};
  std::set<Revision> autoscalers_written = {};

  graph::PodLimits limits() const {
    return {graph.workload.replicas, graph.policies.surge, graph.policies.unavailable};
  }
  std::int32_t replicas() const { return graph.workload.replicas; }
  // Both roles share one quota of pods.
  bool bounded() const { return graph.router.shares_by_pods || graph.policies.capacity_shared; }
  bool by_pods() const { return graph.router.shares_by_pods; }
  // All revisions are pods of one StatefulSet.
  bool by_partition() const { return graph.adopts && graph.adopts->by_partition; }

  void Wake(TimePoint at) {
    if (at > now && (!decision.wake_at || at < *decision.wake_at)) {
      decision.wake_at = at;
    }
  }
  void Say(std::string text, std::string node = {}, std::optional<TimePoint> until = {}, std::string trouble = {}) {
    if (until) {
      Wake(*until);
    }
    decision.reasons.push_back({std::move(text), std::move(node), until, std::move(trouble)});
  }
  void Event(bool warning, std::string reason, std::string note) {
    decision.actions.emplace_back(EmitEvent{warning, std::move(reason), std::move(note)});
  }
};

}  // namespace sluice::decide
