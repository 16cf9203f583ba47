// What of a scenario cannot be, or changes nothing, seen from all of its clauses together. That two clauses say the
// same of one time is seen as they are read: scenario_clauses.h.
#pragma once

#include <optional>
#include <vector>

#include "compiler/check/checked_plan.h"
#include "compiler/check/checker.h"

namespace sluice::check {

struct WholeScenario {
  const Scenario& scenario;
  const std::vector<Span>& spans;    // of the clauses that the circumstances come from, in their order
  std::optional<Span> no_stable;     // of `stable none`
  const Rollout* rollout = nullptr;  // null: there is none, or not all of it was understood
};

// False: clauses contradict each other, which is reported.
bool CheckContradictions(const WholeScenario& whole, Context& context);
// Warns of clauses that change nothing on this plan.
void CheckEffects(const WholeScenario& whole, Context& context);

}  // namespace sluice::check
