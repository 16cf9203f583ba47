// Scenarios carried out: what becomes of a canary, by whatever happens to it.
#include "reconciler/simulate/play.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "reconciler/simulate/coverage.h"
#include "reconciler/simulate/drawing.h"
#include "reconciler/simulate/facts.h"
#include "reconciler/simulate/run_tests.h"

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

TEST_CASE("a first install: nothing runs before, nothing is asked, and a version that never runs is told") {
  check::Scenario first = With({});
  first.first_install = true;
  const Course course = Play(Checkout(), first);
  INFO(DrawCourse(course));
  CHECK(course.trouble.empty());
  CHECK(course.broken == std::vector<std::string>());
  CHECK(course.outcome == "promoted");
  CHECK(course.moments.front().ready_stable == 0);
  CHECK(course.endings.empty());
  CHECK(course.walked.empty());
  CHECK(course.elapsed < 5min);
  first.circumstances = {check::Unpullable{}};
  CHECK(Play(Checkout(), first).outcome == "first-install-failed");
}

namespace {

// A rollout that asks a store of its own, and holds wherever something fails.
constexpr const char* kOrders = R"(
import std.providers
let store = providers.web(url: "https://orders.example.com")
gate orders {
  measure store.number("stats.orders", path: "/v1") as number
  pass    when value >= 100
  window  1m
  every   30s
  no-data for 2m else hold
  error   for 3m else hold
}
service web {
  namespace "shop"
  image     "ghcr.io/acme/web:1"
  replicas  4
  port      http 8080
  probe     ready http "/readyz" every 1s
}
rollout web {
  deploy   web
  deadline 2h
  step half { weight 50%  check orders within 20m else rollback }
  step ask  { run job { image "ghcr.io/acme/ask:1"  timeout 1m } within 10m retry 1 }
  step full { weight 100% }
  on failure { hold }
}
)";

std::unique_ptr<Compilation> OrdersPlan(const std::string& tests = "") {
  spdlog::set_level(spdlog::level::off);
  auto compilation = Compile(source::MemoryTree({{"web.plan", kOrders + tests}}));
  REQUIRE(compilation->ok());
  return compilation;
}

std::vector<TestResult> Results(const std::string& tests, const Compilation& compilation) {
  return RunTests(source::MemoryTree({{"web.plan", kOrders + tests}}), compilation,
                  [](const check::Test&) { return true; }, {});
}

}  // namespace

TEST_CASE("what a store answers that is asked by its address, and what is told where nothing does") {
  const std::string tests = R"(
test "enough" { simulate web { metrics "https://orders.example.com/v1" { stats: { orders: 120 } } } expect outcome is promoted }
test "too few" { simulate web { metrics "https://*/v1" { stats: { orders: 12 } } } expect outcome is held }
test "unknown" { simulate web { metrics "https://*/v1" { stats: {} } } expect outcome is rolled-back }
test "lost" {
  simulate web { metrics lost from 1s  metrics "https://*/v1" { stats: { orders: 120 } } }
  expect outcome is rolled-back
}
test "down" { simulate web { metrics "https://*/v1" down } expect outcome is rolled-back }
test "nobody" { simulate web { } expect outcome is promoted }
)";
  const auto compilation = OrdersPlan(tests);
  const std::vector<TestResult> results = Results(tests, *compilation);
  const Places places{compilation->sources, ""};
  REQUIRE(results.size() == 6);
  for (std::size_t i = 0; i < 5; ++i) {
    INFO(RenderText(results[i], places) << DrawCourse(results[i].courses.at(0)));
    CHECK(results[i].passed());
    CHECK(results[i].courses[0].unanswered.empty());
  }
  CHECK_FALSE(results[5].passed());
  const std::string text = RenderText(results[5], places);
  INFO(text);
  CHECK(text.find("half/check: error, orders: error, nothing answers https://orders.example.com/v1 here") !=
        std::string::npos);
  CHECK(text.find("note: nothing answers https://orders.example.com/v1 here; say in the scenario what does: `metrics "
                  "\"https://orders.example.com/v1\"") != std::string::npos);
}

TEST_CASE("coverage knows what stalled a rollout, and lists nothing that it can't come to") {
  const std::string tests = R"(
test "too few" { simulate web { metrics "https://*/v1" { stats: { orders: 12 } } } expect outcome is held }
test "first" { simulate web { stable none } expect outcome is promoted }
test "late" {
  simulate web { metrics "https://*/v1" { stats: { orders: 120 } }  controller down from 20s to 3h }
  expect outcome is rolled-back
}
)";
  const auto compilation = OrdersPlan(tests);
  const std::vector<RolloutCoverage> coverage = CoverageOf(compilation->graphs, Results(tests, *compilation));
  REQUIRE(coverage.size() == 1);
  std::string text;
  for (const Place& place : coverage[0].places) text += fmt::format("{} {}\n", place.reached ? "+" : "-", place.what);
  CHECK(text == R"(+ step half
- half/scale: timeout
- half/check: pass
+ half/check: fail
- half/check: no-data
- half/check: error
- half/check: timeout
+ step ask
+ ask/run: pass
- ask/run: fail
- step full
+ deadline
+ on failure
)");
}

TEST_CASE("the drawing shows what was said and what was waited for, within eighty columns") {
  const Course course = Play(
      Checkout(),
      With({Approval(20min), check::ErrorRate{check::Role::kCandidate, Number::Ratio(8, 100), false, {45min, {}}}}));
  const std::string text = DrawCourse(course);
  INFO(text);
  CHECK(course.outcome == "rolled-back");
  const std::string pictures = text.substr(text.find("share of the candidate"));
  for (const char* part : {"what was said", "    pass |", "    fail |", "what it waits for", "    hold |", "approval |",
                           "way back |", "sign-off/pause: pass, approved by sre-1", "ready pods of stable"}) {
    CAPTURE(part);
    CHECK(pictures.find(part) != std::string::npos);
  }
  std::size_t width = 0;
  for (const char c : pictures) {
    width = c == '\n' ? 0 : width + ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0);
    CHECK(width <= 80);
  }
  const std::string svg = DrawCourseSvg(course, "rollout checkout");
  CHECK(svg.find(">verdicts</text>") != std::string::npos);
  CHECK(svg.find("approval: ") != std::string::npos);
  const nlohmann::ordered_json json = CourseJson(course);
  CHECK(json.at("verdicts").at(0).at("node") == "ramp[10%]/hold");
  CHECK(json.at("verdicts").at(0).at("outcome") == "pass");
}

TEST_CASE("services of one name in two directories have each their own version before") {
  const auto plan = [](const std::string& team) {
    return fmt::format(
        "service web {{ namespace \"{0}\"  image \"ghcr.io/{0}/web:1\"  probe ready exec [\"true\"] }}\n"
        "rollout web {{ deploy web  step full {{ weight 100% }} }}\n",
        team);
  };
  const source::MemoryTree tree({{"mail/web.plan", plan("mail")}, {"shop/web.plan", plan("shop")}});
  const auto compilation = Compile(tree);
  REQUIRE(compilation->ok());
  const Subjects subjects(tree, *compilation);
  for (const std::string team : {"mail", "shop"}) {
    CHECK(subjects.Of("web", team)->before.workload.image == "ghcr.io/" + team + "/web:before");
    CHECK(subjects.Of("web", team)->next.workload.image == "ghcr.io/" + team + "/web:next");
  }
}

}  // namespace sluice::simulate
