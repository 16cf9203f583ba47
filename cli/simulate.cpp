// `sluice simulate`: what a rollout will do, told as a timeline.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "cli/commands.h"
#include "cli/plan_set.h"
#include "cli/program.h"
#include "compiler/base/text.h"
#include "reconciler/simulate/drawing.h"
#include "reconciler/simulate/estimate.h"
#include "reconciler/simulate/play.h"

namespace sluice::cli {
namespace {

enum class Drawing { kText, kJson, kSvg };

struct Options {
  std::string path;
  std::string rollout;
  std::vector<std::string> clauses;  // of the scenario
  std::string test;                  // whose scenario; ""
  std::string error_rate = "5%";
  std::uint64_t seed = 1;
  Drawing drawing = Drawing::kText;
};

constexpr const char* kScenarioFile = "scenario-of-the-command-line.plan";

// The plan set with one more file, in which the scenario of the command line stands as a test's: beside the rollout
// that it is about.
class WithScenario : public source::FileTree {
 public:
  WithScenario(const source::FileTree& tree, const std::string& plan, std::string text)
      : tree_(tree), path_(plan.substr(0, plan.rfind('/') + 1) + kScenarioFile), text_(std::move(text)) {}

  const std::string& path() const { return path_; }

  Result<std::vector<source::Entry>> List() const override {
    Result<std::vector<source::Entry>> entries = tree_.List();
    if (!entries.ok()) return entries;
    source::Entry entry;
    entry.path = path_;
    entry.kind = source::EntryKind::kFile;
    const auto at = std::lower_bound(entries->begin(), entries->end(), entry,
                                     [](const auto& a, const auto& b) { return a.path < b.path; });
    entries->insert(at, std::move(entry));
    return entries;
  }
  Result<std::string> Read(const std::string& path, std::size_t limit) const override {
    if (path == path_) return text_;
    return tree_.Read(path, limit);
  }

