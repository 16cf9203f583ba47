// What may happen to a rollout besides what goes well by itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reconciler/verify/state.h"

namespace sluice::verify {

struct Disturbance {
  enum class Kind : std::uint8_t {
    kNothing,         // time goes on
    kGateAnswers,     // `which` gate, `how` an Answer, from now on
    kRejected,        // the pause that waits
    kNobodyApproves,  // from now on
    kJobsFail,        // those that begin from now on
    kJobsHang,
    kPodsDie,      // all pods of `which` revision; they come again
    kPodsSick,     // none of them is ready from now on
    kPodsWell,     // they become ready again
    kPodsDeleted,  // somebody deletes its Deployment
    kNoRoom,       // no pod can be made from now on
    kRoom,
    kRoutersStand,  // routers take nothing up from now on
    kRoutersFollow,
    kRoutesEdited,  // somebody changes the router's objects
    kCommit,        // git names graph `which`
    kCommand,       // `which` of Verbs()
    kCrash,         // after `which` of the decision's writes; the next executor is there at once
    kCrashUnsaved,  // before the decision is stored
    kAway,          // no executor for a while
    kTimePasses,    // nothing changes until the next bound
  };
  Kind kind = Kind::kNothing;
  std::uint8_t how = 0;
  std::uint16_t which = 0;
};

inline constexpr Duration kAway{600'000};

const std::vector<std::string>& Verbs();

// What may happen in that state, crashes apart: those depend on a decision.
std::vector<Disturbance> Possible(const State& state, const Subject& subject);
void Disturb(State& state, const Subject& subject, const Disturbance& disturbance);

// "gate error-rate(max: 1%) fails from now on"
std::string Words(const Disturbance& disturbance, const Subject& subject);
// The clause of a test's scenario that says so `after` the commit; "" where there is none.
std::string Clause(const Disturbance& disturbance, Duration after);

}  // namespace sluice::verify
