// What routers, gates and messages read about the revisions of a rollout: the roots `stable`, `candidate`
// and `split` as values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/graph/graph.h"
#include "compiler/graph/value.h"

namespace sluice::graph {

// The number of the service's first port, 0 without one.
std::int64_t FirstPort(const Graph& graph);

// Of a role in `settled`: its ready endpoints. Read by `endpoints(…)`; no name that a plan could write.
inline constexpr std::string_view kEndpointsField = "#endpoints";

// A role: { name, namespace, revision, image, version, service, address }.
Value RoleValue(const Graph& graph, const Workload& workload);

// A live revision that gets traffic, or may get it by a match.
struct Backend {
  std::string role;  // stable | candidate | leaving
  const Workload* workload = nullptr;
  Number weight;  // share of the traffic; those of a split sum to 1
};

// Root `split` (see Router). `backends` in the order stable, candidate, leaving; matches and mirror go to the
// one whose role is `candidate` and are left out without one.
Value SplitValue(const Graph& graph, const std::vector<Backend>& backends, const std::vector<Match>& matches,
                 const Number& mirror);

}  // namespace sluice::graph
