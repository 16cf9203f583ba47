// The revision of a pod template: what has to be equal for pods to be the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/number.h"
#include "compiler/graph/value.h"

namespace sluice::manifest {

// Whole hash with its algorithm: "r1:<64 hexadecimal digits>", a SHA-256 over the canonical text of the pod
// template: keys sorted, quantities of resources as exact numbers (`0.1` and `100m`, `1Gi` and `1024Mi` are
// equal), every field as it is, an absent field unlike an empty one. An algorithm is never changed, only
// followed by another. `content`: what the pods read besides, the data of their ConfigMaps; nothing of it is in the
// hash where there is none.
std::string RevisionDigest(const graph::Value& pod_template, const graph::Value& content = graph::Value());

// The first 8 hexadecimal digits of a digest: REV in NAME-REV.
std::string RevisionName(std::string_view digest);

// Whether a field of a pod template is a quantity: of resources' requests and limits, an emptyDir's sizeLimit. `path`:
// the keys above it, from the template's root; items of lists don't count.
bool IsQuantity(const std::vector<std::string>& path, std::string_view key);

// A Kubernetes quantity as a number: "100m" is 1/10, "1Gi" is 1073741824, "1e3" is 1000. Nothing if the
// text is no quantity. Source: k8s.io/apimachinery/pkg/api/resource, Quantity.
std::optional<Number> ParseQuantity(std::string_view text);

}  // namespace sluice::manifest
