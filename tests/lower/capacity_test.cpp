// Pods of both roles where a router splits: the rows of Argo Rollouts' traffic-routed canary (rollout/canary tests of
// argoproj/argo-rollouts), and where Sluice differs.
#include "compiler/lower/capacity.h"

#include <optional>

#include <catch2/catch.hpp>

namespace sluice::lower {
namespace {

Split Of(int percent, std::optional<check::Amount> replicas = {}) {
  Split split;
  split.share = Number::Ratio(percent, 100);
  split.replicas = replicas;
  return split;
}

check::Amount Count(int pods) { return {false, Number(pods)}; }
check::Amount Percent(int percent) { return {true, Number::Ratio(percent, 100)}; }

}  // namespace

TEST_CASE("with a router stable keeps its pods, and the candidate has its share or what `replicas` says") {
  struct Row {
    const char* name;
    int pods;
    Split split;
    int stable, candidate;
  };
  const Row rows[] = {
      {"weight 0", 10, Of(0), 10, 0},
      {"weight 20", 10, Of(20), 10, 2},
      {"weight 25", 10, Of(25), 10, 3},
      {"weight 33", 10, Of(33), 10, 4},
      {"weight 99", 10, Of(99), 10, 10},
      {"weight 100", 10, Of(100), 10, 10},
      {"all of 23", 23, Of(100), 23, 23},
      {"setCanaryScale replicas 9", 1, Of(0, Count(9)), 1, 9},
      {"setCanaryScale weight 200", 4, Of(0, Percent(200)), 4, 8},
      // minPodsPerReplicaSet 2 is `replicas 2` at the steps that want it; there is no floor for a whole rollout.
      {"5% of 10, at least 2", 10, Of(5, Count(2)), 10, 2},
      {"100% of 1", 1, Of(100), 1, 1},
      // Argo lets `replicas` fall short of the weight, and the candidate is overloaded. Here it is an error
      // (`replicas_too_few`), and whoever asks gets the larger of the two.
      {"50% of 10 with 2", 10, Of(50, Count(2)), 10, 5},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const graph::Pods pods = PodsFor({Capacity::kFull, {row.pods, 1, 0}}, row.split);
    CHECK(pods.stable == row.stable);
    CHECK(pods.candidate == row.candidate);
  }
  // Not the same on purpose:
  // - matchTrafficWeight: no word for it. `replicas` stays until a later step says otherwise, as every clause does;
  //   the share is always carried.
  // - setCanaryScale without a router is ignored by Argo; here `replicas` with a router that makes shares by pods is
  //   an error (`pods_cannot`).
  // - an aborted canary keeps setCanaryScale's pods with a delay of 0; here the loser of a way back is drained and goes
  //   to 0 pods, whatever its step said (tests/decide).
}

TEST_CASE("by pods both roles share the service's pods, whatever the surge leaves") {
  const graph::Pods pods = PodsFor({Capacity::kPods, {10, 3, 0}}, Of(16));
  CHECK(pods.candidate == 2);
  CHECK(pods.stable == 9);
}

TEST_CASE("shared: stable needs what its share leaves, and the rest of the pods are the candidate's") {
  const graph::Pods pods = PodsFor({Capacity::kShared, {10, 3, 0}}, Of(30));
  CHECK(pods.candidate == 3);
  CHECK(pods.stable == 7);
}

}  // namespace sluice::lower
