// What came of tests, for people and for CI.
#pragma once

#include <string>
#include <vector>

#include "compiler/check/checked_test.h"
#include "compiler/source/source_set.h"
#include "reconciler/simulate/course.h"
#include "reconciler/simulate/judge.h"

namespace sluice::simulate {

// One test that was carried out.
struct TestResult {
  const check::Test* test = nullptr;
  std::string trouble;            // why it could not be carried out; then there are no verdicts
  source::Span trouble_span;      // the scenario's
  std::vector<Course> courses;    // one a scenario
  std::vector<Verdict> verdicts;  // one an expectation

  bool passed() const;
};

// Where plan lines are, and how paths are shown: put before each, "plans/".
struct Places {
  const source::SourceSet& sources;
  std::string prefix;
};

// A line, and below it what of it failed: each expectation with its values and what happened around the moment that
// broke it.
std::string RenderText(const TestResult& result, const Places& places);
// An object a test: name, file, line, passed, trouble, scenarios with their facts, expectations with their values.
std::string RenderJson(const std::vector<TestResult>& results, const Places& places);
// As CI systems read it (the JUnit XML that Jenkins and GitLab know): one suite.
std::string RenderJunit(const std::vector<TestResult>& results, const Places& places);

}  // namespace sluice::simulate
