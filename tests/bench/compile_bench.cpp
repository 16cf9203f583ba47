// The compiler: one plan, a comprehension of many services, many plan files, one of them edited.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include <fmt/format.h>

#include "compiler/compile.h"
#include "tests/bench/bench.h"

namespace sluice::bench {
namespace {

namespace fs = std::filesystem;

// One team's plan, about 1.6 KB: a service, a route, gates and a rollout of five steps.
std::string TeamPlan(int number, const char* pace) {
  return fmt::format(R"(import std.gates
import std.routers

/// Service {0} of the fleet, with what most of them have.
service app-{0} {{
  namespace "team-{1}"
  image     "ghcr.io/acme/app-{0}:2.4.{1}"
  replicas  10
  surge     25%
  port      http 8080
  probe     ready http "/readyz" every 5s
  probe     live  http "/healthz"
  cpu       0.25 to 1
  memory    256Mi
  env       {{ LOG_FORMAT: "json"  REGION: "eu-{1}"  DB_PASSWORD: secret "app-{0}-db" key "password" }}
}}

// Where its traffic comes from, and what splits it.
route app-{0} {{
  host "app-{0}.example.com"
  path "/"
  via  routers.gateway("infra/public")
}}

gate healthy-{0} = gates.error-rate(max: 1%, over: 2m) and gates.latency(p99: 300ms, over: 2m)

rollout app-{0} {{
  deploy   app-{0}
  through  app-{0}
  watch    healthy-{0}
  deadline 3d
  drain    30s
  keep     previous for 10m
  fast-track rollbacks within 3 revisions

  step smoke {{
    weight 1%
    hold   5m while healthy-{0}
  }}
  step ramp for share in [10%, 20%, 30%] {{
    weight share
    hold   {2} while healthy-{0}
  }}
  step sign-off {{
    pause until approved by "sre" within 24h else rollback
  }}
  step half {{
    weight 50%
    hold   30m while healthy-{0}
    check  gates.error-rate(max: 0.5%, over: 5m) within 20m else rollback
  }}
  step full {{ weight 100% }}
}}
)",
                     number, number % 20, pace);
}

constexpr const char* kFleetPlan = R"(service "web-${n}" for n in range(0, 1000) {
  namespace "web"
  image     "ghcr.io/acme/web:1.${n}"
  replicas  3
  port      http 8080
  probe     ready http "/readyz" every 5s
  cpu       0.25 to 1
  memory    256Mi
  env       { INDEX: "${n}" }
}
)";

void Write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

Row OnePlan(const Settings& settings) {
  const fs::path directory = fs::path(settings.scratch) / "one";
  Write(directory / "app.plan", TeamPlan(1, "10m"));
  const ProcessFigures figures = MedianProcess({settings.binary, "lint", directory.string()}, settings.Runs(21));
  return {"lint of one plan, whole process", Milliseconds(figures.milliseconds), Mebibytes(figures.peak_kib),
          "<= 10 ms"};
}

Row ManyServices(const Settings& settings) {
  const fs::path directory = fs::path(settings.scratch) / "services";
  Write(directory / "web.plan", kFleetPlan);
  const std::vector<std::string> command = {settings.binary, "compile", directory.string(), "-o",
                                            (fs::path(settings.scratch) / "services-out").string()};
  const ProcessFigures figures = MedianProcess(command, settings.Runs(11));
  return {"compile of 1,000 services from a comprehension in one file, whole process",
          Milliseconds(figures.milliseconds), Mebibytes(figures.peak_kib), "<= 60 ms"};
}

Row ManyPlans(const Settings& settings) {
  const fs::path directory = fs::path(settings.scratch) / "plans";
  for (int i = 0; i < 1000; ++i) {
    Write(directory / fmt::format("team{}/app-{}.plan", i % 20, i), TeamPlan(i, "10m"));
  }
  const std::vector<std::string> command = {settings.binary, "compile", directory.string(), "-o",
                                            (fs::path(settings.scratch) / "plans-out").string()};
  const ProcessFigures figures = MedianProcess(command, settings.Runs(5));
  return {"compile of 1,000 plan files of ~1.6 KB with rollouts, gates, routes, whole process",
          Milliseconds(figures.milliseconds), Mebibytes(figures.peak_kib), "<= 1.5 s, <= 300 MiB"};
}

Row OneEdit(const Settings& settings) {
  std::map<std::string, std::string> files;
  for (int i = 0; i < 1000; ++i) {
    files[fmt::format("team{}/app-{}.plan", i % 20, i)] = TeamPlan(i, "10m");
  }
  CompileCache cache;
  if (!Compile(source::MemoryTree(files), &cache)->ok()) {
    std::cerr << "the benchmark's plans do not compile\n";
    std::exit(1);
  }
  int edit = 0;
  const double time = MedianMilliseconds(
      [&] {
        files["team7/app-7.plan"] = TeamPlan(7, fmt::format("{}m", 11 + edit++).c_str());
        Compile(source::MemoryTree(files), &cache);
      },
      settings.Runs(11));
  return {"compile after one of those files changed, in a process that lives on", Milliseconds(time),
          Mebibytes(PeakKib()), "<= 50 ms"};
}

}  // namespace

std::vector<Row> CompileBenchmarks(const Settings& settings) {
  return {OnePlan(settings), ManyServices(settings), ManyPlans(settings), OneEdit(settings)};
}

}  // namespace sluice::bench
