// JSON text to values: exact numbers, bounded depth. Private to this folder.
#pragma once

#include <string_view>

#include "compiler/base/result.h"
#include "compiler/graph/value.h"

namespace sluice::graph {

// Reads one JSON text (RFC 8259). Numbers get no unit and are rounded to 18 significant digits; of equal keys
// the last counts. kInvalid with the offset for anything else, for more than `max_depth` levels, for text
// that isn't UTF-8 and for numbers that don't fit.
Result<Value> ReadJson(std::string_view json, int max_depth);

}  // namespace sluice::graph
