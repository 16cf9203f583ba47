// One state of an exploration: what is durable, the world around it, and what tells it from others.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "reconciler/decide/decide.h"
#include "reconciler/verify/world.h"

namespace sluice::verify {

struct State {
  decide::Status status;
  World world;
  // Decided, and nothing more came of it at this moment; and when to decide again.
  bool decided = false;
  std::optional<TimePoint> wake;
  bool late = false;     // the rollout's deadline was let pass
  bool crashed = false;  // an executor died on the way here
  int rounds = 0;        // decisions at this moment that changed something
};

using Key = std::array<std::uint64_t, 2>;

// Equal for states that differ in nothing that decides what comes next: names of versions, numbers of runs, texts and
// times that are long over are left out; times are told as distances from now.
Key KeyOf(const State& state);
// Of bounds that lie further ahead than this, KeyOf says no more than that.
Duration FarOf(const State& state);
// The first of them; none if there is none.
std::optional<TimePoint> NextFar(const State& state);
// The same without any time and sample: what a person would call another situation.
Key SituationOf(const State& state);

}  // namespace sluice::verify
