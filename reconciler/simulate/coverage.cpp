#include "reconciler/simulate/coverage.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "compiler/base/overloaded.h"
#include "reconciler/execute/status_codec.h"

namespace sluice::simulate {
namespace {

using graph::Outcome;

// What a wait of this kind can come to besides passing by.
std::vector<Outcome> OutcomesOf(const graph::Node& node) {
  return std::visit(Overloaded{
                        [](const graph::HoldNode& hold) {
                          return hold.guard ? std::vector<Outcome>{Outcome::kPass, Outcome::kFail, Outcome::kNoData,
                                                                   Outcome::kError}
                                            : std::vector<Outcome>{Outcome::kPass};
                        },
                        [](const graph::CheckNode&) {
                          return std::vector<Outcome>{Outcome::kPass, Outcome::kFail, Outcome::kNoData, Outcome::kError,
                                                      Outcome::kTimeout};
                        },
                        [](const graph::PauseNode&) {
                          return std::vector<Outcome>{Outcome::kPass, Outcome::kFail, Outcome::kTimeout};
                        },
                        [](const graph::RunNode&) {
                          return std::vector<Outcome>{Outcome::kPass, Outcome::kFail, Outcome::kTimeout};
                        },
                        [](const auto&) { return std::vector<Outcome>{}; },
                    },
                    node.does);
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
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const graph::Node& node = graph.nodes[i];
    if (!node.step.empty() && steps.insert(node.step).second) {
      const bool reached = any([&](const Course& course) { return course.entered.contains(node.step); });
      coverage.places.push_back({"step " + node.step, LineOf(graph, i), reached});
    }
    for (const Outcome outcome : OutcomesOf(node)) {
      const bool reached = any([&](const Course& course) { return course.outcomes.contains({node.path, outcome}); });
      coverage.places.push_back(
          {fmt::format("{}: {}", PathWithin(node.path), execute::OutcomeName(outcome)), LineOf(graph, i), reached});
    }
  }
  if (graph.watch) {
    const bool reached = any([](const Course& course) { return course.reason.starts_with("watch:"); });
    coverage.places.push_back({"watch: fail", {}, reached});
  }
  if (!graph.on_failure.empty()) {
    const graph::PlanLine line = graph.failure_spans.empty() ? graph::PlanLine{} : graph.failure_spans.front();
    const auto failed = [](const auto& each) { return each.second != Outcome::kPass; };
    const bool reached = any([&](const Course& course) {
      return course.outcome == "rolled-back" || std::any_of(course.outcomes.begin(), course.outcomes.end(), failed);
    });
    coverage.places.push_back({"on failure", line, reached});
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
      const std::string line = place.line.file.empty() ? "" : fmt::format("  {}:{}", place.line.file, place.line.line);
      text += fmt::format("  no test reaches  {:<40}{}\n", place.what, line);
    }
  }
  return text;
}

}  // namespace sluice::simulate
