// Tests: scenarios, and what is expected of them. Checked behind the rollouts of their module.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/check/checker.h"

namespace sluice::check {

// All tests of a module. Those without a mistake are the plan set's from then on.
void CheckTests(const Module& module, Checker& checker);

// What is known of a `simulate` block.
struct ScenarioDraft {
  Scenario scenario;
  const Rollout* rollout = nullptr;  // null: there is none, which was reported
  Span name;                         // of `as NAME`; else of the rollout
  bool well = true;                  // without a mistake
};

// check_scenario.cpp
ScenarioDraft ReadScenario(const syntax::Simulation& simulation, const Module& module, const Reader& reader);

// The module's rollout of that name. Null: there is none, which is reported.
const Declared* FindRollout(const std::string& name, Span span, const Module& module, Context& context);

// The steps of that name; of "ramp", where that is repeated, all repetitions. Reports that there is none.
std::vector<const Step*> FindSteps(const std::string& name, Span span, const Rollout& rollout, Context& context);

// check_expectation.cpp
//
// The conditions of one test.
class Expectations {
 public:
  Expectations(const std::vector<ScenarioDraft>& scenarios, const Reader& reader);

  // nullopt: reported.
  std::optional<Expectation> Read(const syntax::Expectation& expectation);
  // Whether any expectation so far speaks of the scenario.
  bool SpeaksOf(std::size_t scenario) const { return spoken_of_[scenario]; }

 private:
  ScopePtr ScopeOf(bool end) const;
  // Whether no expectation before asks for another outcome of its scenario; reported.
  bool SaysOneEnd(const std::string& outcome, const Expectation& read);

  const std::vector<ScenarioDraft>& scenarios_;
  Reader reader_;
  ScopePtr ends_, moments_;
  std::vector<bool> spoken_of_;
  std::map<std::size_t, std::pair<std::string, Span>> ends_as_;  // the outcome that a scenario is to come to
};

}  // namespace sluice::check
