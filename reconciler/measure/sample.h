// One sample of a gate: all its measures, taken now.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "compiler/graph/graph.h"
#include "reconciler/cluster/cluster.h"
#include "reconciler/decide/observed.h"
#include "reconciler/http/http.h"
#include "reconciler/loop/loop.h"

namespace sluice::measure {

struct SampleRequest {
  std::shared_ptr<const graph::Graph> graph;
  std::uint32_t gate = 0;                    // index into its gates
  graph::Roots roots;                        // stable, candidate, step, since; `now` is added
  std::string namespace_;                    // the rollout's: its Secrets are read there
  std::map<std::string, graph::Value> kept;  // the gate's states as the last sample left them
  std::int64_t sequence = 0;
  std::shared_ptr<const bool> alive;  // null, or who asked: once false, nothing more is done or answered
};

// Takes the sample: a request a measure, in their order; the first that is no value ends it. Answers exactly
// once, on the loop, never from within the call.
//
// No data: what the provider calls so; number(none), NaN. Error: no answer, a status other than 2xx, an answer
// over 1 MiB, deeper than 64 levels or not JSON (unless the provider reads text), a Secret that isn't there,
// what the provider calls so. Values are those of the measures ("" as "value") and of the kept states.
void TakeSample(cluster::Cluster& cluster, http::Http& http, loop::Loop& loop, SampleRequest request,
                std::function<void(decide::Sample)> done);

}  // namespace sluice::measure
