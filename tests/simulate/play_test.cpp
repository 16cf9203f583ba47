// Scenarios carried out: what becomes of a canary, by whatever happens to it.
#include "reconciler/simulate/play.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "reconciler/simulate/drawing.h"
#include "reconciler/simulate/facts.h"

using namespace std::chrono_literals;

namespace sluice::simulate {
namespace {

std::string Plan(const std::string& tag) {
  return fmt::format(R"(
import std.gates
import std.routers

service checkout {{
  namespace "shop"
  image     "ghcr.io/acme/checkout:{}"
  replicas  4
  port      http 8080
  probe     ready http "/readyz" every 1s
}}
route shop {{
  host "shop.example.com"
  path "/checkout"
  via  routers.gateway("infra/public")
}}
gate healthy = gates.error-rate(max: 1%, over: 1m) and gates.latency(p99: 300ms, over: 1m)
rollout checkout {{
  deploy   checkout
  through  shop
  watch    healthy
  deadline 8h
  step ramp for share in [10%, 30%] {{ weight share  hold 10m while healthy }}
  step sign-off {{ pause until approved by "sre" within 2h else rollback }}
  step half {{ weight 50%  hold 10m while healthy }}
  step full {{ weight 100% }}
}}
)",
                     tag);
}

graph::Graph GraphOf(const std::string& tag) {
  const auto compilation = Compile(source::MemoryTree({{"shop.plan", Plan(tag)}}));
  REQUIRE(compilation->ok());
  return compilation->graphs.front();
}

const Subject& Checkout() {
  spdlog::set_level(spdlog::level::off);
  static const Subject subject{GraphOf("before"), GraphOf("2"), GraphOf("next")};
  return subject;
}

check::Scenario With(std::vector<check::Circumstance> circumstances) {
  check::Scenario scenario;
  scenario.rollout = "checkout";
  scenario.circumstances = std::move(circumstances);
  return scenario;
}

check::Person Approval(Duration after = 1min) {
  check::Person person;
  person.verb = "approve";
  person.step = "sign-off";
  person.since_asked = true;
  person.at = after;
  return person;
}

std::string Fact(const Course& course, const std::string& name) {
  const graph::Map facts = FactsOf(course);
  const graph::Value* value = facts.Find(name);
  REQUIRE(value != nullptr);
  return value->ToText();
}

}  // namespace

TEST_CASE("a good build goes its way to the end, and nothing is lost") {
  const Course course = Play(Checkout(), With({Approval(5min)}));
  INFO(DrawCourse(course));
  CHECK(course.trouble.empty());
  CHECK(course.outcome == "promoted");
  CHECK(Fact(course, "max-weight") == "100%");
  CHECK(course.lost_requests == 0);
  CHECK(course.elapsed > 35min);
  CHECK(course.elapsed < 40min);
  CHECK(course.entered.at("half") > course.left.at("sign-off") - 1s);
  CHECK(course.peak_pods == 8);
}

TEST_CASE("a bad build is rolled back from its first step") {
  check::ErrorRate errors;
  errors.rate = Number::Ratio(8, 100);
  const Course course = Play(Checkout(), With({errors, Approval()}));
  INFO(DrawCourse(course));
  CHECK(course.outcome == "rolled-back");
  CHECK(Fact(course, "max-weight") == "10%");
  CHECK(course.elapsed < 15min);
  CHECK(course.bad_requests > 0);
  CHECK(course.lost_requests == 0);
}

TEST_CASE("nobody who approves: the plan says what then") {
  const Course course = Play(Checkout(), With({}));
  INFO(DrawCourse(course));
  CHECK(course.outcome == "rolled-back");
  CHECK(Fact(course, "max-weight") == "30%");
  CHECK(course.elapsed > 2h);
}

TEST_CASE("equal scenarios give equal courses") {
  const check::Scenario scenario = With({check::Crashes{check::Role::kCandidate, {12min, {}}}, Approval()});
  const Course course = Play(Checkout(), scenario);
  INFO(DrawCourse(course));
  CHECK(CourseJson(course) == CourseJson(Play(Checkout(), scenario)));
  CHECK(course.outcome == "rolled-back");
}

