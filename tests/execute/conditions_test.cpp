#include "reconciler/execute/conditions.h"

#include <catch2/catch.hpp>

namespace sluice::execute {
namespace {

using decide::NodeState;
using decide::Phase;

TEST_CASE("a list's columns: the steps under way and the candidate's share, to a tenth of a percent") {
  decide::Status status;
  status.phase = Phase::kProgressing;
  status.stable = "aaaaaaaa";
  CHECK(StepUnderWay(status).empty());
  CHECK(CandidateShare(status).empty());
  status.candidate = "bbbbbbbb";
  CHECK(CandidateShare(status) == "0%");
  status.applied.shares = {{"aaaaaaaa", Number::Ratio(2, 3)}, {"bbbbbbbb", Number::Ratio(1, 3)}};
  CHECK(CandidateShare(status) == "33.3%");
  status.nodes["web/first/hold"].state = NodeState::kDone;
  status.nodes["web/west/hold"].state = NodeState::kActive;
  status.nodes["web/east/scale"].state = NodeState::kActive;
  status.nodes["web/promote"].state = NodeState::kActive;
  CHECK(StepUnderWay(status) == "east, west");
  status.phase = Phase::kSettled;
  CHECK(StepUnderWay(status).empty());
}

TEST_CASE("what is told first is what someone may have to do something about") {
  decide::Status status;
  status.phase = Phase::kProgressing;
  const TimePoint until = TimePoint(std::chrono::hours(24));
  const decide::Reason holds{"holds", "web/first/hold", until, ""};
  const decide::Reason crashes{"waits: 0 of 1 pods: CrashLoopBackOff", "", {}, "CrashLoopBackOff"};
  CHECK(Summary(status, {holds}) == "web/first/hold: holds, until 1970-01-02T00:00:00Z");
  CHECK(Summary(status, {holds, crashes}) == "waits: 0 of 1 pods: CrashLoopBackOff");
}

}  // namespace
}  // namespace sluice::execute
