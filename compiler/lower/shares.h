// Whether a step's split can be expressed: by the router, and by whole pods.
#pragma once

#include "compiler/check/checked_plan.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/lower/capacity.h"
#include "compiler/source/source_set.h"

namespace sluice::lower {

// The verb that is looked at, and what surrounds it.
struct VerbSite {
  const check::Rollout& rollout;
  const CapacityRules& rules;
  const check::Step& step;
  const check::Verb& verb;
  const source::SourceSet& sources;
  diagnostics::Emitter& emitter;
};

// Each reports what cannot be done and says whether all is well.
bool CheckWeight(const VerbSite& site, const Number& share);
bool CheckMatch(const VerbSite& site, const graph::Match& match);
bool CheckMirror(const VerbSite& site, const Number& share);
// `share`: what the candidate carries once the step's verbs up to the next wait are done.
bool CheckReplicas(const VerbSite& site, const check::Amount& amount, const Number& share);

}  // namespace sluice::lower
