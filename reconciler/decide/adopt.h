// A workload that ran before its rollout becomes stable, as it runs.
//
// Its Deployment keeps its name, its pods and their labels. It is paused, so that nobody's change of its template rolls
// it; what leads to its pods by labels that a candidate's pods will have too (Service NAME, its disruption budget) is
// narrowed to them; only then may a run begin.
#pragma once

#include <cstdint>

#include "reconciler/decide/context.h"

namespace sluice::decide {

// Takes the workload over that Observed::adoption shows, where nothing is stable yet. True while that is under way, or
// can't begin: then nothing else may.
bool TakesOver(Context& context);

// Whether what was taken over is stable, and nothing has begun since.
bool OnlyAdopted(const Status& status);

// Takes our marks off an object that was taken over and leaves it with its spec, as `object` says it: nothing of what
// was there before is ever deleted.
void Release(Context& context, const graph::Value& object, const Version& version);
// The same for the adopted Deployment, with so many pods. It rolls by itself again.
void ReleaseDeployment(Context& context, const Revision& revision, std::int32_t pods);

// What was taken over becomes what it was: its Deployment rolls by itself, and where it is still stable, its Services
// and its budget select all its pods. False while there is something to do.
bool GiveBack(Context& context);

}  // namespace sluice::decide
