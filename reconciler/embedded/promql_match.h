// Operators between PromQL values.
#pragma once

#include <optional>

#include "reconciler/embedded/promql_eval.h"

namespace sluice::embedded::promql {

// The operator's value; for a comparison nothing where it doesn't hold and the left value (1 or 0 with `bool`)
// where it does.
std::optional<double> Operate(const std::string& op, bool return_bool, double left, double right);

// and, or, unless.
Vector CombineSets(const Expression& both, const Vector& left, const Vector& right);
// Arithmetic and comparison; kInvalid for many-to-many matches.
Result<Vector> CombineVectors(const Expression& both, const Vector& left, const Vector& right);
Vector CombineWithScalar(const Expression& both, const Vector& vector, double scalar, bool scalar_left);

// sum by (…) and its like. `parameter` of topk, bottomk, quantile.
Vector Aggregated(const Expression& aggregate, const Vector& vector, double parameter);

}  // namespace sluice::embedded::promql
