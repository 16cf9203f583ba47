// The one source of chance: seeded, the same numbers on every machine.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "reconciler/embedded/options.h"

namespace sluice::embedded {

// SplitMix64 (Steele, Lea, Flood 2014) over (text, seed): for what must not depend on the order of drawing.
std::uint64_t Mix(std::uint64_t seed, std::string_view text);

// Each part of the cluster has a stream of its own, so that one that draws more moves no other.
class Random {
 public:
  Random(std::uint64_t seed, std::string_view stream) : state_(Mix(seed, stream)) {}

  std::uint64_t Next();
  // Evenly in [0, n); n > 0.
  std::uint64_t Below(std::uint64_t n) { return Next() % n; }
  Duration Within(const Lag& lag);

  template <typename T>
  void Shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[Below(i)]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace sluice::embedded
