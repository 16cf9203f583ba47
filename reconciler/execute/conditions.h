// Conditions of a Rollout as kstatus reads them: Ready, Reconciling, Stalled.
#pragma once

#include <string>

#include "compiler/base/time.h"
#include "reconciler/cluster/json.h"
#include "reconciler/decide/decide.h"

namespace sluice::execute {

// One sentence: what the rollout does, or waits for, with the first reason; one that tells of trouble before others.
std::string Summary(const decide::Status& status, const std::vector<decide::Reason>& reasons);

// The steps that are under way, "half" or "east, west"; "" for none.
std::string StepUnderWay(const decide::Status& status);
// The candidate's share of the traffic, "10%"; "" where there is no candidate.
std::string CandidateShare(const decide::Status& status);

// The list of conditions; `before` (may be null) keeps the times of those that did not change.
// `rejected`: why the bundle that git wants is not accepted, or "".
//
// kstatus: Reconciling and Stalled are there only while true; Ready is always there.
cluster::Json Conditions(const decide::Status& status, const std::string& summary, const std::string& rejected,
                         const cluster::Json& before, TimePoint now);

}  // namespace sluice::execute
