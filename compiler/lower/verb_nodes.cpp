#include "compiler/lower/verb_nodes.h"

#include <optional>
#include <utility>

#include "compiler/manifest/job.h"

namespace sluice::lower {
namespace {

using graph::Disposition;
using graph::Node;
using graph::Outcome;

void SetOutcome(Node& node, Outcome outcome, Disposition disposition) {
  node.outcomes[static_cast<int>(outcome)] = disposition;
}

void FillElse(Node& node, const check::GateExpression* gate, const std::optional<Disposition>& otherwise) {
  const GateElse said = gate != nullptr ? ElseOf(*gate) : GateElse{};
  SetOutcome(node, Outcome::kNoData, otherwise.value_or(said.no_data));
  SetOutcome(node, Outcome::kError, otherwise.value_or(said.error));
  SetOutcome(node, Outcome::kTimeout, otherwise.value_or(Disposition::kRollback));
}

}  // namespace

void Fill(graph::Node& node, const check::Hold& hold, GateCollector& gates) {
  graph::HoldNode does{hold.duration, std::nullopt};
  if (hold.guard) {
    does.guard = gates.Add(*hold.guard);
    node.bound = hold.duration + VerdictTime(*hold.guard);
  }
  FillElse(node, hold.guard.get(), hold.otherwise);
  node.does = std::move(does);
}

void Fill(graph::Node& node, const check::Check& check, GateCollector& gates, Duration deadline) {
  node.does = graph::CheckNode{gates.Add(*check.gate)};
  node.bound = check.within.value_or(deadline);
  FillElse(node, check.gate.get(), check.otherwise);
}

void Fill(graph::Node& node, const check::Pause& pause, Duration deadline) {
  node.does = graph::PauseNode{pause.approver.value_or(""), pause.quorum};
  node.bound = pause.within.value_or(deadline);
  FillElse(node, nullptr, pause.otherwise);
}

void Fill(graph::Node& node, const check::Run& run, const graph::Graph& graph) {
  const std::string* image =
      run.job.image->operation == graph::Operation::kLiteral ? run.job.image->literal.as_string() : nullptr;
  node.does = graph::RunNode{manifest::MakeJob(run.job, graph.rollout, graph.rollout_namespace),
                             image == nullptr ? std::string() : *image, run.retries,
                             run.job.timeout ? std::optional(run.job.timeout->value) : std::nullopt};
  node.bound = run.within;
  FillElse(node, nullptr, run.otherwise);
}

// A notification never fails a rollout.
void Fill(graph::Node& node, const check::Notify& notify) {
  graph::NotifyNode does;
  if (notify.channel) {
    does.request = notify.channel->request;
    does.channel = notify.channel->name;
  }
  does.message = notify.message;
  node.does = std::move(does);
  for (Disposition& outcome : node.outcomes) {
    outcome = Disposition::kNext;
  }
}

}  // namespace sluice::lower
