// `@allow(lint, reason: "…", until: 2027-01-31)` and `@keep`.
#pragma once

#include "compiler/check/checker.h"

namespace sluice::check {

// Reads the annotations of a file's declarations and their steps into the plan set's suppressions.
void ReadAnnotations(const syntax::PlanFile& file, Checker& checker);

// What a strategy and its steps allow: it holds wherever the strategy is used.
std::vector<Suppression> AllowedBy(const Declared& strategy, Checker& checker);

}  // namespace sluice::check
