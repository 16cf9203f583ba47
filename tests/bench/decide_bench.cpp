// One decision of the core, in the states in which a rollout mostly is.
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>

#include <fmt/format.h>

#include "tests/bench/bench.h"
#include "tests/decide/story.h"

namespace sluice::bench {
namespace {

using decide::test::Canary;
using decide::test::Plan;
using decide::test::Story;

// Six steps of a move of pods, one of traffic and a guarded hold, then all of the traffic.
graph::Graph TwentyNodes(const std::string& revision) {
  Plan plan;
  for (int share = 10; share <= 60; share += 10) {
    const std::string step = fmt::format("ramp{}", share);
    plan.Weight(step, share).Hold(step, std::chrono::minutes(5));
  }
  plan.Weight("full", 100);
  return plan.Build(revision);
}

Row Measure(const std::string& state, const Story& story, const Settings& settings) {
  const decide::Observed seen = story.world.Observe();
  const int calls = settings.once ? 100 : 2'000;
  const double milliseconds = MedianMilliseconds(
      [&] {
        for (int i = 0; i < calls; ++i) {
          decide::Decide(story.world.plan(), story.status, seen, story.world.now());
        }
      },
      settings.Runs(11));
  return {fmt::format("Decide, {} nodes, {}", story.world.plan().nodes.size(), state),
          Milliseconds(milliseconds / calls), "", "<= 20 us"};
}

Story Running(const std::string& node) {
  Story story = Story::Installed(Canary("a1"), TwentyNodes("b2"));
  story.quiet = true;
  if (!story.RunUntilEntered(node)) {
    std::cerr << "the benchmark's rollout does not come to " << node << "\n";
    std::exit(1);
  }
  return story;
}

}  // namespace

std::vector<Row> DecideBenchmarks(const Settings& settings) {
  Story settled = Running("ramp10/scale");
  settled.RunToRest();
  return {Measure("pods on their way", Running("ramp30/scale"), settings),
          Measure("in the middle of a hold", Running("ramp40/hold"), settings), Measure("settled", settled, settings)};
}

}  // namespace sluice::bench
