// JSON pointers (RFC 6901): "/spec/rules/0/host".
#pragma once

#include <string>
#include <string_view>

#include "compiler/graph/value.h"

namespace sluice::graph {

// The pointer to `key` of the map that `pointer` leads to; "" leads to the whole.
std::string PointerTo(std::string_view pointer, std::string_view key);

// Whether there is what the pointer leads to. Elements of lists go by their index.
bool HasField(const Value& value, std::string_view pointer);

}  // namespace sluice::graph
