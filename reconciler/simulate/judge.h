// Whether a test's expectations are met, and if not, by what.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compiler/check/checked_test.h"
#include "compiler/graph/expression.h"
#include "reconciler/simulate/course.h"

namespace sluice::simulate {

struct Verdict {
  bool met = false;
  // Of one that isn't met.
  std::string why;                                         // where it isn't just false: "there is no data: …"
  std::vector<std::pair<std::string, std::string>> parts;  // each fact that the condition names, and its value
  std::size_t scenario = 0;                                // whose timeline tells most
  Duration at{0};  // the moment that decides: the first one that breaks it, or the end
};

// One verdict an expectation, in order. `courses`: one a scenario, in order; none with trouble. `functions`: those
// that the plan set's residual expressions call.
std::vector<Verdict> Judge(const check::Test& test, const std::vector<Course>& courses,
                           const graph::FunctionTable& functions);

}  // namespace sluice::simulate
