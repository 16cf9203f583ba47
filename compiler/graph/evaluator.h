// The evaluator behind Evaluate and Reduce. Private to this folder.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/graph/expression.h"
#include "compiler/graph/operations.h"

namespace sluice::graph {

// Evaluates expressions one after the other, sharing one budget. Not shared between threads.
class Evaluator {
 public:
  Evaluator(const FunctionTable& functions, const Roots& roots) : functions_(functions), roots_(roots) {}

  Evaluation Run(const Expression& expression);

 private:
  // False: `failure_` says why, and `out` is unspecified.
  bool Eval(const Expression& expression, Value& out);
  bool EvalNode(const Expression& expression, Value& out);
  bool EvalLogic(const Expression& expression, Value& out);
  bool EvalCoalesce(const Expression& expression, Value& out);
  bool EvalCall(const Expression& expression, Value& out);
  bool EvalBuiltin(const Expression& expression, Value& out);
  bool EvalList(const Expression& expression, Value& out);
  bool EvalMap(const Expression& expression, Value& out);
  bool EvalFor(const Expression& expression, Value& out);
  bool EvalQuantifier(const Expression& expression, Value& out);
  bool EvalInterpolation(const Expression& expression, Value& out);
  // A truth value, or an error.
  bool EvalCondition(const Expression& expression, bool& out);
  bool PutEntry(Map& map, const Value& key, Value value);
  // Calls `body` for each item with the variables bound, while it returns true. False if one failed.
  template <typename Body>
  bool ForEach(const Expression& expression, const Value& in, Body body);

  bool Take(Evaluation evaluation, Value& out);
  bool Fail(Evaluation failure);
  bool Spend(std::size_t steps);

  const FunctionTable& functions_;
  const Roots& roots_;
  std::vector<std::pair<std::string_view, Value>> locals_;
  std::size_t frame_ = 0;  // locals below belong to callers
  std::int64_t steps_ = 0;
  int depth_ = 0;
  Evaluation failure_;
};

}  // namespace sluice::graph
