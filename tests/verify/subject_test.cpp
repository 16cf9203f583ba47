// What is explored of a plan, and what is said to be left out.
#include "reconciler/verify/subject.h"

#include "tests/verify/plans.h"

namespace sluice::verify {

TEST_CASE("values are found with which each gate passes and fails") {
  const Subject subject = SubjectOf(kGateway + R"(
gate slow    = gates.latency(p99: 300ms)
gate compare() {
  measure bad =   default.metrics.instant("a{s=\"${candidate.service}\"}") as ratio
  measure usual = default.metrics.instant("b{s=\"${stable.service}\"}") as ratio
  pass    when bad.value <= usual.value * 2
  window  1m
  no-data for 5m else fail
  error   for 5m else hold
}
rollout pay {
  deploy pay
  through pay
  deadline 2h
  step first { weight 10%  hold 5m while slow and compare() }
  step full  { weight 100% }
}
)");
  REQUIRE(subject.answers.size() == 2);
  for (const GateAnswers& answers : subject.answers) {
    CHECK(answers.pass);
    CHECK(answers.fail);
  }
  CHECK(subject.left_out.empty());
}

TEST_CASE("a gate that nothing passes is told") {
  const Subject subject = SubjectOf(kGateway + R"(
gate never() {
  measure default.metrics.instant("a{s=\"${candidate.service}\"}") as ratio
  pass    when value < 0% and value > 1%
  window  1m
  no-data for 5m else fail
  error   for 5m else hold
}
rollout pay {
  deploy pay
  through pay
  deadline 2h
  step first { weight 10%  hold 5m while never() }
  step full  { weight 100% }
}
)");
  CHECK(subject.left_out == std::vector<std::string>{"gate never: no value was found with which it passes"});
}

TEST_CASE("edits of a plan are graphs of the same revision that can be walked") {
  const Subject subject = SubjectOf(kGateway + kCanary);
  CHECK(subject.edits.size() == 3);
  REQUIRE(subject.graphs.size() == kFirstEdit + subject.edits.size());
  for (std::size_t i = kFirstEdit; i < subject.graphs.size(); ++i) {
    CHECK(subject.graphs[i]->workload.revision == subject.graphs[kCandidate]->workload.revision);
  }
}

TEST_CASE("a router that can't tell is said to be taken at its word") {
  const Subject subject = SubjectOf(
      "route pay { via routers.selector() }\nrollout pay { deploy pay  through pay  deadline "
      "2h  step full { weight 100%  hold 1m } }");
  CHECK_FALSE(subject.router_tells);
  CHECK(subject.left_out ==
        std::vector<std::string>{
            "router selector doesn't tell whether it followed: it is taken to have done so when its lag is over"});
}

}  // namespace sluice::verify
