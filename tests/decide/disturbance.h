// What happens to a rollout in the middle, by chance: commits, people, pods, routes, metrics, executors. Plain data, so
// that any of it can be left out.
#pragma once

#include <cstddef>
#include <string>

#include "tests/decide/any_plan.h"
#include "tests/decide/story.h"

namespace sluice::decide::test {

// One thing that happens, so long after the one before. What its fields mean says the row of its kind.
struct Disturbance {
  std::size_t kind = 0;  // row of the table in disturbance.cpp
  Duration wait{};
  std::string who;  // a revision, or a person's verb
  int number = 0;
  bool on = false;
  AnyPlan plan;
};

// What is known while disturbances are drawn, one after the other.
struct Drawing {
  Random& random;
  AnyPlan plan;  // the last one that was committed
  std::string revision = "a1";
};

Disturbance DrawDisturbance(Drawing& drawing);
// Without the wait before it.
void Happen(const Disturbance& disturbance, Story& story);
// With the wait before it, as the calls that a test would make.
std::string CodeOf(const Disturbance& disturbance);

}  // namespace sluice::decide::test
