// Plans by chance, as plain data: they can be edited, printed as the calls that build them, and built.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/decide/plan.h"
#include "tests/decide/random.h"

namespace sluice::decide::test {

// One call of Plan.
struct PlanPart {
  enum class Kind : std::uint8_t { kWeight, kMatch, kMirror, kHold, kGuardedHold, kCheck, kPause, kRun, kNotify };
  Kind kind = Kind::kWeight;
  std::string step;
  int number = 0;  // percent; minutes
  int more = 0;    // a pause's quorum, a Job's retries
};

struct AnyPlan {
  Capacity capacity = Capacity::kFull;
  int replicas = 1, surge = 1, unavailable = 0;
  int deadline = 6;  // hours
  bool deadline_holds = false, hold_on_failure = false, watched = false;
  std::optional<int> most;     // pods that an autoscaler counts up to
  std::string route = "shop";  // the router's object
  bool two_routes = false;     // and one more, while there are two revisions
  std::vector<PlanPart> parts;
};

AnyPlan DrawPlan(Random& random, Capacity capacity);
// The same with something else in it: another share, a step that is gone or comes, other times, another route.
AnyPlan DrawEdit(Random& random, AnyPlan plan);

graph::Graph Build(const AnyPlan& plan, const std::string& revision);
// C++ that builds it.
std::string CodeOf(const AnyPlan& plan, const std::string& revision);

}  // namespace sluice::decide::test
