#include <string>
#include <variant>

#include <fmt/format.h>

#include "compiler/lint/lint.h"

namespace sluice::lint {
namespace {

void CheckWindows(const check::GateExpression& gate, const check::Hold& hold, const check::Step& step,
                  const check::Verb& verb, diagnostics::Emitter& emitter) {
  for (const check::GatePtr& child : gate.children) {
    CheckWindows(*child, hold, step, verb, emitter);
  }
  if (!gate.instance || gate.instance->gate.window <= hold.duration) {
    return;
  }
  const graph::Gate& instance = gate.instance->gate;
  emitter
      .Report(diagnostics::kWindowLongerThanHold, verb.value_span,
              fmt::format("step `{}` holds {}, its gate `{}` looks back over {}", step.name,
                          FormatDuration(hold.duration), instance.name, FormatDuration(instance.window)))
      .Label(gate.instance->span, "the gate")
      .Note("a pass counts only when its whole window lies behind the shift: this hold lasts until then");
}

}  // namespace

void LintGates(const check::Rollout& rollout, diagnostics::Emitter& emitter) {
  for (const check::Step& step : rollout.steps) {
    for (const check::Verb& verb : step.verbs) {
      const auto* hold = std::get_if<check::Hold>(&verb.verb);
      if (!step.left_out && hold != nullptr && hold->guard) {
        CheckWindows(*hold->guard, *hold, step, verb, emitter);
      }
    }
  }
}

}  // namespace sluice::lint
