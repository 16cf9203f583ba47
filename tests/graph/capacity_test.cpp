#include "compiler/graph/capacity.h"

#include <catch2/catch.hpp>

namespace sluice::graph {
namespace {

TEST_CASE("shares without a router come as near as whole pods allow") {
  // The figures are those of Argo Rollouts' basic canary (rollout/canary tests of argoproj/argo-rollouts); the
  // arithmetic is the same. A service of no pods is refused by the compiler, here it stays empty.
  struct Row {
    int replicas, percent, surge, candidate, stable;
  };
  const Row rows[] = {
      {0, 50, 0, 0, 0},  {0, 100, 1, 0, 0}, {1, 0, 0, 0, 1},    {1, 1, 0, 0, 1},     {1, 0, 1, 0, 1},
      {1, 1, 1, 1, 1},   {1, 99, 1, 1, 1},  {1, 100, 1, 1, 0},  {2, 1, 1, 1, 2},     {2, 50, 1, 1, 1},
      {2, 99, 1, 2, 1},  {3, 10, 0, 1, 2},  {3, 25, 1, 1, 3},   {3, 33, 1, 1, 2},    {3, 34, 1, 1, 2},
      {3, 49, 1, 2, 2},  {10, 16, 0, 2, 8}, {10, 99, 0, 9, 1},  {10, 100, 1, 10, 0}, {10, 1, 1, 1, 10},
      {10, 24, 1, 3, 8}, {10, 25, 1, 3, 8}, {10, 99, 1, 10, 1},
  };
  for (const Row& row : rows) {
    CAPTURE(row.replicas, row.percent, row.surge);
    const Pods pods = NearestPods(Number::Ratio(row.percent, 100), {row.replicas, row.surge, 0});
    CHECK(pods.candidate == row.candidate);
    CHECK(pods.stable == row.stable);
  }
}

TEST_CASE("targets under limits are those that a step by step reconcile ends at") {
  // Rows of one reconcile step under limits, by where repeating the step ends: the steps themselves are the
  // reconciler's. Differs from Argo on purpose: with surge 1 and 5% of 10 pods Argo's first step frees a pod
  // before it knows that the candidate can be scheduled; here only the end is fixed, and min_ready guards the way.
  struct Row {
    int replicas, percent, surge, candidate, stable;
  };
  const Row rows[] = {{10, 20, 2, 2, 8}, {10, 30, 2, 3, 7}, {10, 30, 0, 3, 7},   {10, 0, 1, 0, 10},
                      {1, 20, 1, 1, 1},  {1, 90, 1, 1, 1},  {10, 100, 1, 10, 0}, {10, 10, 0, 1, 9},
                      {4, 0, 1, 0, 4},   {4, 100, 3, 4, 0}, {10, 5, 0, 1, 9},    {3, 99, 0, 2, 1}};
  for (const Row& row : rows) {
    CAPTURE(row.replicas, row.percent, row.surge);
    const Pods pods = NearestPods(Number::Ratio(row.percent, 100), {row.replicas, row.surge, 0});
    CHECK(pods.candidate == row.candidate);
    CHECK(pods.stable == row.stable);
  }
}

TEST_CASE("with a router the candidate gets its share rounded up") {
  const std::pair<int, int> rows[] = {{0, 0}, {20, 2}, {25, 3}, {33, 4}, {99, 10}, {100, 10}, {1, 1}};
  for (const auto& [percent, pods] : rows) {
    CAPTURE(percent);
    CHECK(PodsOf(Number::Ratio(percent, 100), 10) == pods);
  }
  CHECK(PodsOf(Number::Ratio(100'000'000, 100'000'000), 23) == 23);
  CHECK(PodsOf(Number(2), 4) == 8);
}

TEST_CASE("need counts the pods that may be missing as missing") {
  CHECK(Need(Number::Ratio(1, 2), {10, 0, 2}) == 4);
  CHECK(Need(Number::Ratio(1, 1000), {10, 0, 0}) == 1);
  CHECK(Need(Number(0), {10, 0, 0}) == 0);
  CHECK(Need(Number(1), {1, 0, 1}) == 1);  // never nothing for a share
  CHECK(Need(Number(1), {0, 0, 1}) == 0);
}

TEST_CASE("no role is left without pods but at the ends") {
  for (int replicas = 2; replicas <= 60; ++replicas) {
    for (int surge = 0; surge <= 2; ++surge) {
      for (int percent = 0; percent <= 100; ++percent) {
        const Number share = Number::Ratio(percent, 100);
        const Pods pods = NearestPods(share, {replicas, surge, 0});
        const int total = pods.stable + pods.candidate;
        CAPTURE(replicas, surge, percent);
        REQUIRE((total == replicas || (surge > 0 && total == replicas + 1)));
        REQUIRE((percent == 0) == (pods.candidate == 0));
        REQUIRE((percent == 100) == (pods.stable == 0));
      }
    }
  }
}

}  // namespace
}  // namespace sluice::graph
