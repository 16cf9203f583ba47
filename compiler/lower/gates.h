// The gates of one graph: each once, however often the plan uses it.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/check/checked_plan.h"
#include "compiler/graph/graph.h"

namespace sluice::lower {

// What the outcomes of a gate lead to where the clause that uses it says nothing.
struct GateElse {
  graph::Disposition no_data = graph::Disposition::kRollback;
  graph::Disposition error = graph::Disposition::kRollback;
};

class GateCollector {
 public:
  explicit GateCollector(std::vector<graph::Gate>& gates) : gates_(&gates) {}

  // The expression over indices into the gates; new gates are appended, equal ones found again.
  graph::GateTree Add(const check::GateExpression& expression);

 private:
  std::uint32_t IndexOf(const check::GateInstance& instance);

  std::vector<graph::Gate>* gates_;
  std::map<std::string, std::uint32_t> by_key_;
  // A key is a hash of the whole gate: found once for an instance, which lives longer than this.
  std::unordered_map<const check::GateInstance*, std::uint32_t> by_instance_;
};

// Every gate of an expression says itself what missing data and a failing provider lead to; of several the
// most careful counts: rollback or fail, then hold, then continue.
GateElse ElseOf(const check::GateExpression& expression);

// How long the gates of an expression may take to a verdict once traffic stands still: the longest window,
// the samples that a failure takes, and the longest time that missing data or errors are borne.
Duration VerdictTime(const check::GateExpression& expression);

// Every instance of an expression, from left to right.
std::vector<const check::GateInstance*> Instances(const check::GateExpression& expression);

}  // namespace sluice::lower
