// What is known of one revision now: its pods, its share, its objects' templates.
#pragma once

#include <cstdint>

#include "reconciler/decide/context.h"

namespace sluice::decide {

const ObservedDeployment* DeploymentOf(const Context& context, const Revision& revision);
// Whether its Deployment is the one that was there before the rollout.
bool IsAdopted(const Context& context, const Revision& revision);
// Why its pods don't become ready, or can't be made: "CrashLoopBackOff: exit code 1"; "" if nothing is known.
std::string TroubleOf(const Context& context, const Revision& revision);
// Null if no kept bundle describes it.
const graph::Workload* WorkloadOf(const Context& context, const Revision& revision);
// Says that no bundle describes a revision whose pods are to be changed, and who can bring it back.
void SayUndescribed(Context& context, const Revision& revision);

// Pods by the Deployment's spec; 0 without one.
std::int32_t SpecPods(const Context& context, const Revision& revision);
// Whether the counts are those of the spec that we see.
bool Fresh(const Context& context, const Revision& revision);
// min(ready endpoints, spec replicas), fresh or not. Where shares are made by pods, those in NAME's slices, or ready
// pods where nobody calls them and so there is no Service; else in NAME-REV's.
std::int32_t Endpoints(const Context& context, const Revision& revision);
// The same, but 0 while the counts are behind the spec: what a shift or a shrink may rely on.
std::int32_t Ready(const Context& context, const Revision& revision);

// The share that was last decided; 0 if it has none.
Number ShareOf(const Context& context, const Revision& revision);
// The most that proxies may send to it: the larger of the last split and, until that one is settled, the one
// before it.
Number ShareInFlight(const Context& context, const Revision& revision);
// Whether proxies may send requests to it: by weight, or, to the candidate, by match or mirror; where the last split
// isn't settled, by the one before it.
bool MayGetRequests(const Status& status, const Revision& revision);
// Ready pods that `share` needs: graph::Need.
std::int32_t NeedOf(const Context& context, const Number& share);
// The largest share that so many ready pods may carry, in whole percents so that routers can express it; all
// or nothing where the router is a switch.
Number ShareCarriedBy(const Context& context, std::int32_t ready);
// Whether requests reach the candidate: by weight, match or mirror (by pods: as soon as it has any).
bool CandidateExposed(const Context& context);

}  // namespace sluice::decide
