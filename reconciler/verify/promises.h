// What is promised besides decide/invariants.h, and can only be seen with the world: of promotions, of routers' objects
// and of requests that are under way.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reconciler/verify/state.h"

namespace sluice::verify {

// No candidate becomes stable without a pass of each gate before its promotion, recorded exceptions aside.
void CheckPromotion(const State& before, const decide::Decision& decision, std::vector<std::string>& broken);

// Once the routers followed a split, the router's objects lead to each revision that has a share of it, and to stable,
// which the next split may need. `state`: that in which
// `decision` takes it for settled, or goes on to another.
void CheckRoutes(const State& state, const decide::Decision& decision, const Subject& subject,
                 std::vector<std::string>& broken);

// Pods to which routers may still send requests are not taken away.
class RequestsInFlight {
 public:
  explicit RequestsInFlight(const World& before);
  void Check(const World& after, const Subject& subject, std::vector<std::string>& broken) const;

 private:
  std::map<Revision, std::int32_t> pods_;  // wanted, of revisions that may get requests
};

}  // namespace sluice::verify
