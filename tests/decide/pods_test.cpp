// The arithmetic of one step: the rows of Argo Rollouts' basic canary under limits
// (CalculateReplicaCountsForBasicCanary and its tests), targets given.
#include "reconciler/decide/pods.h"

#include <catch2/catch.hpp>

namespace sluice::decide {

TEST_CASE("one step under limits follows the table") {
  struct Row {
    const char* name;
    std::int32_t replicas, surge, unavailable;
    std::vector<PodsRole> roles;  // stable, candidate, older: now, ready, target
    std::vector<std::int32_t> next;
  };
  const Row rows[] = {
      {"10, 20%, surge 2", 10, 2, 0, {{10, 10, 8}, {0, 0, 2}}, {10, 2}},
      {"10, 30%, surge 2", 10, 2, 0, {{10, 10, 7}, {0, 0, 3}}, {10, 2}},
      {"10, 30%, unavailable 2", 10, 0, 2, {{10, 10, 7}, {0, 0, 3}}, {8, 0}},
      {"10, 0%", 10, 1, 1, {{10, 10, 10}, {1, 1, 0}}, {10, 0}},
      {"1, 20% and 1, 90%", 1, 1, 0, {{1, 1, 1}, {0, 0, 1}}, {1, 1}},
      {"1, 51%, unavailable 1", 1, 0, 1, {{1, 1, 0}, {0, 0, 1}}, {0, 0}},
      {"an older revision still there", 10, 1, 0, {{1, 1, 7}, {0, 0, 3}, {3, 3, 0}}, {7, 1, 3}},
      {"10, 5%, unavailable 1", 10, 0, 1, {{10, 10, 9}, {0, 0, 1}}, {9, 0}},
      // Neither surge nor unavailable, in pods or in percent: the compiler makes that unavailable 1, as Argo does.
      {"10, 10%, neither", 10, 0, 1, {{10, 10, 9}, {0, 0, 1}}, {9, 0}},
      {"3, 99%, unavailable 2", 3, 0, 2, {{3, 3, 1}, {0, 0, 2}}, {1, 0}},
      {"4, back with no stable", 4, 1, 0, {{0, 0, 4}, {4, 4, 0}}, {1, 4}},
      {"4, back with one stable", 4, 1, 0, {{1, 1, 4}, {4, 4, 0}}, {1, 3}},
      {"4, all at once, surge 3", 4, 3, 0, {{4, 4, 4}, {0, 0, 4}}, {4, 3}},
      // Argo takes the candidate back to 9 for being over the limit; here the growing side keeps what it has.
      {"10, 100%, mostly unready stable", 10, 1, 0, {{10, 2, 0}, {10, 8, 10}}, {2, 10}},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(NextPods(row.roles, row.replicas - row.unavailable, row.replicas + row.surge, true) == row.next);
  }
}

TEST_CASE("below the minimum only unready pods go") {
  CHECK(NextPods({{10, 3, 0, 0}, {2, 2, 10, 0}}, 10, 12, true) == std::vector<std::int32_t>{3, 2});
}

TEST_CASE("stale counts allow growth and no shrink") {
  CHECK(NextPods({{10, 10, 5, 0}, {0, 0, 2, 0}}, 5, 12, false) == std::vector<std::int32_t>{10, 2});
}

TEST_CASE("a floor holds whatever the target says") {
  CHECK(NextPods({{10, 10, 0, 4}}, 0, {}, true) == std::vector<std::int32_t>{4});
}

}  // namespace sluice::decide
