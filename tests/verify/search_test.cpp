// What a search finds in plans with a flaw, and that it finds none in plans without.
#include "reconciler/verify/search.h"

#include <algorithm>

#include "reconciler/verify/account.h"
#include "tests/verify/plans.h"

namespace sluice::verify {
namespace {

Finding Explore(const Subject& subject, int disturbances) {
  Limits limits;
  limits.disturbances = disturbances;
  return Search(subject, limits);
}

std::vector<std::string> Promises(const Finding& finding) {
  std::vector<std::string> promises;
  for (const Flaw& flaw : finding.flaws) promises.push_back(flaw.promise);
  return promises;
}

// What disturbs in a history, in words.
std::vector<std::string> DisturbancesOf(const Subject& subject, const Flaw& flaw) {
  std::vector<std::string> words;
  for (const Disturbance& step : flaw.history.steps) {
    if (step.kind != Disturbance::Kind::kNothing) words.push_back(Words(step, subject));
  }
  return words;
}

}  // namespace

TEST_CASE("a canary keeps its promises whatever disturbs it once, and its executor dies") {
  const Subject subject = SubjectOf(kGateway + kCanary);
  const Finding finding = Explore(subject, 1);
  CHECK(Promises(finding) == std::vector<std::string>());
  CHECK(finding.complete == 1);
  CHECK(finding.cut_short.empty());
  CHECK(finding.states > 10'000);
  CHECK(subject.left_out.empty());
}

TEST_CASE("a rollout by pods keeps its promises whatever disturbs it twice") {
  const Subject subject = SubjectOf("rollout pay { deploy pay  deadline 2h  step full { weight 100% } }");
  const Finding finding = Explore(subject, 2);
  CHECK(Promises(finding) == std::vector<std::string>());
  CHECK(finding.complete == 2);
}

TEST_CASE("each kind of rollout keeps its promises wherever its executor dies") {
  const std::string plan = GENERATE(
      as<std::string>{},
      "rollout pay { deploy pay  deadline 2h  step half { weight 50%  hold 1m }  step full { weight 100% } }",
      "route pay { via routers.selector() }\ngate healthy = gates.error-rate(max: 1%)\nrollout pay { deploy pay  "
      "through "
      "pay  deadline 2h  using strategies.blue-green(preview: 5m, guard: healthy) }",
      "rollout pay { deploy pay  deadline 4h  step half { weight 50%  pause until approved by \"sre\" quorum 2 within "
      "2h }  "
      "step full { run job { image \"x:1\" } within 5m retry 1  weight 100% } }",
      kGateway +
          "rollout pay { deploy pay  through pay  deadline 2h  step inside { match header \"x-team\" is \"shop\"  "
          "mirror 100%  hold 1m }  step full { match none  weight 100% } }");
  const Subject subject = SubjectOf(plan);
  const Finding finding = Explore(subject, 0);
  INFO(plan);
  CHECK(Promises(finding) == std::vector<std::string>());
  CHECK(finding.complete == 0);
}

TEST_CASE("objects of a router that lose stable once all requests go to it are found without any disturbance") {
  const Subject subject =
      SubjectOf(Router(" if b.role != \"stable\" or b.weight < 100%",
                       "object.route.status.observedGeneration == object.route.metadata.generation") +
                kCanary);
  const Finding finding = Explore(subject, 2);
  REQUIRE_FALSE(finding.flaws.empty());
  CHECK(finding.flaws.front().disturbances == 0);
  CHECK(finding.flaws.front().promise ==
        "the objects of router mine lead nowhere to the version before, which has 100% of the traffic");
}

TEST_CASE("objects of a router that forget a stable without requests are found") {
  const Subject subject = SubjectOf(
      Router(" if b.weight > 0%", "object.route.status.observedGeneration == object.route.metadata.generation") +
      kCanary);
  const Finding finding = Explore(subject, 0);
  REQUIRE(finding.flaws.size() == 1);
  CHECK(
      finding.flaws.front().promise ==
      "the objects of router mine lead nowhere to the version before, which has 0% of the traffic and takes all of it "
      "on the way back");
}

TEST_CASE("a gate whose error lets a build through is found, with the one disturbance that it takes") {
  const Subject subject = SubjectOf(kGateway + R"(
gate healthy() {
  measure default.metrics.instant("up{a=\"${candidate.service}\"}") as ratio
  pass    when value <= 1%
  window  1m
  no-data for 5m else fail
  error   for 2m else continue
}
rollout pay {
  deploy pay
  through pay
  deadline 2h
  step first { weight 10%  hold 5m while healthy() }
  step full  { weight 100% }
}
)");
  const Finding finding = Explore(subject, 2);
  REQUIRE(finding.flaws.size() == 1);
  const Flaw& flaw = finding.flaws.front();
  CHECK(flaw.promise == "the candidate is promoted without a pass of pay/first/hold");
  CHECK(DisturbancesOf(subject, flaw) == std::vector<std::string>{"gate healthy comes to an error from now on"});
  const std::vector<Line> lines = LinesOf(subject, flaw);
  CHECK(lines.front().text == "git names the candidate");
  CHECK(lines.back().text == flaw.promise);
  const bool has_plan_line = std::any_of(lines.begin(), lines.end(), [](const Line& line) {
    return line.text == "pay/first/hold is entered" && line.plan.starts_with("pay.plan:");
  });
  CHECK(has_plan_line);
  CHECK(TestFor(subject, flaw).find("metrics down from ") != std::string::npos);
  CHECK(TestFor(subject, flaw).find("expect outcome != promoted") != std::string::npos);
}

TEST_CASE("a settled that says so before the routers followed is found") {
  const Subject subject = SubjectOf(
      Router("", "any c in object.route.status.conditions ?? []: c.type == \"Ready\" and c.status == \"True\"") +
      kCanary);
  const Finding finding = Explore(subject, 2);
  REQUIRE(finding.flaws.size() == 1);
  CHECK(finding.flaws.front().promise ==
        "the pods of the version before are taken away while routers still send it requests: they didn't follow yet");
  CHECK(DisturbancesOf(subject, finding.flaws.front()) ==
        std::vector<std::string>{"routers take nothing up from now on"});
}

TEST_CASE("a search that was cut short says so and proves nothing") {
  const Subject subject = SubjectOf(kGateway + kCanary);
  Limits limits;
  limits.states = 1'000;
  const Finding few = Search(subject, limits);
  CHECK(few.cut_short == "1000 states are the limit");
  CHECK(few.complete == 0);
  limits = Limits();
  limits.out_of_time = [] { return true; };
  const Finding late = Search(subject, limits);
  CHECK(late.cut_short == "its time was over");
  CHECK(late.complete == -1);
  limits = Limits();
  limits.bytes = 4'096;
  CHECK(Search(subject, limits).cut_short == "it would take more memory than it may");
}

TEST_CASE("a search comes to the same states each time") {
  const Subject subject = SubjectOf(kGateway + kCanary);
  const Finding once = Explore(subject, 0);
  const Finding twice = Explore(subject, 0);
  CHECK(once.states == twice.states);
  CHECK(once.decisions == twice.decisions);
}

TEST_CASE("what happened before is no part of a state's key, and what is still to come is") {
  const Subject subject = SubjectOf(kGateway + kCanary);
  State state = StateAt(Beginning::kUpdate, subject);
  State later = state;
  later.world.now += std::chrono::hours(3);
  later.status.history.clear();
  later.status.history.emplace_back(*state.status.history.back());
  CHECK(KeyOf(state) == KeyOf(later));
  later.world.answers.front() = Answer::kFail;
  CHECK(KeyOf(state) != KeyOf(later));
  State paused = state;
  paused.status.paused = true;
  CHECK(KeyOf(state) != KeyOf(paused));
}

}  // namespace sluice::verify
