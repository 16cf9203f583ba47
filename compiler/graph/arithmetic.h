// Arithmetic on numbers, exact where it fits.
//
// While compiling, a result that doesn't fit a Number is an error. At run time it is rounded to at most
// twelve digits after the point, by integer arithmetic only, so that every machine decides alike.
#pragma once

#include <cstdint>
#include <optional>

#include "compiler/base/number.h"

namespace sluice::graph {

enum class Arithmetic : std::uint8_t { kExact, kRounded };

// Each nullopt where the result is too large (or, kExact, too fine) for a Number, or is not defined.
std::optional<Number> Add(const Number& a, const Number& b, Arithmetic arithmetic);
std::optional<Number> Subtract(const Number& a, const Number& b, Arithmetic arithmetic);
std::optional<Number> Multiply(const Number& a, const Number& b, Arithmetic arithmetic);
std::optional<Number> Divide(const Number& a, const Number& b, Arithmetic arithmetic);  // b is not 0

// Fixed-point with 18 digits inside, the result rounded half away from zero to twelve digits (fewer where
// it is large). Ln and SquareRoot: nullopt below what they are defined for.
std::optional<Number> Ln(const Number& x);
std::optional<Number> Exp(const Number& x);
std::optional<Number> SquareRoot(const Number& x);

}  // namespace sluice::graph
