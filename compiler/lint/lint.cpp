#include "compiler/lint/lint.h"

#include <algorithm>
#include <string>
#include <tuple>

namespace sluice::lint {
namespace {

using NameOf = std::tuple<const std::string&, const std::string&>;

// The order that graphs have; a rollout with a service stands where its graph would.
struct ByName {
  static NameOf Name(const graph::Graph& graph) { return {graph.rollout, graph.rollout_namespace}; }
  static NameOf Name(const check::Rollout& rollout) { return {rollout.name, rollout.service->namespace_}; }
  template <typename A, typename B>
  bool operator()(const A& a, const B& b) const {
    return Name(a) < Name(b);
  }
};

}  // namespace

void Lint(const check::CheckedPlanSet& plans, const std::vector<graph::Graph>& graphs, const source::SourceSet&,
          diagnostics::Emitter& emitter) {
  for (const auto& rollout : plans.rollouts) {
    if (!rollout->incomplete) {
      LintWeights(*rollout, emitter);
      LintGates(*rollout, emitter);
    }
    if (rollout->service == nullptr) {
      continue;
    }
    const auto [begin, end] = std::equal_range(graphs.begin(), graphs.end(), *rollout, ByName());
    for (auto graph = begin; graph != end; ++graph) {
      LintPods(*rollout, *graph, emitter);
    }
  }
}

}  // namespace sluice::lint
