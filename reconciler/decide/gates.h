// Verdicts of gates from the samples that were taken, and which sample to take next.
#pragma once

#include <optional>
#include <string>

#include "compiler/graph/expression.h"
#include "reconciler/decide/context.h"

namespace sluice::decide {

// kOpen: nothing decided yet.
enum class Verdict : std::uint8_t { kOpen, kPass, kFail, kNoData, kError };

// What a verdict is about: samples of one entry of one node.
struct Look {
  std::string node;
  std::int32_t entry = 1;
  TimePoint since{};  // samples from before don't count
  bool once = false;  // one failing sample is a fail, whatever the gate says of how many
};

struct Judgement {
  Verdict verdict = Verdict::kOpen;
  std::string evidence;  // for people: "error-rate(max: 1%): value 8.1%"
  // What the gate itself says of missing data and errors, for the watch, which is no node with outcomes of its
  // own; kNext for pass and fail.
  graph::Disposition otherwise = graph::Disposition::kNext;
};

// Judges a combination of gates. A pass counts only if the sample was taken after `look.since` and its whole
// window lies after the traffic settled; a fail counts once the window lies after the candidate's first
// traffic; missing data and errors only once they have lasted as long as the gate says. Emits a MeasureGate
// for each gate whose next sample is due.
Judgement Judge(Context& context, const graph::GateTree& tree, const Look& look);

// Until when the first answers of gates may still come to this executor, for that entry of the node; in the past if
// each has answered. Of an executor that has just begun nothing is known yet, whatever the clock says.
TimePoint FirstAnswersBy(const Context& context, const graph::GateTree& tree, const std::string& node,
                         std::int32_t entry);

// The roots that messages and gates read: stable and candidate (where they live), step, reason, since, now.
graph::Roots RootsOf(const Context& context, const std::string& step, const std::string& reason);

}  // namespace sluice::decide
