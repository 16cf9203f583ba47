// Expectations over courses that are written down here.
#include "reconciler/simulate/judge.h"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;

namespace sluice::simulate {
namespace {

using check::Expectation;
using graph::MakeLiteral;
using graph::MakeNode;
using graph::MakeRoot;
using graph::Operation;
using graph::Value;

Course TwoSteps(const std::string& outcome) {
  Course course;
  course.outcome = outcome;
  course.elapsed = 20min;
  course.moments = {{0min, Number(), 4, 0, 4, "", "progressing", ""},
                    {5min, Number::Ratio(1, 10), 4, 1, 5, "first", "progressing", ""},
                    {15min, Number::Ratio(1, 2), 3, 2, 6, "half", "progressing", ""}};
  course.entered = {{"first", 5min}, {"half", 15min}};
  return course;
}

check::Test One(Expectation::Over over, graph::ExpressionPtr condition) {
  check::Test test;
  test.scenarios.emplace_back();
  test.expectations.push_back({over, 0, std::move(condition), {}});
  return test;
}

Verdict Only(Expectation::Over over, graph::ExpressionPtr condition) {
  return Judge(One(over, std::move(condition)), {TwoSteps("promoted")}, {}).at(0);
}

graph::ExpressionPtr Compare(Operation operation, const char* fact, Value value) {
  return MakeNode(operation, {MakeRoot(fact), MakeLiteral(std::move(value))});
}

}  // namespace

TEST_CASE("an expectation at the end shows the values of its parts") {
  CHECK(Only(Expectation::Over::kEnd, Compare(Operation::kEqual, "outcome", "promoted")).met);
  const Verdict verdict =
      Only(Expectation::Over::kEnd, Compare(Operation::kLessEqual, "max-weight", Value::Percent(Number::Ratio(1, 10))));
  CHECK_FALSE(verdict.met);
  CHECK(verdict.parts == std::vector<std::pair<std::string, std::string>>{{"max-weight", "50%"}});
  // When the weight came to be that, not the end.
  CHECK(verdict.at == 15min);
  CHECK(Only(Expectation::Over::kEnd, Compare(Operation::kLess, "elapsed", Value::Milliseconds(1min))).at == 20min);
}

TEST_CASE("always, never and eventually look at each moment, and name the one that decides") {
  const auto all_ready = Compare(Operation::kGreaterEqual, "ready-stable", 4);
  const Verdict always = Only(Expectation::Over::kAlways, all_ready);
  CHECK_FALSE(always.met);
  CHECK(always.at == 15min);
  CHECK(always.parts.at(0) == std::pair<std::string, std::string>("ready-stable", "3"));
  CHECK(Only(Expectation::Over::kEventually, all_ready).met);
  const auto above_half = Compare(Operation::kGreater, "weight", Value::Percent(Number::Ratio(1, 2)));
  CHECK(Only(Expectation::Over::kNever, above_half).met);
  CHECK_FALSE(Only(Expectation::Over::kEventually, above_half).met);
  const Verdict never = Only(Expectation::Over::kNever, Compare(Operation::kEqual, "step", "first"));
  CHECK_FALSE(never.met);
  CHECK(never.at == 5min);
}

TEST_CASE("what never came to be is no fact, and meets nothing") {
  const auto entered = [](const char* step) {
    return MakeNode(Operation::kIndex, {MakeRoot("entered"), MakeLiteral(step)});
  };
  CHECK(Only(Expectation::Over::kEnd, MakeNode(Operation::kLess, {entered("first"), entered("half")})).met);
  const Verdict verdict =
      Only(Expectation::Over::kEnd, MakeNode(Operation::kLess, {entered("first"), entered("full")}));
  CHECK_FALSE(verdict.met);
  CHECK_FALSE(verdict.why.empty());
  CHECK(verdict.parts ==
        std::vector<std::pair<std::string, std::string>>{{"entered[\"first\"]", "5m"}, {"entered[\"full\"]", "none"}});
}

TEST_CASE("of several scenarios each is spoken of by its name") {
  check::Test test;
  test.scenarios.resize(2);
  test.scenarios[0].name = "good";
  test.scenarios[1].name = "bad";
  const auto outcome = [](const char* scenario, const char* value) {
    return MakeNode(Operation::kEqual,
                    {MakeNode(Operation::kMember, {MakeRoot(scenario)}, "outcome"), MakeLiteral(value)});
  };
  test.expectations = {{Expectation::Over::kEnd, 0, outcome("good", "promoted"), {}},
                       {Expectation::Over::kEnd, 0, outcome("bad", "promoted"), {}}};
  const std::vector<Verdict> verdicts = Judge(test, {TwoSteps("promoted"), TwoSteps("rolled-back")}, {});
  CHECK(verdicts[0].met);
  CHECK_FALSE(verdicts[1].met);
  CHECK(verdicts[1].scenario == 1);
  CHECK(verdicts[1].parts.at(0) == std::pair<std::string, std::string>("bad.outcome", "\"rolled-back\""));
}

}  // namespace sluice::simulate
