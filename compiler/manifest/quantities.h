// Kubernetes quantities in what a plan patches: which fields are some, what they say, how the API server writes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/number.h"
#include "compiler/graph/value.h"

namespace sluice::manifest {

// Whether a field of a pod template is a quantity: of resources' requests and limits, an emptyDir's sizeLimit. `path`:
// the keys above it, from the template's root; items of lists don't count.
bool IsQuantity(const std::vector<std::string>& path, std::string_view key);

// A Kubernetes quantity as a number: "100m" is 1/10, "1Gi" is 1073741824, "1e3" is 1000. Nothing if the
// text is no quantity. Source: k8s.io/apimachinery/pkg/api/resource, Quantity.
std::optional<Number> ParseQuantity(std::string_view text);

// `object` with its quantities as the API server writes them back (of `1024Mi` it makes `1Gi`, of a metric's `1000m`
// `1`): another text would be drift for ever. `object`: a pod template, or an autoscaler's spec.
graph::Value WithCanonicalQuantities(const graph::Value& object);

}  // namespace sluice::manifest
