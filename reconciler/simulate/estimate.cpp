#include "reconciler/simulate/estimate.h"

#include <algorithm>
#include <utility>

#include "compiler/graph/validate.h"
#include "reconciler/simulate/play.h"

namespace sluice::simulate {
namespace {

// The same beginning with nothing but a build of that error rate, and people who approve at once.
check::Scenario Plain(const Subject& subject, const check::Scenario& scenario, Number error_rate) {
  check::Scenario plain = scenario;
  plain.circumstances.clear();
  for (const check::Circumstance& each : scenario.circumstances) {
    if (std::holds_alternative<check::Load>(each)) plain.circumstances.push_back(each);
  }
  check::ErrorRate errors;
  errors.rate = error_rate;
  plain.circumstances.emplace_back(errors);
  for (const graph::Node& node : subject.candidate.nodes) {
    const auto* pause = std::get_if<graph::PauseNode>(&node.does);
    if (pause == nullptr) continue;
    check::Person person;
    person.verb = "approve";
    person.step = node.step;
    person.since_asked = true;
    plain.circumstances.insert(plain.circumstances.end(), static_cast<std::size_t>(pause->quorum), person);
  }
  return plain;
}

// Every wait until its bound, one after the other; the deadline bounds all but approvals.
Duration Worst(const graph::Graph& graph) {
  Duration waits = graph::LongestPath(graph);
  Duration approvals{0};
  for (const graph::Node& node : graph.nodes) {
    const Duration bound = node.bound.value_or(Duration(0));
    if (std::holds_alternative<graph::PauseNode>(node.does)) approvals += bound;
    const bool moves =
        std::holds_alternative<graph::ScaleNode>(node.does) || std::holds_alternative<graph::TrafficNode>(node.does);
    if (moves) waits += bound;
  }
  return std::min(waits, graph.policies.deadline) + approvals;
}

}  // namespace

Estimate EstimateOf(const Subject& subject, const check::Scenario& scenario, const Course& course, Number error_rate) {
  Estimate estimate;
  estimate.expected = course.elapsed;
  estimate.peak_pods = course.peak_pods;
  estimate.pod_hours = course.pod_hours;
  estimate.writes = course.writes;
  const Course good = Play(subject, Plain(subject, scenario, Number()));
  if (good.outcome == "promoted") estimate.least = good.elapsed;
  estimate.worst = std::max({Worst(subject.candidate), good.elapsed, course.elapsed});
  const Course bad = Play(subject, Plain(subject, scenario, error_rate));
  estimate.error_rate = error_rate;
  if (bad.outcome != "promoted") estimate.caught_after = bad.elapsed;
  estimate.requests = bad.requests;
  estimate.exposed_requests = bad.candidate_requests;
  estimate.bad_requests = bad.bad_requests;
  return estimate;
}

}  // namespace sluice::simulate
