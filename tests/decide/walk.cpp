#include "tests/decide/walk.h"

#include <numeric>

#include <fmt/format.h>

#include "reconciler/decide/history.h"
#include "reconciler/decide/invariants.h"
#include "tests/decide/shrink.h"

namespace sluice::decide::test {
namespace {

constexpr Capacity kCapacities[] = {Capacity::kFull, Capacity::kShared, Capacity::kPods, Capacity::kSwitch};
constexpr int kDisturbances = 15;

void Heal(World& world) {
  world.job_acts.clear();
  world.behaviour.clear();
  world.error_rate = Number(0);
  world.answers = graph::Evaluation::Kind::kValue;
  world.route_stuck = false;
  world.gates_silent = false;
  world.notify_down = false;
  world.failures.clear();
  world.quota.reset();
}

// Only some of its disturbances, each at its time.
Walk With(const Walk& walk, const std::vector<std::size_t>& some) {
  Walk shorter{walk.seed, walk.first, {}};
  Duration wait{};
  std::size_t next = 0;
  for (std::size_t i = 0; i < walk.disturbances.size(); ++i) {
    wait += walk.disturbances[i].wait;
    if (next < some.size() && some[next] == i) {
      shorter.disturbances.push_back(walk.disturbances[i]);
      shorter.disturbances.back().wait = wait;
      wait = Duration{};
      ++next;
    }
  }
  return shorter;
}

// Which promise it is about, of a sentence like "00:01:02.3 I4: …".
std::string PromiseOf(const std::string& failed) {
  const std::size_t colon = failed.find(": ");
  return colon == std::string::npos || colon < 2 ? failed : failed.substr(colon - 2, 2);
}

std::string FailureOf(Story& story) {
  const auto broken = [&] { return story.broken.empty() ? std::string() : story.broken.front(); };
  if (!story.broken.empty()) {
    return broken();
  }
  const bool ends = story.RunToRest(hours(48));
  Heal(story.world);
  story.world.MoveTo(story.world.now() + seconds(2));
  const bool ends_healed = story.RunToRest(hours(48));
  if (!story.broken.empty()) {
    return broken();
  }
  if (!ends || !ends_healed) {
    return std::string(ends ? "in a world that is well again it" : "it") +
           " comes neither to rest nor to a named state";
  }
  return StatusSize(story.status) <= kStatusBytes ? "" : "the status is too large";
}

}  // namespace

Walk DrawWalk(unsigned seed) {
  Random random(seed);
  Walk walk;
  walk.seed = seed;
  const Capacity capacity = random.Of(kCapacities);
  walk.first = DrawPlan(random, capacity);
  Drawing drawing{random, walk.first};
  for (int i = 0; i < kDisturbances; ++i) {
    walk.disturbances.push_back(DrawDisturbance(drawing));
  }
  return walk;
}

WalkEnd Play(const Walk& walk, Marks& marks, bool quiet) {
  Story story(Build(walk.first, "a1"));
  story.quiet = quiet;
  story.witness = [&](const DecisionMade& moment) { marks.Note(moment); };
  marks.BeginWalk();
  for (const Disturbance& disturbance : walk.disturbances) {
    if (!story.broken.empty()) {
      break;
    }
    story.Run(disturbance.wait);
    Happen(disturbance, story);
  }
  WalkEnd end;
  end.failed = FailureOf(story);
  end.transcript = std::move(story.transcript);
  end.status = Dump(story.status);
  return end;
}

Walk Shrunk(const Walk& walk) {
  Marks scratch;
  const std::string failed = PromiseOf(Play(walk, scratch, true).failed);
  std::vector<std::size_t> all(walk.disturbances.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return With(walk, Shrunk(all, [&](const std::vector<std::size_t>& some) {
                return PromiseOf(Play(With(walk, some), scratch, true).failed) == failed;
              }));
}

std::string CodeOf(const Walk& walk) {
  std::string code = fmt::format("{}\nStory story(…);\n", CodeOf(walk.first, "a1"));
  for (const Disturbance& disturbance : walk.disturbances) {
    code += CodeOf(disturbance);
  }
  return code;
}

}  // namespace sluice::decide::test
