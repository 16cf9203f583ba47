// The embedded cluster and a real API server are asked the same at random, and have to say the same.
//
// SLUICE_SEEDS=N plays N sequences instead of as many as a time allows, SLUICE_FIRST_SEED=N begins with that one.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/cluster/control_plane.h"
#include "tests/cluster/fixtures.h"
#include "tests/cluster/installation.h"
#include "tests/differential/comparison.h"

namespace sluice::cluster {
namespace {

constexpr std::chrono::seconds kTime{40};
constexpr int kMostFailures = 3;

// Controllers that come to nothing before the test is over: as where none runs.
embedded::Options WithoutControllers() {
  constexpr Duration kNever = std::chrono::hours(24 * 365);
  embedded::Options options;
  options.lags.controller = options.lags.endpoints = options.lags.gateway = options.lags.start = {kNever, kNever};
  options.world.default_per_second = 0;
  return options;
}

std::optional<std::uint64_t> NumberIn(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? std::nullopt : std::optional<std::uint64_t>(std::strtoull(text, nullptr, 10));
}

// As a list, one request a line: Catch2 would break the lines.
void Print(std::uint64_t seed, const Operations& operations, const std::vector<std::string>& lines) {
  std::cout << fmt::format("seed {}; the fewest requests that are answered otherwise:\n", seed);
  for (std::size_t i = 0; i < operations.size(); ++i) {
    std::cout << fmt::format("  {}. {}\n", i + 1, ToString(operations[i]));
  }
  for (const std::string& line : lines) std::cout << line << "\n";
  std::cout << std::flush;
}

TEST_CASE("random requests are answered as a real API server answers them") {
  const auto plane = ControlPlane::Start({"--bare"});
  if (plane == nullptr) return;
  Administrator administrator(plane->kubeconfig());
  ApplyFile(administrator, std::string(SLUICE_SOURCE_DIR) + "/deploy/crds/rollouts.yaml");
  const auto compare = [&](const Operations& operations) {
    const auto real = OnKubernetes(plane->kubeconfig());
    const auto embedded = OnEmbedded(WithoutControllers());
    return Differences(operations, Play(*real, operations), Play(*embedded, operations));
  };
  const std::optional<std::uint64_t> most = NumberIn("SLUICE_SEEDS");
  const std::uint64_t first = NumberIn("SLUICE_FIRST_SEED").value_or(1);
  const auto end = std::chrono::steady_clock::now() + kTime;
  int failures = 0;
  std::uint64_t played = 0;
  for (; failures < kMostFailures; ++played) {
    if (most ? played >= *most : std::chrono::steady_clock::now() >= end) break;
    const Operations all = AnyOperations(first + played);
    if (compare(all).empty()) continue;
    ++failures;
    const Operations fewest = Fewest(all, [&](const Operations& some) { return !compare(some).empty(); });
    Print(first + played, fewest, compare(fewest));
  }
  std::cout << fmt::format("{} sequences of {} requests\n", played, AnyOperations(1).size());
  CHECK(failures == 0);
}

}  // namespace
}  // namespace sluice::cluster
