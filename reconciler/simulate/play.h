// Carries a scenario out: the reconciler that runs in clusters, on the embedded one, in virtual time.
#pragma once

#include <string>

#include "compiler/check/checked_test.h"
#include "reconciler/simulate/course.h"
#include "reconciler/simulate/subject.h"

namespace sluice::simulate {

// What becomes of the subject's rollout: its version before is installed and settled, then the commit comes, then
// whatever the scenario says. It ends once nothing is under way and nothing is left to happen, at the latest after
// Scenario::at_most.
//
// Deterministic: equal arguments give an equal course, on every machine.
//
// With Scenario::first_install nothing runs before the commit.
Course Play(const Subject& subject, const check::Scenario& scenario);

// What is told of an address that is asked and that no scenario says anything of.
std::string Unanswered(const std::string& address);

}  // namespace sluice::simulate
