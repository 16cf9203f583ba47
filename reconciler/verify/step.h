// One step of an exploration: a decision and what it does to the world, or, where nothing is left to do, time.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/verify/disturbance.h"
#include "reconciler/verify/state.h"

namespace sluice::verify {

// The versions of a subject before anything is there, with that graph in git.
State Nothing(const Subject& subject, std::size_t git);

enum class Went : std::uint8_t {
  kOn,
  kToRest,  // nothing is under way, and nothing comes by itself
  kBroken,  // a promise
};

struct Step {
  Went went = Went::kOn;
  std::vector<std::string> broken;   // promises, each a sentence
  decide::Decision decision;         // what was decided
  bool moved = false;                // nothing was to do: time went on
  std::optional<State> before_move;  // where it `moved`
  std::optional<State> before_act;   // where something was decided
};

// Which states a step keeps for whoever goes another way from there.
struct Keep {
  bool moves = false, acts = false;
};

// What the executor decides in that state.
decide::Decision DecideIn(const State& state);
// Takes it.
Step TakeStep(State& state, const Subject& subject, const Keep& keep);

// The number of actions after which each of the decision's writes is done, in their order; 0 first.
std::vector<std::uint16_t> CrashPoints(const decide::Decision& decision);
// The executor dies as `disturbance` says, in the middle of what it decided in that state.
void Crash(State& state, const Subject& subject, const decide::Decision& decision, const Disturbance& disturbance);

}  // namespace sluice::verify
