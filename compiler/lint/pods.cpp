#include <string>
#include <variant>

#include <fmt/format.h>

#include "compiler/lint/lint.h"

namespace sluice::lint {
namespace {

// The verb of a step that sets its weight, or null.
const check::Verb* WeightOf(const check::Rollout& rollout, const std::string& step) {
  for (const check::Step& candidate : rollout.steps) {
    for (const check::Verb& verb : candidate.verbs) {
      if (candidate.name == step && std::holds_alternative<check::Weight>(verb.verb)) {
        return &verb;
      }
    }
  }
  return nullptr;
}

// Two weights that whole pods cannot tell apart.
void CheckSamePods(const check::Rollout& rollout, const graph::Graph& graph, diagnostics::Emitter& emitter) {
  const graph::ScaleNode* last = nullptr;
  const graph::Node* last_node = nullptr;
  for (const graph::Node& node : graph.nodes) {
    const auto* scale = std::get_if<graph::ScaleNode>(&node.does);
    if (scale == nullptr) {
      continue;
    }
    const check::Verb* verb = WeightOf(rollout, node.step);
    if (last != nullptr && verb != nullptr && last->pods == scale->pods && last->share != scale->share) {
      auto report =
          emitter.Report(diagnostics::kSamePods, verb->value_span,
                         fmt::format("steps `{}` and `{}` come to the same pods", last_node->step, node.step));
      report.Note(fmt::format("{} and {} of {} pods are both {} of the candidate and {} of stable",
                              last->share.ToPercent(), scale->share.ToPercent(), graph.workload.replicas,
                              scale->pods.candidate, scale->pods.stable));
      if (const check::Verb* other = WeightOf(rollout, last_node->step)) {
        report.Label(other->definition, "the other one");
      }
    }
    last = scale;
    last_node = &node;
  }
}

// All of the traffic switched at once to one pod: when it dies, nobody answers.
void CheckSinglePod(const check::Rollout& rollout, const graph::Graph& graph, diagnostics::Emitter& emitter) {
  if (graph.workload.replicas != 1 || graph.router.shares_by_pods || rollout.router->supports.weight_by != Number(1)) {
    return;
  }
  const source::Span replicas = rollout.service->replicas.span;
  emitter
      .Report(diagnostics::kSwitchOfSinglePod, replicas.known() ? replicas : rollout.service->span,
              fmt::format("router `{}` switches all traffic of `{}` to a single pod", graph.router.name, graph.service))
      .Label(rollout.span, "by this rollout")
      .Note("with one pod of each revision every restart of it is an outage: `replicas 2`");
}

// A pod that is replaced in its place, and is the only one.
void CheckOnlyPlace(const check::Rollout& rollout, const graph::Graph& graph, diagnostics::Emitter& emitter) {
  if (graph.workload.replicas != 1 || !graph.adopts || !graph.adopts->by_partition) {
    return;
  }
  emitter
      .Report(diagnostics::kSwitchOfSinglePod, rollout.service->replicas.span,
              fmt::format("the single pod of StatefulSet `{}` is replaced in its place", graph.adopts->deployment))
      .Label(rollout.span, "by this rollout")
      .Note("nobody answers from its end until the new one is ready: `replicas: 2`");
}

}  // namespace

void LintPods(const check::Rollout& rollout, const graph::Graph& graph, diagnostics::Emitter& emitter) {
  if (graph.router.shares_by_pods) {
    CheckSamePods(rollout, graph, emitter);
  }
  CheckSinglePod(rollout, graph, emitter);
  CheckOnlyPlace(rollout, graph, emitter);
}

}  // namespace sluice::lint
