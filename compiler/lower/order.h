// The order of a rollout's steps: which ones each waits for.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "compiler/check/checked_plan.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice::lower {

struct OrderedStep {
  const check::Step* step = nullptr;
  std::vector<std::size_t> after;  // indices into the order, all smaller than this one's
};

// The steps that are carried out, so that each comes behind those it waits for and otherwise as written. A
// step waits for those it names with `after`, else for the one written before it. A step that is left out or
// has no verbs is done as soon as what it waits for is done. A cycle is reported and gives nothing.
std::optional<std::vector<OrderedStep>> OrderSteps(const check::Rollout& rollout, diagnostics::Emitter& emitter);

}  // namespace sluice::lower
