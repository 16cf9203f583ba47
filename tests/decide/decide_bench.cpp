// How long one Decide takes in the middle of a canary: prints microseconds a call. Not a test.
#include <chrono>
#include <cstdio>

#include "tests/decide/story.h"

int main() {
  using namespace sluice::decide;
  using namespace sluice::decide::test;
  Plan plan;
  for (int share = 10; share <= 60; share += 10) {
    plan.Weight("ramp" + std::to_string(share), share).Hold("ramp" + std::to_string(share), minutes(5));
  }
  plan.Weight("full", 100);
  Story story = Story::Installed(Canary("a1"), plan.Build("b2"));
  story.RunUntilEntered("ramp40/hold");
  const Observed seen = story.world.Observe();
  constexpr int kCalls = 20'000;
  std::size_t actions = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kCalls; ++i) {
    actions += Decide(story.world.plan(), story.status, seen, story.world.now()).actions.size();
  }
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  std::printf("decide: %zu nodes, %.1f us a call (%zu actions)\n", story.world.plan().nodes.size(),
              took.count() / kCalls, actions);
}
