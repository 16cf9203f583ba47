// Kubernetes objects of a plan set, and their YAML.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "compiler/check/checked_plan.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/graph.h"
#include "compiler/graph/value.h"

namespace sluice::manifest {

inline constexpr std::size_t kMaxObjects = 5'000;
inline constexpr std::size_t kMaxObjectBytes = 1024 * 1024;
inline constexpr std::size_t kMaxOutputBytes = 64 * 1024 * 1024;

// One object that the syncer applies or the executor will write.
struct Manifest {
  std::string api_version, kind, namespace_, name;
  graph::Value object;  // a map; keys in the customary order
  source::Span span;    // what it came from
  // Where its fields were written; what is not listed, with the nearest field above it.
  std::vector<check::FieldSpan> fields;
  bool keep = false;           // never pruned
  bool executor_only = false;  // a rollout's: written by the executor, shown by `compile`
};

// Reports what services' patches must not say. For a plan set with mistakes too: what they left out counts for nothing.
void CheckPatches(const check::CheckedPlanSet& plans, diagnostics::Emitter& emitter);

// Everything of the plan set: static objects, services without a rollout, and for each rollout what the
// executor comes to write once the revision is stable (Deployment, Services, the router's objects). Sorted by
// namespace, kind, name. Reports objects that two parts of the plan set write, and what is over a limit.
std::vector<Manifest> Manifests(const check::CheckedPlanSet& plans, const std::vector<graph::Graph>& graphs,
                                diagnostics::Emitter& emitter);

// "namespace_kind_name.yaml", lower case, safe as a file name; kinds outside of Kubernetes' groups "" and "apps"
// with their group: "shop_httproute.gateway.networking.k8s.io_shop.yaml". Different objects of one plan set get
// different names.
std::string FileName(const Manifest& manifest);

// Block style, keys in order, strings quoted where YAML (1.1, as Kubernetes reads it) would read something
// else; ends with a newline. A quantity's unit is dropped, as in graph::EncodeValue.
std::string ToYaml(const graph::Value& object);

}  // namespace sluice::manifest
