// What `sluice compile` writes, as texts by file name.
#pragma once

#include <map>
#include <string>

#include "compiler/compile.h"

namespace sluice::cli {

// "manifests/NAMESPACE_KIND_NAME.yaml", "graph.json", "sourcemap.json". The same plan set gives the same bytes.
using Outputs = std::map<std::string, std::string>;
Outputs MakeOutputs(const Compilation& compilation);

// graph.json: { schema, rollouts: [graph …] }; only `rollout` if it isn't empty.
std::string GraphJson(const Compilation& compilation, const std::string& rollout = "");

}  // namespace sluice::cli
