// The search through all that may happen, from few disturbances to many.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "reconciler/verify/disturbance.h"
#include "reconciler/verify/subject.h"

namespace sluice::verify {

struct Limits {
  int disturbances = 1;                        // that happen in one history at the most, a death of the executor aside
  std::uint64_t states = 20'000'000;           // that are kept
  std::size_t bytes = std::size_t{900} << 20;  // that they may take, about
  std::function<bool()> out_of_time = [] { return false; };
};

// How a rollout begins.
enum class Beginning : std::uint8_t { kFirstInstall, kUpdate };

// What leads to a state: each step, from the beginning on.
struct History {
  Beginning beginning = Beginning::kUpdate;
  std::vector<Disturbance> steps;  // kNothing: it goes on by itself
};

struct Flaw {
  std::string promise;   // that is broken, a sentence
  int disturbances = 0;  // that happen in its history, deaths of executors among them
  History history;
};

struct Finding {
  std::uint64_t states = 0;  // distinct ones
  std::uint64_t decisions = 0;
  int complete = -1;        // all histories with so many disturbances in them were seen; -1: not even those of none
  std::string cut_short;    // why the next number was not; "" if the search came to its end
  std::vector<Flaw> flaws;  // of the fewest disturbances; those that come first
};

// All histories of at most Limits::disturbances disturbances, in each of which the executor dies once besides or
// doesn't, from both beginnings. Ends after the number of disturbances at which it found a flaw. Deterministic but for
// `out_of_time`.
Finding Search(const Subject& subject, const Limits& limits);

// The state in which a history begins.
State StateAt(Beginning beginning, const Subject& subject);

}  // namespace sluice::verify
