// Numbers with units: `5%`, `1h30m`, `256Mi`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compiler/syntax/ast.h"

namespace sluice::syntax {

// What a token of this type says; nothing if it does not fit into an exact number.
std::optional<NumberLiteral> ParseNumber(int type, std::string_view text);

// What someone who wrote this most likely meant ("5min" → "5m"); empty if nothing is likely.
std::string LikelyNumber(std::string_view text);

}  // namespace sluice::syntax
