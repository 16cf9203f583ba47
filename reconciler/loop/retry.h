// How long to wait before what failed is tried again.
#pragma once

#include <algorithm>

#include "compiler/base/time.h"

namespace sluice::loop {

// After so many failures in a row, from 1: a second, then twice as long each time, at most five minutes.
inline Duration RetryAfter(int failures) {
  constexpr Duration kFirst{1'000};
  constexpr Duration kMost{300'000};
  return std::min(kMost, kFirst * (1 << std::clamp(failures - 1, 0, 10)));
}

}  // namespace sluice::loop
