// Which rollouts have mistakes that were reported before: what is missing in them was not left out by their
// author, and is not reported a second time.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "compiler/check/checked_plan.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice::lower {

class Mistakes {
 public:
  Mistakes(const check::CheckedPlanSet& plans, const diagnostics::Emitter& emitter);

  // Whether an error lies between the rollout's name and the next declaration of its file, or in a file from
  // which a strategy gives it steps.
  bool Touch(const check::Rollout& rollout) const;

 private:
  std::map<source::FileId, std::vector<std::uint32_t>> errors_;     // offsets, sorted
  std::map<source::FileId, std::set<std::uint32_t>> declarations_;  // where they begin
};

}  // namespace sluice::lower
