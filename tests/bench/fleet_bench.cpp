// Many rollouts at once in virtual time: the real compiler, syncer and executor on the embedded cluster.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "tests/bench/bench.h"
#include "tests/execute/scene.h"

namespace sluice::bench {
namespace {

// `count` services of five pods each, and a rollout of five steps for each.
std::string Fleet(int count, const std::string& tag) {
  return fmt::format(R"(service "app-${{n}}" for n in range(0, {0}) {{
  namespace "shop"
  image     "ghcr.io/acme/app:{1}"
  replicas  5
  port      http 8080
  probe     ready http "/readyz" every 5s
}}
rollout "app-${{n}}" for n in range(0, {0}) {{
  deploy   "app-${{n}}"
  deadline 2h
  step ramp for share in [20%, 40%, 60%, 80%] {{ weight share  hold 1m }}
  step full {{ weight 100% }}
}}
)",
                     count, tag);
}

void RunToRest(execute::Scene& scene, const char* what) {
  if (!scene.RunUntilAtRest(Duration(3'600'000))) {
    std::cerr << "the fleet does not come to rest: " << what << "\n";
    std::exit(1);
  }
}

// What of the requests so far went to statuses.
std::size_t StatusWrites(const execute::Scene& scene) {
  std::size_t count = 0;
  for (const std::string& request : scene.cluster->trace()) {
    count += request.find("status") != std::string::npos ? 1 : 0;
  }
  return count;
}

// What was decided so far, whether or not it changed anything.
double Decisions(const execute::Scene& scene) {
  return scene.metrics.Get(telemetry::kDecisions, {{"changed", "true"}}) +
         scene.metrics.Get(telemetry::kDecisions, {{"changed", "false"}});
}

// The requests after the first `before`, by verb and kind, most frequent first.
std::vector<Row> Breakdown(const execute::Scene& scene, std::size_t before, int count) {
  std::map<std::string, int> kinds;
  const auto& trace = scene.cluster->trace();
  for (std::size_t i = before; i < trace.size(); ++i) {
    // "apply apps/v1/Deployment/shop/web": without namespace and name.
    const std::string& request = trace[i];
    ++kinds[request.substr(0, request.rfind('/', request.rfind('/') - 1))];
  }
  std::vector<std::pair<int, std::string>> sorted;
  for (const auto& [what, times] : kinds) sorted.emplace_back(times, what);
  std::sort(sorted.rbegin(), sorted.rend());
  std::vector<Row> rows;
  for (const auto& [times, what] : sorted) {
    rows.push_back({"    " + what, fmt::format("{:.1f}", static_cast<double>(times) / count), "", ""});
  }
  return rows;
}

}  // namespace

std::vector<Row> FleetBenchmarks(const Settings& settings) {
  const int count = settings.rollouts > 0 ? settings.rollouts : settings.once ? 50 : 1'000;
  embedded::World world;
  world.default_per_second = 0;
  execute::Scene scene(world);
  scene.repository.Commit({{"fleet.plan", Fleet(count, "1")}});
  scene.Start();
  scene.reconciler->executor().Attend({});
  RunToRest(scene, "first install");

  scene.repository.Commit({{"fleet.plan", Fleet(count, "2")}});
  const std::size_t requests = scene.cluster->requests();
  const std::size_t statuses = StatusWrites(scene);
  const double decisions = Decisions(scene);
  const double took = MedianMilliseconds([&] { RunToRest(scene, "second version"); }, 1);
  const auto each = [&](std::size_t before, std::size_t after) {
    return fmt::format("{:.1f}", static_cast<double>(after - before) / count);
  };
  std::vector<Row> rows;
  rows.push_back({fmt::format("{} rollouts of 5 steps to the end in virtual time", count), Milliseconds(took),
                  Mebibytes(PeakKib()), count == 1'000 ? "<= 10 s" : ""});
  rows.push_back({"  decisions, each rollout", fmt::format("{:.1f}", (Decisions(scene) - decisions) / count), "", ""});
  rows.push_back({"  requests to the cluster, each rollout", each(requests, scene.cluster->requests()), "", ""});
  rows.push_back({"  of these writes of a status", each(statuses, StatusWrites(scene)), "", ""});

  for (Row& row : Breakdown(scene, requests, count)) rows.push_back(std::move(row));

  scene.RunFor(Duration(60'000));
  const std::size_t settled = scene.cluster->requests();
  const double idle = MedianMilliseconds([&] { scene.RunFor(Duration(3'600'000)); }, 1);
  rows.push_back({fmt::format("an hour over {} settled rollouts: requests", count),
                  std::to_string(scene.cluster->requests() - settled), "", "0"});
  rows.push_back({"  time that the whole world takes for it", Milliseconds(idle), "", ""});
  return rows;
}

}  // namespace sluice::bench
