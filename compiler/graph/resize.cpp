#include "compiler/graph/resize.h"

#include <algorithm>
#include <variant>

#include "compiler/graph/capacity.h"

namespace sluice::graph {

Graph Resized(const Graph& graph, std::int32_t replicas) {
  Graph resized = graph;
  if (!graph.autoscaler) {
    return resized;
  }
  const Allowance allowance = AllowanceOf(graph.autoscaler->surge, graph.autoscaler->unavailable, replicas);
  const PodLimits limits{replicas, allowance.surge, allowance.unavailable};
  const bool by_pods = graph.router.shares_by_pods;
  resized.workload.replicas = replicas;
  resized.policies.surge = limits.surge;
  resized.policies.unavailable = limits.unavailable;
  Pods before{replicas, 0};
  for (Node& node : resized.nodes) {
    auto* scale = std::get_if<ScaleNode>(&node.does);
    if (scale == nullptr) {
      continue;
    }
    scale->pods = by_pods ? NearestPods(scale->share, limits)
                          : Pods{replicas, CandidatePods(scale->share, scale->least, replicas)};
    scale->min_ready = std::max(0, replicas - limits.unavailable);
    scale->max_pods = MostPods(before, scale->pods, limits, by_pods);
    scale->achieved = by_pods ? AchievedShare(scale->pods) : scale->share;
    before = scale->pods;
  }
  return resized;
}

}  // namespace sluice::graph
