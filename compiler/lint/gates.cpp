#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "compiler/lint/lint.h"

namespace sluice::lint {
namespace {

void CollectLonger(const check::GateExpression& gate, Duration hold, std::vector<const check::GateInstance*>& out) {
  for (const check::GatePtr& child : gate.children) {
    CollectLonger(*child, hold, out);
  }
  if (gate.instance && gate.instance->gate.window > hold) {
    out.push_back(gate.instance.get());
  }
}

// One report a hold, however many of its gates look back further.
void CheckWindows(const check::Hold& hold, const check::Step& step, const check::Verb& verb,
                  diagnostics::Emitter& emitter) {
  std::vector<const check::GateInstance*> longer;
  CollectLonger(*hold.guard, hold.duration, longer);
  if (longer.empty()) {
    return;
  }
  const graph::Gate& first = longer.front()->gate;
  auto report = emitter.Report(diagnostics::kWindowLongerThanHold, verb.value_span,
                               fmt::format("step `{}` holds {}, its gate `{}` looks back over {}", step.name,
                                           FormatDuration(hold.duration), first.name, FormatDuration(first.window)));
  for (const check::GateInstance* instance : longer) {
    report.Label(instance->span, fmt::format("looks back over {}", FormatDuration(instance->gate.window)));
  }
  report.Note("a pass counts only when its whole window lies behind the shift: this hold lasts until then");
}

}  // namespace

void LintGates(const check::Rollout& rollout, diagnostics::Emitter& emitter) {
  // The repetitions of a step say the same at one line.
  std::set<std::pair<source::FileId, std::uint32_t>> seen;
  for (const check::Step& step : rollout.steps) {
    for (const check::Verb& verb : step.verbs) {
      const auto* hold = std::get_if<check::Hold>(&verb.verb);
      if (!step.left_out && hold != nullptr && hold->guard && seen.insert({verb.span.file, verb.span.begin}).second) {
        CheckWindows(*hold, step, verb, emitter);
      }
    }
  }
}

}  // namespace sluice::lint
