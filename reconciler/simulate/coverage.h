// What of its rollouts a plan set's tests have seen.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "compiler/base/shared_list.h"
#include "compiler/graph/graph.h"
#include "reconciler/simulate/report.h"

namespace sluice::simulate {

// Something of a rollout that a test can reach: a step, an outcome of a wait, the verbs of `on failure`.
struct Place {
  std::string what;  // "step half", "half/check: no-data"
  graph::PlanLine line;
  bool reached = false;
};
struct RolloutCoverage {
  std::string rollout, namespace_;
  std::vector<Place> places;  // in the order of the graph

  std::size_t reached() const;
};

// One a graph, in their order. Outcomes are those that a node of its kind can come to.
std::vector<RolloutCoverage> CoverageOf(const SharedList<graph::Graph>& graphs, const std::vector<TestResult>& results);
// "coverage of checkout in shop: 7 of 12", and below it what no test reached, with plan lines.
std::string RenderCoverage(const std::vector<RolloutCoverage>& coverage);

}  // namespace sluice::simulate
