// Chance from a seed: the same on every machine.
#pragma once

#include <cstddef>
#include <random>

namespace sluice::decide::test {

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  // 0 to n - 1.
  int Below(int n) { return static_cast<int>(engine_() % static_cast<unsigned>(n)); }
  bool OneIn(int n) { return Below(n) == 0; }
  template <typename T, std::size_t N>
  const T& Of(const T (&items)[N]) {
    return items[Below(static_cast<int>(N))];
  }

 private:
  std::mt19937 engine_;
};

}  // namespace sluice::decide::test
