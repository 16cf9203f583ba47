// Revisions that are pods of one StatefulSet: those from its partition on are the candidate's, those below stable's.
//
// Kubernetes moves the pods, from the highest ordinal down, one after the other, each waited for until it is ready
// (kubernetes.io/docs/concepts/workloads/controllers/statefulset, "Partitioned rolling updates"). What it doesn't do is
// left to us: it gives a pod below the partition back to the revision before only where that pod ends, and it replaces
// no pod while another isn't ready, not even one that will never be (kubernetes/kubernetes#67250).
#pragma once

#include <map>

#include "reconciler/decide/context.h"

namespace sluice::decide {

// Of a pod, by what Kubernetes made it of where that is known: our label says only what it was meant to be.
// `unlabelled` is the revision of pods that carry no label of ours.
Revision RevisionOf(const ObservedStatefulSet& seen, const ObservedStatefulSet::Pod& pod, const Revision& unlabelled);

// What a StatefulSet shows of each revision, as if each had a Deployment of its own: of the template's the pods from
// the partition on, of the one below it the others, of any other those that are left of it. `unlabelled`, of what was
// there before its rollout, may be "".
std::map<Revision, ObservedDeployment> RevisionsOf(const ObservedStatefulSet& stateful_set, const Revision& unlabelled);

// As PlanPods, in one write for both revisions.
void PlanPartition(Context& context);

// Takes a pod that Kubernetes would leave: below the partition one of another revision while all pods serve, and from
// it on one that wasn't ready for a while, for which Kubernetes would wait. One at a time, the highest first: it makes
// them anew in their order.
void TakeLeftPod(Context& context);

// Takes our marks off it and leaves it as it is. True where it carries none.
bool ReleaseStatefulSet(Context& context);

}  // namespace sluice::decide
