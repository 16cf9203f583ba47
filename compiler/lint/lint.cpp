#include "compiler/lint/lint.h"

namespace sluice::lint {

void Lint(const check::CheckedPlanSet& plans, const std::vector<graph::Graph>& graphs, const source::SourceSet&,
          diagnostics::Emitter& emitter) {
  for (const auto& rollout : plans.rollouts) {
    if (!rollout->incomplete) {
      LintWeights(*rollout, emitter);
      LintGates(*rollout, emitter);
    }
    for (const graph::Graph& graph : graphs) {
      if (graph.rollout == rollout->name && rollout->service != nullptr &&
          graph.rollout_namespace == rollout->service->namespace_) {
        LintPods(*rollout, graph, emitter);
      }
    }
  }
}

}  // namespace sluice::lint
