// The revision of a pod template: what has to be equal for pods to be the same.
#pragma once

#include <string>
#include <string_view>

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

}  // namespace sluice::manifest