TEST_CASE("an abort and a retry: all are taken, and each pause is asked anew") {
  check::Person abort;
  abort.verb = "abort";
  abort.at = 12min;
  check::Person retry;
  retry.verb = "retry";
  retry.at = 30min;
  const Course course = Play(Checkout(), With({Approval(), abort, retry}));
  INFO(DrawCourse(course));
  CHECK(course.outcome == "promoted");
  CHECK(course.elapsed > 1h);
  CHECK(course.entered.at("ramp[10%]") < 1min);
}

TEST_CASE("what a further version does is none of the candidate's course, and a step is left when all of it is done") {
  const Course course = Play(Checkout(), With({Approval(), check::FurtherCommit{false, 15min}}));
  INFO(DrawCourse(course));
  CHECK(course.outcome == "superseded");
  CHECK(course.step == "ramp[30%]");
  CHECK_FALSE(course.entered.contains("half"));
  CHECK(course.left.at("ramp[10%]") > 10min);
  CHECK_FALSE(course.left.contains("ramp[30%]"));
}

TEST_CASE("what never ends is cut off, and says so") {
  check::Scenario scenario = With({check::ControllerDown{{1min, {}}}});
  scenario.at_most = 20min;
  const Course course = Play(Checkout(), scenario);
  CHECK(course.out_of_time);
  CHECK(course.outcome == "unfinished");
  CHECK(course.elapsed <= 20min);
}

TEST_CASE("what happens in the middle of a canary") {
  struct Case {
    const char* what;
    std::vector<check::Circumstance> circumstances;
    const char* outcome;
  };
  check::Person abort;
  abort.verb = "abort";
  abort.at = 12min;
  check::Person undo = abort;
  undo.verb = "undo";
  undo.at = 1h;
  check::Person reject = Approval();
  reject.verb = "reject";
  const std::vector<Case> cases = {
      {"an abort", {abort}, "aborted"},
      {"a refusal", {reject}, "rolled-back"},
      {"an undo when all is over", {Approval(), undo}, "undone"},
      {"an outage that follows another",
       {check::ControllerDown{{5min, 6min}}, check::ControllerDown{{0min, 5min}}, Approval()},
       "promoted"},
      {"stable that can't be pulled any more", {check::Unpullable{check::Role::kStable}, Approval()}, "promoted"},
      {"a further version", {check::FurtherCommit{false, 12min}}, "superseded"},
      {"stable again", {check::FurtherCommit{true, 12min}}, "reverted"},
      {"a controller that is away", {check::ControllerDown{{5min, 25min}}, Approval()}, "promoted"},
      {"an API server that is away", {check::ApiDown{{5min, 8min}}, Approval()}, "promoted"},
      {"metrics that are away for good", {check::MetricsTrouble{true, {5min, {}}}, Approval()}, "held"},
      {"metrics that know nothing", {check::MetricsTrouble{false, {5min, {}}}, Approval()}, "rolled-back"},
      {"pods that never become ready", {check::Unready{check::Role::kCandidate, {}}}, "rolled-back"},
      {"an image that is not there", {check::Unpullable{}}, "rolled-back"},
      {"a slow build", {check::Latency{check::Role::kCandidate, 900ms, false, {}}}, "rolled-back"},
      {"a node that is lost", {check::NodeLost{{12min, 15min}}, Approval()}, "promoted"},
      {"ten times the load", {check::Load{200, {5min, {}}}, Approval()}, "promoted"},
  };
  for (const Case& each : cases) {
    DYNAMIC_SECTION(each.what) {
      const Course course = Play(Checkout(), With(each.circumstances));
      INFO(DrawCourse(course));
      CHECK(course.outcome == each.outcome);
      CHECK(course.broken == std::vector<std::string>());
    }
  }
}

}  // namespace sluice::simulate
