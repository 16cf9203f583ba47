// The steps of a rollout with their nodes: what is done, what is under way and until when, what comes.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "compiler/base/time.h"
#include "compiler/graph/graph.h"
#include "reconciler/decide/status.h"

namespace sluice::cli {

// The step of the node that is under way; "" if there is none.
std::string PresentStep(const graph::Graph& graph, const decide::Status& status);

// A line for each step and, below it, one for each of its nodes that tells a person something.
std::string RenderStepsText(const graph::Graph& graph, const decide::Status& status, TimePoint now);
nlohmann::ordered_json StepsJson(const graph::Graph& graph, const decide::Status& status);

}  // namespace sluice::cli
