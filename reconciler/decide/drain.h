// Revisions without traffic: how long they keep their pods, and when their objects go.
#pragma once

#include "reconciler/decide/context.h"

namespace sluice::decide {

// Counts since when each revision without a role has had no traffic, takes its pods once it is drained (and
// kept as long as `keep previous` says), and deletes its objects once nothing names it.
void Drain(Context& context);
// Forgets since when those were drained that are gone.
void ForgetDrained(Status& status, const Observed& seen);

// Deployment and Service of a revision. The Deployment that was there before the rollout stays, without pods.
void DeleteRevision(Context& context, const Revision& revision, const ObservedRevision& observed,
                    const std::string& why);

// The rollout was taken out of git and stable runs alone: deletes what it made, unless the plan says `orphan`.
// The phase is kIdle once nothing is left to do.
void Remove(Context& context);

}  // namespace sluice::decide
