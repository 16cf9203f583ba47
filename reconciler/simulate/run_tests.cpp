#include "reconciler/simulate/run_tests.h"

#include <utility>

#include <fmt/format.h>

#include "reconciler/simulate/play.h"
#include "reconciler/simulate/subject.h"

namespace sluice::simulate {
namespace {

TestResult RunTest(const check::Test& test, const Subjects& subjects, const graph::FunctionTable& functions) {
  TestResult result;
  result.test = &test;
  for (const check::Scenario& scenario : test.scenarios) {
    const Result<Subject> subject = subjects.Of(scenario.rollout, scenario.namespace_);
    if (!subject.ok()) {
      result.trouble = subject.error().message;
      return result;
    }
    result.courses.push_back(Play(*subject, scenario));
    if (!result.courses.back().broken.empty()) {
      result.trouble =
          "Sluice broke a promise of its own, which is no mistake of the plan: " + result.courses.back().broken.front();
      return result;
    }
    if (!result.courses.back().trouble.empty()) {
      result.trouble = fmt::format("rollout {}: {}", scenario.rollout, result.courses.back().trouble);
      return result;
    }
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
