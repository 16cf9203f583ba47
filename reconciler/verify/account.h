// Histories told to people: as a timeline with plan lines, and as a test that can be pasted into a plan.
#pragma once

#include <string>
#include <vector>

#include "reconciler/verify/search.h"

namespace sluice::verify {

// Something that a history tells, at a time since the commit.
struct Line {
  Duration at{};
  std::string text;      // "first/hold is entered"
  std::string plan;      // "plans/checkout.plan:38"; "" where it is about no line of the plan
  bool happens = false;  // it is one of the disturbances that happen, not what comes of them
};

// The history of a flaw, as the steps of its search go; the last line says what is broken.
std::vector<Line> LinesOf(const Subject& subject, const Flaw& flaw);

// As a table. `prefix`: before the paths of plan files.
std::string DrawLines(const std::vector<Line>& lines, const std::string& prefix);

// A test whose scenario lets the same disturbances happen; those for which scenarios have no clause stand as comments.
std::string TestFor(const Subject& subject, const Flaw& flaw);

}  // namespace sluice::verify
