// What a rollout costs: time, pods, users that meet a bad build, writes.
#pragma once

#include <cstdint>
#include <optional>

#include "compiler/check/checked_test.h"
#include "reconciler/simulate/course.h"
#include "reconciler/simulate/subject.h"

namespace sluice::simulate {

struct Estimate {
  // From the commit to the candidate as stable: with a good build and people who answer at once; nullopt if it doesn't
  // come to that.
  std::optional<Duration> least;
  Duration expected{};  // of the course that it is told for, to its outcome
  Duration worst{};     // every wait until its bound
  std::int32_t peak_pods = 0;
  Number pod_hours;
  std::int64_t writes = 0;
  // With a build that answers so many of its requests with an error from its start.
  Number error_rate;
  std::optional<Duration> caught_after;  // nullopt: it isn't caught, and becomes stable
  std::int64_t requests = 0;             // in that time, of all users
  std::int64_t exposed_requests = 0;     // that the bad build answered
  std::int64_t bad_requests = 0;         // with an error
};

// `course`: of that scenario. Plays two more: the good build, the bad one.
Estimate EstimateOf(const Subject& subject, const check::Scenario& scenario, const Course& course, Number error_rate);

}  // namespace sluice::simulate
