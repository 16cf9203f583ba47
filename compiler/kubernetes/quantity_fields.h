// Which fields of an object are quantities, and how the API server writes them back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/graph/value.h"

namespace sluice::kubernetes {

// Whether a field of a pod template is a quantity: of resources' requests and limits, an emptyDir's sizeLimit. `path`:
// the keys above it, from the template's root; items of lists don't count.
bool IsQuantity(const std::vector<std::string>& path, std::string_view key);

// `object` with its quantities as the API server writes them back (of `1024Mi` it makes `1Gi`, of a metric's `1000m`
// `1`): another text would be drift for ever. `object`: a pod template, or an autoscaler's spec.
graph::Value WithCanonicalQuantities(const graph::Value& object);

}  // namespace sluice::kubernetes
