// Jobs of steps.
#pragma once

#include <string>

#include "compiler/check/checked_plan.h"
#include "compiler/graph/expression.h"

namespace sluice::manifest {

// The Job as graph::RunNode has it: one pod, never replaced by Kubernetes itself (whether there is another attempt is
// for the plan to say), whose last log lines stay in its status if it fails. A literal unless the job reads roles.
graph::ExpressionPtr MakeJob(const check::Job& job, const std::string& rollout, const std::string& namespace_);

}  // namespace sluice::manifest
