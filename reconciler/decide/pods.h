// From the pods that are to the pods that are wanted, one safe step at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/decide/context.h"

namespace sluice::decide {

// One revision's side of a step.
struct PodsRole {
  std::int32_t now = 0;    // by spec
  std::int32_t ready = 0;  // as far as it can be relied on
  std::int32_t target = 0;
  std::int32_t floor = 0;  // never below, unless it is there already
  friend bool operator==(const PodsRole&, const PodsRole&) = default;
};

// The next spec of each role, in the given order (growth is granted in that order).
//
// Grows within `max_pods` as the specs stand now; shrinks so far that ready pods of all roles together don't
// fall below `min_ready`, the shrinking role losing its unready pods first. Below `min_ready` already: only
// unready pods go. This is Argo Rollouts' basic canary (anchors: one reconcile step under limits), but that
// the growing side is never cut back for being over the limit.
std::vector<std::int32_t> NextPods(const std::vector<PodsRole>& roles, std::int32_t min_ready,
                                   std::optional<std::int32_t> max_pods, bool may_shrink);

// Steps every revision towards Context::target: status.applied.pods, and a write for each Deployment that is
// missing, differs, was edited, or (in the middle of a rollout) carries an older epoch.
void PlanPods(Context& context);

}  // namespace sluice::decide
