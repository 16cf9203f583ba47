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
  std::string namespace_;
  std::optional<std::uint64_t> seed;
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
      const bool of_namespace = options.namespace_.empty() || scenario.namespace_ == options.namespace_;
      if (scenario.rollout == options.rollout && of_namespace) return &scenario;
    }
  }
  return nullptr;
}

std::string Cost(const simulate::Estimate& estimate) {
  const std::string least = estimate.least ? simulate::Shown(*estimate.least) + " at the least, " : "";
  const std::string caught = estimate.caught_after ? "caught after " + simulate::Shown(*estimate.caught_after)
                                                   : "not caught: it becomes stable";
  return fmt::format(
      "\nwhat it costs\n"
      "  duration        {}{} as told here, {} at the worst\n"
      "  pods            {} at the peak, {} pod-hours\n"
      "  a bad build     at {} of errors: it answers {} of {} requests, {} of them with an error; {}\n"
      "  API writes      {}\n",
      least, simulate::Shown(estimate.expected), simulate::Shown(estimate.worst), estimate.peak_pods,
      estimate.pod_hours.ToRoundedString(2), estimate.error_rate.ToPercent(), estimate.exposed_requests,
      estimate.requests, estimate.bad_requests, caught, estimate.writes);
}

nlohmann::ordered_json CostJson(const simulate::Estimate& estimate) {
  nlohmann::ordered_json json = {{"expected_ms", estimate.expected.count()},
                                 {"worst_ms", estimate.worst.count()},
                                 {"peak_pods", estimate.peak_pods},
                                 {"pod_hours", std::stod(estimate.pod_hours.ToRoundedString(3))},
                                 {"writes", estimate.writes}};
  if (estimate.least) json["least_ms"] = estimate.least->count();
  json["bad_build"] = {{"error_rate", estimate.error_rate.ToPercent()},
                       {"requests", estimate.requests},
                       {"answered", estimate.exposed_requests},
                       {"with_error", estimate.bad_requests}};
  if (estimate.caught_after) json["bad_build"]["caught_after_ms"] = estimate.caught_after->count();
  return json;
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
  const auto meant = [&](const graph::Graph& each) {
    return each.rollout == options.rollout &&
           (options.namespace_.empty() || each.rollout_namespace == options.namespace_);
  };
  const auto graph = std::find_if(plain.graphs.begin(), plain.graphs.end(), meant);
  if (graph == plain.graphs.end()) return UnknownRollout(plain, options.rollout);
  if (std::count_if(plain.graphs.begin(), plain.graphs.end(), meant) > 1) {
    std::cerr << fmt::format("{}: there are several rollouts `{}`; --namespace says which one\n", ProgramName(),
                             options.rollout);
    return kExitUsage;
  }
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
  if (options.seed) scenario.seed = *options.seed;
  const simulate::Subjects subjects(tree, *compilation);
  const Result<simulate::Subject> subject = subjects.Of(scenario.rollout, scenario.namespace_);
  if (!subject.ok()) {
    std::cerr << ProgramName() << ": " << subject.error().message << "\n";
    return kExitErrors;
  }
  const simulate::Course course = simulate::Play(*subject, scenario);
  if (!course.trouble.empty() || !course.broken.empty()) {
    std::cerr << ProgramName() << ": "
              << (course.trouble.empty() ? "Sluice broke a promise of its own: " + course.broken.front()
                                         : course.trouble)
              << "\n";
    return kExitErrors;
  }
  if (course.out_of_time) {
    std::cerr << fmt::format("{}: it is cut off {} after the commit; a clause `for 60d` lets it go on\n", ProgramName(),
                             FormatDuration(course.moments.back().at));
  }
  nlohmann::ordered_json json;
  switch (options.drawing) {
    case Drawing::kJson:
      json = simulate::CourseJson(course);
      json["cost"] = CostJson(simulate::EstimateOf(*subject, scenario, course, *error_rate));
      std::cout << json.dump(2) << "\n";
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
  command->add_option("--test", options->test, "the scenario of this test instead")
      ->option_text("NAME")
      ->excludes("--scenario");
  command->add_option("--namespace", options->namespace_, "the rollout's, where several have its name")
      ->option_text("NAME");
  command->add_option("--error-rate", options->error_rate, "of the bad build whose cost is told; 5% unless said")
      ->option_text("PERCENT");
  command->add_option("--seed", options->seed, "what decides the delays of the cluster; the scenario's, or 1")
      ->option_text("N");
  command->add_option("--format", options->drawing, "text, json or svg")
      ->transform(CLI::CheckedTransformer(drawings).description(""))
      ->option_text("FORMAT");
  command->callback([options, &run] { run = [options] { return Simulate(*options); }; });
}

}  // namespace sluice::cli
