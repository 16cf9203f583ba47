// Looks at a text's bytes before anything recursive does.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "compiler/syntax/tokens.h"

namespace sluice::syntax {

// How deep strings may stand inside `${…}` of strings: each level is read once more.
inline constexpr int kMaxStringNesting = 32;

struct TooDeep {
  std::uint32_t at = 0;
  bool strings = false;  // it is the strings that nest; otherwise brackets
};

// Where brackets or strings nest deeper than the limits.
std::optional<TooDeep> FindTooDeep(std::string_view text);

// Sets the depth of every token: brackets around it, and operators, prefixes and calls that the tree nests
// without brackets. Gives the first token that is deeper than the limit, counted from `base`.
std::optional<std::size_t> MeasureDepth(Tokens& tokens, std::uint16_t base);

// The `}` that ends the interpolation whose content begins at `begin`; `end` if there is none before it.
std::uint32_t EndOfInterpolation(std::string_view text, std::uint32_t begin, std::uint32_t end);

}  // namespace sluice::syntax
