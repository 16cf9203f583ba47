#include "tests/bench/bench.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace sluice::bench {
namespace {

double Elapsed(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

void Print(const std::vector<Row>& rows) {
  fmt::print("{:<72} {:>12} {:>10}  {}\n", "", "median", "peak", "to reach");
  for (const Row& row : rows) {
    fmt::print("{:<72} {:>12} {:>10}  {}\n", row.what, row.figure, row.memory, row.target);
  }
}

}  // namespace

ProcessFigures RunProcess(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ProcessFigures figures;
  const auto start = std::chrono::steady_clock::now();
  pid_t child = 0;
  if (posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environ) != 0) {
    std::cerr << "cannot start " << command[0] << "\n";
    std::exit(1);
  }
  rusage usage{};
  int status = 0;
  wait4(child, &status, 0, &usage);
  figures.milliseconds = Elapsed(start);
  figures.peak_kib = usage.ru_maxrss;
  figures.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  posix_spawn_file_actions_destroy(&actions);
  return figures;
}

ProcessFigures MedianProcess(const std::vector<std::string>& command, int runs) {
  std::vector<ProcessFigures> all;
  RunProcess(command);
  for (int i = 0; i < runs; ++i) {
    all.push_back(RunProcess(command));
    if (all.back().status != 0) {
      std::cerr << fmt::format("{} ended with status {}\n", fmt::join(command, " "), all.back().status);
      std::exit(1);
    }
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.milliseconds < b.milliseconds; });
  return all[all.size() / 2];
}

double MedianMilliseconds(const std::function<void()>& work, int runs) {
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    times.push_back(Elapsed(start));
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

std::string Milliseconds(double milliseconds) {
  if (milliseconds >= 1000) {
    return fmt::format("{:.2f} s", milliseconds / 1000);
  }
  return milliseconds >= 0.1 ? fmt::format("{:.1f} ms", milliseconds) : fmt::format("{:.1f} us", milliseconds * 1000);
}

std::string Mebibytes(long kib) { return fmt::format("{} MiB", (kib + 512) / 1024); }

long PeakKib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  Settings settings;
  std::string only;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--once") {
      settings.once = true;
    } else if (word == "--rollouts" && i + 1 < argc) {
      settings.rollouts = std::atoi(argv[++i]);
    } else {
      only = word;
    }
  }
  settings.binary = SLUICE_BINARY;
  std::string scratch = (std::filesystem::temp_directory_path() / "sluice-bench-XXXXXX").string();
  if (mkdtemp(scratch.data()) == nullptr) {
    std::cerr << "cannot make a directory for the benchmarks\n";
    return 1;
  }
  settings.scratch = scratch;
  std::vector<Row> rows;
  const std::vector<std::pair<std::string, std::vector<Row> (*)(const Settings&)>> groups = {
      {"compile", CompileBenchmarks},
      {"decide", DecideBenchmarks},
      {"fleet", FleetBenchmarks},
      {"simulate", SimulateBenchmarks},
      {"verify", VerifyBenchmarks}};
  for (const auto& [name, benchmarks] : groups) {
    if (!only.empty() && only != name) continue;
    for (Row& row : benchmarks(settings)) {
      rows.push_back(std::move(row));
    }
  }
  Print(rows);
  std::filesystem::remove_all(scratch);
}
