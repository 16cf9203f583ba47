// The stories that are told with something going wrong.
#pragma once

#include <string>
#include <vector>

#include "tests/fault/play.h"

namespace sluice::execute {

// A first install, a good canary, one whose gate fails, one that another version supersedes, one by pods, one
// whose Job completes and one whose Job fails twice, what ran before and is taken over, a Deployment and a
// StatefulSet, a service that gets a rollout, an ejection, a removal.
std::vector<Play> PlaysOfRollouts();
// What a step can do, and what people and git do in the middle of one.
std::vector<Play> PlaysOfSteps();
// Objects of the plan set without a rollout, and git's history.
std::vector<Play> PlaysOfPlanSets();

// A bystander of the plan set.
std::string NotePlan();

}  // namespace sluice::execute