 private:
  const source::FileTree& tree_;
  const std::string path_;
  const std::string text_;
};

std::string ScenarioText(const Options& options) {
  std::string text = fmt::format("test \"scenario of the command line\" {{\n  simulate \"{}\" {{\n", options.rollout);
  for (const std::string& clause : options.clauses) text += fmt::format("    {}\n", clause);
  return text + "  }\n  expect elapsed >= 0s\n}\n";
}

// "5%", "0.1%"; nullopt for what is none.
std::optional<Number> ParseRate(const std::string& text) {
  if (text.size() < 2 || text.back() != '%') return std::nullopt;
  const std::optional<Number> percent = Number::Parse(text.substr(0, text.size() - 1));
  if (!percent || *percent < Number(0) || *percent > Number(100)) return std::nullopt;
  return *percent / Number(100);
}

// Of the test that is named, or of the command line.
const check::Scenario* ScenarioOf(const Compilation& compilation, const Options& options, const std::string& path) {
  for (const check::Test& test : compilation.plans.tests) {
    const bool own = compilation.sources.file(test.span.file).path() == path;
    if (options.test.empty() ? !own : test.name != options.test) continue;
    for (const check::Scenario& scenario : test.scenarios) {
      if (scenario.rollout == options.rollout) return &scenario;
    }
  }
  return nullptr;
}

std::string Cost(const simulate::Estimate& estimate) {
  const auto time = [](const std::optional<Duration>& duration) {
    return duration ? FormatDuration(std::chrono::round<std::chrono::seconds>(*duration)) : std::string("never");
  };
  return fmt::format(
      "\nwhat it costs\n"
      "  duration        {} at the least, {} as told here, {} at the worst\n"
      "  pods            {} at the peak, {} pod-hours\n"
      "  a bad build     at {} of errors: {} of its requests failed, {} of {} users met it, caught after {}\n"
      "  API writes      {}\n",
      time(estimate.least), time(estimate.expected), time(estimate.worst), estimate.peak_pods,
      estimate.pod_hours.ToRoundedString(2), estimate.error_rate.ToPercent(), estimate.bad_requests,
      estimate.exposed_requests, estimate.requests, time(estimate.caught_after), estimate.writes);
}

int Simulate(const Options& options) {
  const std::optional<Number> error_rate = ParseRate(options.error_rate);
  if (!error_rate) {
    std::cerr << ProgramName() << ": `" << options.error_rate << "` is no error rate; write 5% or 0.1%\n";
    return kExitUsage;
  }
  spdlog::set_level(spdlog::level::off);
  const source::DiskTree disk(options.path);
  const Compilation& plain = CompileDirectory(options.path);
  if (const int status = ExitStatus(plain, false); status != kExitOk) {
    PrintDiagnostics(plain, options.path, Format::kText, std::cerr);
    std::cerr << Summary(plain) << "; nothing was simulated\n";
    return status;
  }
  const auto graph = std::find_if(plain.graphs.begin(), plain.graphs.end(),
                                  [&](const graph::Graph& each) { return each.rollout == options.rollout; });
  if (graph == plain.graphs.end()) return UnknownRollout(plain, options.rollout);
  const WithScenario tree(disk, graph->source, ScenarioText(options));
  const std::unique_ptr<Compilation> compilation = Compile(tree);
  if (const int status = ExitStatus(*compilation, false); status != kExitOk) {
    PrintDiagnostics(*compilation, options.path, Format::kText, std::cerr);
    std::cerr << Summary(*compilation) << "; nothing was simulated\n";
    return status;
  }
  const check::Scenario* found = ScenarioOf(*compilation, options, tree.path());
  if (found == nullptr) {
    std::cerr << fmt::format("{}: no test \"{}\" simulates rollout {}\n", ProgramName(), options.test, options.rollout);
    return kExitErrors;
  }
  check::Scenario scenario = *found;
  scenario.seed = options.seed;
  const simulate::Subjects subjects(tree, *compilation);
  const Result<simulate::Subject> subject = subjects.Of(scenario.rollout, scenario.namespace_);
  if (!subject.ok()) {
    std::cerr << ProgramName() << ": " << subject.error().message << "\n";
    return kExitErrors;
  }
  const simulate::Course course = simulate::Play(*subject, scenario);
  if (!course.trouble.empty()) {
    std::cerr << ProgramName() << ": " << course.trouble << "\n";
    return kExitErrors;
  }
  switch (options.drawing) {
    case Drawing::kJson:
      std::cout << simulate::CourseJson(course).dump(2) << "\n";
      break;
    case Drawing::kSvg:
      std::cout << simulate::DrawCourseSvg(course, "rollout " + options.rollout);
      break;
    case Drawing::kText:
      std::cout << simulate::DrawCourse(course);
      std::cout << fmt::format("\n{}: {}{}{}\n", options.rollout, course.outcome, course.reason.empty() ? "" : ", ",
                               course.reason);
      std::cout << Cost(simulate::EstimateOf(*subject, scenario, course, *error_rate));
      break;
  }
  return kExitOk;
}

}  // namespace

void AddSimulate(CLI::App& app, Run& run) {
  const std::map<std::string, Drawing> drawings = {
      {"text", Drawing::kText}, {"json", Drawing::kJson}, {"svg", Drawing::kSvg}};
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("simulate", "tell what a rollout will do, as a timeline");
  command->add_option("PATH", options->path, "the plan set's root directory")->required();
  command->add_option("ROLLOUT", options->rollout, "the rollout's name")->required();
  command
      ->add_option("--scenario", options->clauses,
                   "a clause of the scenario, as in a test: 'candidate error-rate 8% from 5m'; as often as needed")
      ->option_text("CLAUSE");
  command->add_option("--test", options->test, "the scenario of this test instead")->option_text("NAME");
  command->add_option("--error-rate", options->error_rate, "of the bad build whose cost is told; 5% unless said")
      ->option_text("PERCENT");
  command->add_option("--seed", options->seed, "what decides the delays of the cluster; 1 unless said")
      ->option_text("N");
  command->add_option("--format", options->drawing, "text, json or svg")
      ->transform(CLI::CheckedTransformer(drawings).description(""))
      ->option_text("FORMAT");
  command->callback([options, &run] { run = [options] { return Simulate(*options); }; });
}

}  // namespace sluice::cli
