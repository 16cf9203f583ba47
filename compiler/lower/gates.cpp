#include "compiler/lower/gates.h"

#include <algorithm>
#include <utility>

#include "compiler/graph/identity.h"

namespace sluice::lower {
namespace {

using graph::Disposition;

void Collect(const check::GateExpression& expression, std::vector<const check::GateInstance*>& out) {
  if (expression.kind == graph::GateTree::Kind::kGate) {
    if (expression.instance) {
      out.push_back(expression.instance.get());
    }
    return;
  }
  for (const check::GatePtr& child : expression.children) {
    Collect(*child, out);
  }
}

int Care(Disposition disposition) {
  switch (disposition) {
    case Disposition::kFail:
    case Disposition::kRollback:
      return 3;
    case Disposition::kHold:
      return 2;
    case Disposition::kContinue:
      return 1;
    case Disposition::kNext:
      return 0;
  }
  return 0;
}

}  // namespace

std::uint32_t GateCollector::IndexOf(const check::GateInstance& instance) {
  if (const auto seen = by_instance_.find(&instance); seen != by_instance_.end()) {
    return seen->second;
  }
  std::string key = graph::GateKey(instance.gate);
  const auto [found, inserted] = by_key_.try_emplace(key, static_cast<std::uint32_t>(gates_->size()));
  if (inserted) {
    gates_->push_back(instance.gate);
    gates_->back().key = std::move(key);
  }
  by_instance_.emplace(&instance, found->second);
  return found->second;
}

graph::GateTree GateCollector::Add(const check::GateExpression& expression) {
  graph::GateTree tree;
  tree.kind = expression.kind;
  if (expression.kind == graph::GateTree::Kind::kGate) {
    tree.gate = IndexOf(*expression.instance);
    return tree;
  }
  for (const check::GatePtr& child : expression.children) {
    tree.children.push_back(Add(*child));
  }
  return tree;
}

std::vector<const check::GateInstance*> Instances(const check::GateExpression& expression) {
  std::vector<const check::GateInstance*> result;
  Collect(expression, result);
  return result;
}

GateElse ElseOf(const check::GateExpression& expression) {
  GateElse result{Disposition::kContinue, Disposition::kContinue};
  bool any = false;
  for (const check::GateInstance* instance : Instances(expression)) {
    const graph::Gate& gate = instance->gate;
    if (!any || Care(gate.no_data_else) > Care(result.no_data)) {
      result.no_data = gate.no_data_else;
    }
    if (!any || Care(gate.error_else) > Care(result.error)) {
      result.error = gate.error_else;
    }
    any = true;
  }
  return any ? result : GateElse{};
}

Duration VerdictTime(const check::GateExpression& expression) {
  Duration longest{};
  for (const check::GateInstance* instance : Instances(expression)) {
    const graph::Gate& gate = instance->gate;
    const Duration samples = gate.every * (gate.fail_of + 1);
    longest = std::max(longest, gate.window + samples + std::max(gate.no_data_for, gate.error_for));
  }
  return longest;
}

}  // namespace sluice::lower
