// Carries out the tests of a plan set.
#pragma once

#include <functional>
#include <vector>

#include "compiler/compile.h"
#include "reconciler/simulate/report.h"

namespace sluice::simulate {

// Those of `compilation`'s tests that `wanted` wants, in the order of the source. `compilation`: of `tree`, without
// errors; outlives the results. `done` is called after each, may be empty.
std::vector<TestResult> RunTests(const source::FileTree& tree, const Compilation& compilation,
                                 const std::function<bool(const check::Test&)>& wanted,
                                 const std::function<void(const TestResult&)>& done);

}  // namespace sluice::simulate
