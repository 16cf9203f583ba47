// RolloutBundle: an execution graph as an object. Made by the syncer (or by hand), accepted by the executor.
#pragma once

#include <memory>
#include <string>

#include "compiler/base/result.h"
#include "compiler/graph/graph.h"
#include "reconciler/cluster/json.h"

namespace sluice::execute {

// Half a MiB is what an object may reasonably weigh in etcd, with its managed fields.
inline constexpr std::size_t kMaxBundleBytes = 512 * 1024;

// "NAME-<first 12 digits of the digest>".
std::string BundleName(const std::string& rollout, const std::string& digest);

// The object, with labels for the rollout and the revision. kTooLarge over kMaxBundleBytes.
Result<cluster::Json> MakeBundle(const graph::Graph& graph, const std::string& digest);

// The graph of a bundle, if it may be executed in `namespace_` by the rollout `rollout`: the digest is that of
// the text and the one expected, the graph passes graph::Validate, and every object in it is of that
// namespace. kInvalid with the reason otherwise.
Result<std::shared_ptr<const graph::Graph>> AcceptBundle(const cluster::Json& object, const std::string& digest,
                                                         const std::string& namespace_, const std::string& rollout);

}  // namespace sluice::execute
