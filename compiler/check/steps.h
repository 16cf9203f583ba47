// Steps and verbs of rollouts and strategies.
#pragma once

#include <string_view>
#include <vector>

#include "compiler/check/checker.h"

namespace sluice::check {

// Steps of a body as drafts, in the order of the source: `for` and `when` are carried out, `after` is not yet
// resolved.
void ReadStep(const syntax::Step& step, const Reader& reader, std::vector<StepDraft>& drafts);

// The verbs of a step or of a block.
std::vector<Verb> ReadVerbs(const std::vector<syntax::Verb>& verbs, const Reader& reader);

// The steps of a rollout from its drafts: names that stand twice and names in `after` that don't exist are
// reported.
std::vector<Step> ResolveSteps(std::vector<StepDraft> drafts, std::string_view rollout, Checker& checker);

}  // namespace sluice::check
