// How much of what is drawn by seeds a run looks at.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

namespace sluice::execute {

// `usual` of them, or as many as SLUICE_SEEDS says; a tenth of `usual` under the address sanitizer, which looks at
// memory.
inline int Seeds(int usual) {
  if (const char* text = std::getenv("SLUICE_SEEDS")) return std::max(1, std::atoi(text));
#ifdef __SANITIZE_ADDRESS__
  return std::max(1, usual / 10);
#else
  return usual;
#endif
}

// Draws that are the same wherever they are drawn.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t Below(std::uint64_t n) { return engine_() % n; }
  // Both ends belong to it.
  std::int64_t Between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(Below(static_cast<std::uint64_t>(most - least + 1)));
  }
  bool OneIn(std::uint64_t n) { return Below(n) == 0; }
  template <typename T>
  const T& Of(const std::vector<T>& items) {
    return items[Below(items.size())];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace sluice::execute
