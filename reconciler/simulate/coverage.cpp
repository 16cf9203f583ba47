#include "reconciler/simulate/coverage.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "compiler/base/overloaded.h"
#include "reconciler/execute/status_codec.h"

namespace sluice::simulate {
namespace {

using graph::Outcome;

// A rollout's deadline: no branch of the plan.
const Duration kUnlessSaid = graph::Policies().deadline;

// How long a gate's answers may be missing, or errors, before that is its verdict. An `and` comes to it with its first
// part, an `or` with its last.
Duration PatienceOf(const graph::Graph& graph, const graph::GateTree& tree, Outcome outcome) {
  if (tree.kind == graph::GateTree::Kind::kGate) {
    const graph::Gate& gate = graph.gates[tree.gate];
    return outcome == Outcome::kNoData ? gate.no_data_for : gate.error_for;
  }
  std::vector<Duration> parts;
  for (const graph::GateTree& part : tree.children) parts.push_back(PatienceOf(graph, part, outcome));
  const auto [least, most] = std::minmax_element(parts.begin(), parts.end());
  return parts.empty() ? Duration(0) : tree.kind == graph::GateTree::Kind::kOr ? *most : *least;
}

// What a wait for a gate can come to: a verdict that takes longer than the wait never comes.
std::vector<Outcome> OutcomesOf(const graph::Graph& graph, const graph::GateTree& gate, std::optional<Duration> bound) {
  std::vector<Outcome> outcomes = {Outcome::kPass, Outcome::kFail};
  for (const Outcome outcome : {Outcome::kNoData, Outcome::kError}) {
    if (!bound || PatienceOf(graph, gate, outcome) < *bound) outcomes.push_back(outcome);
  }
  if (bound) outcomes.push_back(Outcome::kTimeout);
  return outcomes;
}

// A Job whose attempts all end within its bound fails, and is never out of time.
std::vector<Outcome> OutcomesOf(const graph::RunNode& run, std::optional<Duration> bound) {
  std::vector<Outcome> outcomes = {Outcome::kPass, Outcome::kFail};
  const bool in_time = bound && run.timeout && *run.timeout * (run.retries + 1) < *bound;
  if (!in_time) outcomes.push_back(Outcome::kTimeout);
  return outcomes;
}

// What a wait of this kind can come to besides being passed by. `first`: nothing before it brings up pods; pods that
// don't become ready later on are those of the steps before as well, which fails the run before this wait is over.
std::vector<Outcome> OutcomesOf(const graph::Graph& graph, const graph::Node& node, bool first) {
  return std::visit(
      Overloaded{
          [&](const graph::ScaleNode& scale) {
            return first && scale.pods.candidate > 0 ? std::vector<Outcome>{Outcome::kTimeout} : std::vector<Outcome>{};
          },
          [&](const graph::HoldNode& hold) {
            return hold.guard ? OutcomesOf(graph, *hold.guard, node.bound) : std::vector<Outcome>{Outcome::kPass};
          },
          [&](const graph::CheckNode& check) { return OutcomesOf(graph, check.gate, node.bound); },
          [](const graph::PauseNode&) {
            return std::vector<Outcome>{Outcome::kPass, Outcome::kFail, Outcome::kTimeout};
          },
          [&](const graph::RunNode& run) { return OutcomesOf(run, node.bound); },
          [](const auto&) { return std::vector<Outcome>{}; },
      },
      node.does);
}

// Whether all gates of it go on where they come to that.
bool GoesOn(const graph::Graph& graph, const graph::GateTree& tree, Outcome outcome) {
  if (tree.kind == graph::GateTree::Kind::kGate) {
    const graph::Gate& gate = graph.gates[tree.gate];
    return (outcome == Outcome::kNoData ? gate.no_data_else : gate.error_else) == graph::Disposition::kContinue;
  }
  return std::all_of(tree.children.begin(), tree.children.end(),
                     [&](const graph::GateTree& part) { return GoesOn(graph, part, outcome); });
}

graph::PlanLine LineOf(const graph::Graph& graph, std::size_t node) {
  return node < graph.spans.size() ? graph.spans[node] : graph::PlanLine{};
}

// All courses of one rollout.
std::vector<const Course*> CoursesOf(const graph::Graph& graph, const std::vector<TestResult>& results) {
  std::vector<const Course*> courses;
  for (const TestResult& result : results) {
    for (std::size_t i = 0; i < result.courses.size(); ++i) {
      const check::Scenario& scenario = result.test->scenarios[i];
      if (scenario.rollout != graph.rollout) continue;
      if (!scenario.namespace_.empty() && scenario.namespace_ != graph.rollout_namespace) continue;
      courses.push_back(&result.courses[i]);
    }
  }
  return courses;
}

RolloutCoverage Of(const graph::Graph& graph, const std::vector<TestResult>& results) {
  const std::vector<const Course*> courses = CoursesOf(graph, results);
  const auto any = [&](const auto& reaches) {
    return std::any_of(courses.begin(), courses.end(), [&](const Course* course) { return reaches(*course); });
  };
  RolloutCoverage coverage{graph.rollout, graph.rollout_namespace, {}};
  std::set<std::string> steps;
  bool scaled = false;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const graph::Node& node = graph.nodes[i];
    if (!node.step.empty() && steps.insert(node.step).second) {
      const bool reached = any([&](const Course& course) { return course.walked.contains(node.step); });
      coverage.places.push_back({"step " + node.step, LineOf(graph, i), reached});
    }
    const bool first = std::holds_alternative<graph::ScaleNode>(node.does) && !std::exchange(scaled, true);
    for (const Outcome outcome : OutcomesOf(graph, node, first)) {
      const bool reached = any([&](const Course& course) { return course.outcomes.contains({node.path, outcome}); });
      coverage.places.push_back(
          {fmt::format("{}: {}", PathWithin(node.path), execute::OutcomeName(outcome)), LineOf(graph, i), reached});
    }
  }
  if (graph.watch) {
    for (const Outcome outcome : {Outcome::kFail, Outcome::kNoData, Outcome::kError}) {
      // What goes on all the same is no turn of the rollout.
      if (outcome != Outcome::kFail && GoesOn(graph, *graph.watch, outcome)) continue;
      const bool reached = any([&](const Course& course) { return course.outcomes.contains({"watch", outcome}); });
      coverage.places.push_back({fmt::format("watch: {}", execute::OutcomeName(outcome)), {}, reached});
    }
  }
  if (graph.policies.deadline < kUnlessSaid) {
    const bool reached = any([](const Course& course) { return course.past_deadline; });
    coverage.places.push_back({"deadline", {}, reached});
  }
  if (!graph.on_failure.empty() || graph.hold_on_failure) {
    const graph::PlanLine line = graph.failure_spans.empty() ? graph::PlanLine{} : graph.failure_spans.front();
    coverage.places.push_back({"on failure", line, any([](const Course& course) { return course.failed; })});
  }
  return coverage;
}

}  // namespace

std::size_t RolloutCoverage::reached() const {
  return static_cast<std::size_t>(
      std::count_if(places.begin(), places.end(), [](const Place& place) { return place.reached; }));
}

std::vector<RolloutCoverage> CoverageOf(const SharedList<graph::Graph>& graphs,
                                        const std::vector<TestResult>& results) {
  std::vector<RolloutCoverage> coverage;
  for (const graph::Graph& graph : graphs) coverage.push_back(Of(graph, results));
  return coverage;
}

std::string RenderCoverage(const std::vector<RolloutCoverage>& coverage) {
  std::string text;
  for (const RolloutCoverage& rollout : coverage) {
    text += fmt::format("coverage of {} in {}: {} of {}\n", rollout.rollout, rollout.namespace_, rollout.reached(),
                        rollout.places.size());
    for (const Place& place : rollout.places) {
      if (place.reached) continue;
      const std::string line = place.line.file.empty()
                                   ? place.what
                                   : fmt::format("{:<40}  {}:{}", place.what, place.line.file, place.line.line);
      text += fmt::format("  no test reaches  {}\n", line);
    }
  }
  return text;
}

}  // namespace sluice::simulate
