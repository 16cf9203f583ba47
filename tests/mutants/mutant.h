// Chooses one known mistake of the many that are compiled in; see mutants.cmake.
#pragma once

#include <cstdlib>

namespace sluice {

// Whether the mistake of this number is the one that SLUICE_MUTANT names: read once; none if it isn't set.
inline bool Mutant(int number) {
  static const int chosen = [] {
    const char* text = std::getenv("SLUICE_MUTANT");
    return text == nullptr ? 0 : std::atoi(text);
  }();
  return number == chosen;
}

}  // namespace sluice
