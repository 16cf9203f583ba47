// Finds what is essential of a list that makes something fail.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace sluice::decide::test {

// The fewest of `items`, in their order, with which `fails` is still true, as far as leaving out runs of half of them,
// a quarter and so on down to single ones finds it (Zeller and Hildebrandt: Simplifying and Isolating Failure-Inducing
// Input, 2002). `fails` must be true of all of them.
template <typename T, typename Fails>
std::vector<T> Shrunk(std::vector<T> items, const Fails& fails) {
  std::size_t size = std::max<std::size_t>(1, items.size() / 2);
  while (!items.empty()) {
    bool smaller = false;
    for (std::size_t at = 0; at < items.size();) {
      std::vector<T> rest = items;
      const auto from = rest.begin() + static_cast<std::ptrdiff_t>(at);
      rest.erase(from, from + static_cast<std::ptrdiff_t>(std::min(size, items.size() - at)));
      if (fails(rest)) {
        items = std::move(rest);
        smaller = true;
      } else {
        at += size;
      }
    }
    if (size == 1 && !smaller) {
      break;
    }
    size = std::max<std::size_t>(1, size / 2);
  }
  return items;
}

}  // namespace sluice::decide::test
