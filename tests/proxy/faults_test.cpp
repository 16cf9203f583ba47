// The program on a real API server behind a proxy that breaks what it can: see story.h and faults.h.
//
// SLUICE_SEEDS=N tells as many stories instead of the usual few, SLUICE_SEED=S that one alone, beside the one in which
// nothing goes wrong. A seed leads to the same faults for the same requests in the same order; their order depends on
// real time.
#include "tests/proxy/faults.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/cluster/control_plane.h"
#include "tests/cluster/installation.h"
#include "tests/cluster/pod_keeper.h"
#include "tests/fault/seeds.h"
#include "tests/proxy/proxy.h"
#include "tests/proxy/story.h"

namespace sluice::proxy {
namespace {

constexpr std::size_t kSeeds = 6;
constexpr std::size_t kAtOnce = 7;
constexpr std::size_t kFewestKills = 2;
constexpr std::size_t kMostWhileDown = 60;

std::vector<std::uint64_t> SeedsToTell() {
  if (const char* one = std::getenv("SLUICE_SEED")) return {static_cast<std::uint64_t>(std::atoll(one))};
  std::vector<std::uint64_t> seeds;
  for (int seed = 1; seed <= execute::Seeds(kSeeds); ++seed) seeds.push_back(static_cast<std::uint64_t>(seed));
  return seeds;
}

// Several at once: each mostly waits.
std::map<std::uint64_t, Ending> TellAll(const Stage& stage, std::vector<std::uint64_t> seeds) {
  std::map<std::uint64_t, Ending> endings;
  for (const std::uint64_t seed : seeds) endings[seed];
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> tellers;
  for (std::size_t i = 0; i < std::min(kAtOnce, seeds.size()); ++i) {
    tellers.emplace_back([&] {
      for (std::size_t mine = next++; mine < seeds.size(); mine = next++) {
        endings.at(seeds[mine]) = Tell(stage, seeds[mine]);
      }
    });
  }
  for (std::thread& teller : tellers) teller.join();
  return endings;
}

std::string Lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// What was defined a moment ago isn't served at once, and who finds none of a kind looks again in half a minute.
bool AreServed(cluster::Administrator& administrator) {
  for (int i = 0; i < 300; ++i) {
    const auto served = administrator.Ask(kubernetes::ApiRequest{"GET", "/apis/sluice.dev/v1alpha1", "", ""});
    std::size_t kinds = 0;
    if (served) {
      for (const cluster::Json& resource : cluster::List(*served, {"resources"})) {
        kinds += cluster::Text(resource, {"name"}).find('/') == std::string::npos ? 1 : 0;
      }
    }
    if (kinds == 3) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return false;
}

TEST_CASE("whatever becomes of requests to a real API server, a rollout ends as if nothing had") {
  const auto plane = cluster::ControlPlane::Start();
  if (plane == nullptr) return;
  cluster::Administrator administrator(plane->kubeconfig());
  for (const char* file : {"rollouts", "rolloutbundles", "rolloutcommands"}) {
    cluster::ApplyFile(administrator, fmt::format("{}/deploy/crds/{}.yaml", SLUICE_SOURCE_DIR, file));
  }
  REQUIRE(AreServed(administrator));
  const cluster::PodKeeper keeper(plane->kubeconfig());
  const Chronicle chronicle(plane->kubeconfig());
  const std::vector<std::uint64_t> seeds = SeedsToTell();
  std::vector<std::uint64_t> all = seeds;
  all.insert(all.begin(), 0);
  const auto endings = TellAll({plane->directory(), plane->kubeconfig(), chronicle}, all);
  const Ending& whole = endings.at(0);
  std::map<std::string, int> reached;
  for (const auto& [seed, ending] : endings) {
    std::cout << fmt::format(
        "seed {}: {:.0f} s, {} requests, {} writes, {} processes, {} killed, at least {} ready pods, at most {} "
        "requests a second while the server is down\n",
        seed, ending.seconds, ending.requests, ending.writes, ending.processes, ending.kills, ending.least_ready,
        ending.most_while_down);
    for (const auto& [what, times] : ending.reached) reached[what] += times;
    const std::string otherwise = ending.wrong.empty() && whole.wrong.empty() ? Difference(whole, ending) : "";
    if (!ending.wrong.empty() || !otherwise.empty()) {
      std::cout << fmt::format("SLUICE_SEED={}\n{}{}\n{}", seed, Lines(ending.wrong), otherwise, Lines(ending.log));
      FAIL_CHECK("seed " << seed);
    }
    if (seed == 0) continue;
    INFO("seed " << seed);
    CHECK(ending.kills >= kFewestKills);
    CHECK(ending.most_while_down <= kMostWhileDown);
  }
  for (const auto& [what, times] : reached) std::cout << fmt::format("{:8} {}\n", times, what);
  if (seeds.size() < kSeeds) return;
  for (const FaultKind& kind : FaultKinds()) {
    INFO(kind.name);
    CHECK(reached[std::string(kind.name)] > 0);
  }
  for (int moment = 0; moment < 4; ++moment) {
    INFO(NameOf(static_cast<Moment>(moment)));
    CHECK(reached[std::string(NameOf(static_cast<Moment>(moment)))] > 0);
  }
}

}  // namespace
}  // namespace sluice::proxy
