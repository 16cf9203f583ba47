// Values as JSON text, in two forms: as data that other programs read, and exactly.
//
// The exact form keeps the kind of every value. What JSON says by itself stays itself (null, booleans,
// text, lists); numbers are text in a one-element form, so that no reader rounds them:
//   {"n":"1/3"} number · {"%":"0.05"} percent · {"d":"90000"} duration · {"b":"268435456"} bytes ·
//   {"t":1790000000000} date · {"s":["checkout-db","password"]} secret · {"m":["key",value,…]} map.
// Whole numbers that a double holds stand as JSON numbers.
#pragma once

#include <string>
#include <string_view>

#include "compiler/base/result.h"
#include "compiler/graph/value.h"

namespace sluice::graph {

// Appends JSON text to `out`: the string with its quotes.
void AppendJsonString(std::string& out, std::string_view text);
// Appends plain data, as EncodeValue writes it.
void AppendValue(std::string& out, const Value& value);
// Appends the exact form. Requires plain data and secrets: no residual, no handle (both become null).
void AppendExactValue(std::string& out, const Value& value);
// Reads the exact form from parsed JSON (a Value as DecodeValue gives it).
Result<Value> ExactValue(const Value& json);

}  // namespace sluice::graph
