#include "tests/fault/script.h"

#include <algorithm>

#include <fmt/format.h>

#include "tests/fault/kinds.h"

namespace sluice::execute {
namespace {

constexpr std::int64_t kLength = 600'000;  // milliseconds, within which all begins

const HappeningKind& AnyOf(const std::vector<HappeningKind>& kinds, Dice& dice) {
  int all = 0;
  for (const HappeningKind& kind : kinds) all += kind.weight;
  auto at = static_cast<int>(dice.Below(static_cast<std::uint64_t>(all)));
  for (const HappeningKind& kind : kinds) {
    if ((at -= kind.weight) < 0) return kind;
  }
  return kinds.back();
}

}  // namespace

Script Drawn(std::uint64_t seed) {
  Dice dice(seed);
  Script script;
  script.seed = seed;
  script.shape = AnyShape(dice);
  script.shares = dice.OneIn(4);
  script.at_rest_first = !dice.OneIn(4);
  // Swarm testing (Groce and others, 2012): each walk knows only some kinds of faults, and meets those often.
  std::vector<HappeningKind> swarm;
  const auto kinds = dice.Between(0, 5);
  for (int i = 0; i < kinds; ++i) swarm.push_back(AnyOf(FaultKinds(), dice));
  const auto add = [&](const HappeningKind& kind) {
    Happening happening;
    happening.at = Duration(dice.Between(0, kLength));
    if (kind.lasts) happening.lasts = Duration(dice.Between(2'000, 90'000));
    happening.what = kind.name;
    happening.draw = dice.Below(1'000'000);
    script.happenings.push_back(std::move(happening));
  };
  const auto deeds = dice.Between(2, 10);
  for (int i = 0; i < deeds; ++i) add(AnyOf(Deeds(), dice));
  const auto faults = swarm.empty() ? 0 : dice.Between(1, 12);
  for (int i = 0; i < faults; ++i) add(dice.Of(swarm));
  std::stable_sort(script.happenings.begin(), script.happenings.end(),
                   [](const Happening& a, const Happening& b) { return a.at < b.at; });
  return script;
}

std::string Describe(const Script& script) {
  std::string text = fmt::format("seed {}, {}, {}\n{}", script.seed, script.shares ? "two processes" : "one process",
                                 script.at_rest_first ? "from rest" : "from nothing",
                                 FilesOf(script.shape, "good-1").at("checkout.plan"));
  for (const Happening& each : script.happenings) {
    text += fmt::format("  {:6.1f} s  {}", static_cast<double>(each.at.count()) / 1'000, each.what);
    if (each.lasts > Duration(0))
      text += fmt::format(", for {:.1f} s", static_cast<double>(each.lasts.count()) / 1'000);
    text += fmt::format("  ({})\n", each.draw);
  }
  return text;
}

}  // namespace sluice::execute
