// The search through all that may happen, from few things to many.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "reconciler/verify/happening.h"
#include "reconciler/verify/subject.h"

namespace sluice::verify {

struct Limits {
  int things = 1;                              // that happen in one history, at the most
  std::uint64_t states = 20'000'000;           // that are kept
  std::size_t bytes = std::size_t{900} << 20;  // that they may take, about
  std::function<bool()> out_of_time = [] { return false; };
};

// How a rollout begins.
enum class Beginning : std::uint8_t { kFirstInstall, kUpdate };

// What leads to a state: each step, from the beginning on.
struct History {
  Beginning beginning = Beginning::kUpdate;
  std::vector<Happening> steps;  // kNothing: it goes on by itself
};

struct Flaw {
  std::string promise;  // that is broken, a sentence
  int things = 0;       // that happen in its history
  History history;
};

struct Finding {
  std::uint64_t states = 0;  // distinct ones
  std::uint64_t decisions = 0;
  int complete = -1;        // all histories with so many things in them were seen; -1: not even those of none
  std::string cut_short;    // why the next number was not; "" if the search came to its end
  std::vector<Flaw> flaws;  // of the fewest things; those that come first
};

// All histories of at most Limits::things happenings from both beginnings. Ends after the number of things at which it
// found a flaw. Deterministic but for `out_of_time`.
Finding Search(const Subject& subject, const Limits& limits);

// The state in which a history begins.
State StateAt(Beginning beginning, const Subject& subject);

}  // namespace sluice::verify
