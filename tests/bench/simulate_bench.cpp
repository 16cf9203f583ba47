// Scenarios in virtual time: what a test of a plan takes.
#include <iostream>
#include <map>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "compiler/compile.h"
#include "reconciler/simulate/play.h"
#include "tests/bench/bench.h"

namespace sluice::bench {
namespace {

// Five steps to the whole traffic, each held; and a pause that nobody ends for 29 days.
constexpr const char* kPlan = R"(
import std.gates
import std.routers

service checkout {
  namespace "shop"
  image     "ghcr.io/acme/checkout:2"
  replicas  10
  port      http 8080
  probe     ready http "/readyz" every 5s
}
route shop {
  host "shop.example.com"
  via  routers.gateway("infra/public")
}
gate healthy = gates.error-rate(max: 1%, over: 2m)
rollout checkout {
  deploy   checkout
  through  shop
  watch    healthy
  deadline 8h
  step ramp for share in [10%, 20%, 40%, 60%] { weight share  hold 5m while healthy }
  step full { weight 100% }
}
service web {
  namespace "shop"
  image     "ghcr.io/acme/web:2"
  replicas  10
  port      http 8080
  probe     ready http "/readyz" every 5s
}
rollout web {
  deploy   web
  deadline 30d
  step half { weight 50%  pause until approved by "sre" within 29d else rollback }
  step full { weight 100% }
}
)";

simulate::Course Undisturbed(const simulate::Subject& subject) {
  check::Scenario scenario;
  scenario.rollout = subject.candidate.rollout;
  return simulate::Play(subject, scenario);
}

void Expect(const simulate::Course& course, const char* outcome) {
  if (course.outcome == outcome && course.broken.empty()) return;
  std::cerr << fmt::format("the scenario ended as {} {}\n", course.outcome, course.trouble);
  std::exit(1);
}

}  // namespace

std::vector<Row> SimulateBenchmarks(const Settings& settings) {
  spdlog::set_level(spdlog::level::off);
  const source::MemoryTree tree(std::map<std::string, std::string>{{"shop.plan", kPlan}});
  const std::unique_ptr<Compilation> compilation = Compile(tree);
  const simulate::Subjects subjects(tree, *compilation);
  const simulate::Subject checkout = subjects.Of("checkout", "shop").value();
  const simulate::Subject web = subjects.Of("web", "shop").value();
  const double canary = MedianMilliseconds([&] { Expect(Undisturbed(checkout), "promoted"); }, settings.Runs(21));
  const double month = MedianMilliseconds([&] { Expect(Undisturbed(web), "rolled-back"); }, settings.Runs(3));
  return {{"a canary of five steps, 20 minutes with gates and traffic, as a scenario", Milliseconds(canary),
           Mebibytes(PeakKib()), "<= 2 ms"},
          {"  of these, a second on one core", fmt::format("{:.0f}", 1000 / canary), "", ">= 300"},
          {"a scenario of 29 days", Milliseconds(month), Mebibytes(PeakKib()), "<= 50 ms"}};
}

}  // namespace sluice::bench
