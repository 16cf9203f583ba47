// Clusters to try, each with a namespace of its own.
#pragma once

#include <memory>
#include <string>

#include "reconciler/embedded/options.h"
#include "tests/cluster/conformance.h"

namespace sluice::cluster {

// A new embedded cluster, in virtual time.
std::unique_ptr<Fixture> OnEmbedded(const embedded::Options& options = {});
// A new namespace of a real one.
std::unique_ptr<Fixture> OnKubernetes(const std::string& kubeconfig);

}  // namespace sluice::cluster
