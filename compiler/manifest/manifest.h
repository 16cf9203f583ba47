// Kubernetes objects of a plan set, and their YAML.
#pragma once

#include <string>
#include <vector>

#include "compiler/check/checked_plan.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/graph.h"
#include "compiler/graph/value.h"

namespace sluice::manifest {

// One object that the syncer applies or the executor will write.
struct Manifest {
  std::string api_version, kind, namespace_, name;
  graph::Value object;          // a map; keys in the customary order
  source::Span span;            // what it came from
  bool keep = false;            // never pruned
  bool executor_only = false;   // a rollout's: written by the executor, shown by `compile`
};

// Everything of the plan set: static objects, services without a rollout, and for each rollout the
// objects of its revision. Sorted by namespace, kind, name.
std::vector<Manifest> Manifests(const check::CheckedPlanSet& plans, const std::vector<graph::Graph>& graphs,
                                diagnostics::Emitter& emitter);

// The Deployment, revision Service and revision digest of a service.
graph::Workload MakeWorkload(const check::Service& service, bool shares_by_pods);

// Service NAME; its selector has only the service label.
graph::Value MakeStableService(const check::Service& service);

// "namespace_kind_name.yaml", lower case, safe as a file name.
std::string FileName(const Manifest& manifest);

// Block style, keys in order, strings quoted where YAML would read something else; ends with a newline.
std::string ToYaml(const graph::Value& object);

}  // namespace sluice::manifest
