#include "reconciler/simulate/run_tests.h"

#include <utility>

#include <fmt/format.h>

#include "reconciler/simulate/play.h"
#include "reconciler/simulate/subject.h"

namespace sluice::simulate {
namespace {

// Why a course is nothing that expectations could be held against; "" if it is something.
std::string TroubleOf(const check::Scenario& scenario, const Course& course) {
  if (!course.trouble.empty()) return course.trouble;
  if (!course.broken.empty()) {
    return "Sluice broke a promise of its own, which is no mistake of the plan: " + course.broken.front();
  }
  if (course.out_of_time && !scenario.at_most) {
    return fmt::format("it isn't over {} after the commit ({}); `for 2d` says how long it may take",
                       FormatDuration(course.moments.back().at), course.reason);
  }
  return "";
}

TestResult RunTest(const check::Test& test, const Subjects& subjects, const graph::FunctionTable& functions) {
  TestResult result;
  result.test = &test;
  for (const check::Scenario& scenario : test.scenarios) {
    result.trouble_span = scenario.span;
    const Result<Subject> subject = subjects.Of(scenario.rollout, scenario.namespace_);
    if (!subject.ok()) {
      result.trouble = subject.error().message;
      return result;
    }
    result.courses.push_back(Play(*subject, scenario));
    result.trouble = TroubleOf(scenario, result.courses.back());
    if (!result.trouble.empty()) return result;
  }
  result.verdicts = Judge(test, result.courses, functions);
  return result;
}

}  // namespace

std::vector<TestResult> RunTests(const source::FileTree& tree, const Compilation& compilation,
                                 const std::function<bool(const check::Test&)>& wanted,
                                 const std::function<void(const TestResult&)>& done) {
  const Subjects subjects(tree, compilation);
  std::vector<TestResult> results;
  for (const check::Test& test : compilation.plans.tests) {
    if (!wanted(test)) continue;
    results.push_back(RunTest(test, subjects, compilation.plans.functions));
    if (done) done(results.back());
  }
  return results;
}

}  // namespace sluice::simulate
