// From what a scenario says of pods, metrics and callers to what the embedded cluster does.
#pragma once

#include "compiler/base/time.h"
#include "compiler/check/checked_test.h"
#include "reconciler/embedded/options.h"
#include "reconciler/simulate/subject.h"

namespace sluice::simulate {

// Requests a second unless a scenario says otherwise.
inline constexpr std::int32_t kLoad = 20;

// What images do, and how many call at `now`, with the commit at `commit`.
embedded::World WorldAt(const Subject& subject, const check::Scenario& scenario, TimePoint commit, TimePoint now);

}  // namespace sluice::simulate
