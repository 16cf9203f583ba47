// Checked tests as text, for goldens.
#pragma once

#include <string>
#include <vector>

#include "compiler/check/checked_test.h"

namespace sluice {

// A line for each test, scenario, circumstance and expectation, indented by what it belongs to.
std::string DescribeTests(const std::vector<check::Test>& tests);

}  // namespace sluice
