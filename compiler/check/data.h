// Values that are written out as Kubernetes objects.
#pragma once

#include <optional>
#include <string>

#include "compiler/check/checker.h"

namespace sluice::check {

// Reports what cannot be written out: a secret, a function, what is known only at run time. `what` has it: "object
// `web`". Gives where the value was written, the part that is wrong where there is one; nothing if it is no data at
// all.
std::optional<Span> CheckData(const graph::Value& value, const syntax::Expression& written, const std::string& what,
                              Checker& checker);

// Quantities as Kubernetes writes them ("256Mi", "25%", "1m30s"); a plan's numbers stay numbers. Fields that are none
// are left out.
graph::Value WithoutUnits(const graph::Value& value);

}  // namespace sluice::check
