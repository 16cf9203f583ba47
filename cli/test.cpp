// `sluice test`: carries out the tests of a plan set in virtual time.
#include <algorithm>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "cli/commands.h"
#include "cli/plan_set.h"
#include "cli/program.h"
#include "compiler/base/text.h"
#include "reconciler/simulate/coverage.h"
#include "reconciler/simulate/run_tests.h"

namespace sluice::cli {
namespace {

enum class Report { kText, kJson, kJunit };

struct Options {
  std::string path;
  std::string pattern;
  Report report = Report::kText;
  bool coverage = false;
};

// Part of a test's name, or a pattern of all of it.
bool IsWanted(const std::string& name, const std::string& pattern) {
  if (pattern.find_first_of("*?") != std::string::npos) return FitsPattern(name, pattern);
  return name.find(pattern) != std::string::npos;
}

int NothingToDo(const Compilation& compilation, const std::string& pattern) {
  if (pattern.empty()) {
    std::cerr << ProgramName() << ": the plan set has no tests; the language reference says how to write one\n";
    return kExitErrors;
  }
  std::vector<std::string> names;
  for (const check::Test& test : compilation.plans.tests) names.push_back(test.name);
  std::cerr << ProgramName() << ": no test is called like `" << pattern << "`";
  const std::vector<std::string> similar = SimilarNames(pattern, names);
  if (!similar.empty()) std::cerr << "; there is \"" << similar.front() << "\"";
  std::cerr << "\n";
  return kExitErrors;
}

int Test(const Options& options) {
  spdlog::set_level(spdlog::level::off);  // of the reconciler inside: what matters of it is in the timeline
  const source::DiskTree tree(options.path);
  const Compilation& compilation = CompileDirectory(options.path);
  if (const int status = ExitStatus(compilation, false); status != kExitOk) {
    PrintDiagnostics(compilation, options.path, Format::kText, std::cerr);
    std::cerr << Summary(compilation) << "; no test was carried out\n";
    return status;
  }
  const simulate::Places places{compilation.sources, PathPrefix(options.path)};
  const auto wanted = [&](const check::Test& test) { return IsWanted(test.name, options.pattern); };
  const auto show = [&](const simulate::TestResult& result) {
    if (options.report == Report::kText) std::cout << simulate::RenderText(result, places) << std::flush;
  };
  const std::vector<simulate::TestResult> results = simulate::RunTests(tree, compilation, wanted, show);
  if (results.empty()) return NothingToDo(compilation, options.pattern);
  if (options.report == Report::kJson) std::cout << simulate::RenderJson(results, places);
  if (options.report == Report::kJunit) std::cout << simulate::RenderJunit(results, places);
  if (options.coverage) {
    (options.report == Report::kText ? std::cout : std::cerr)
        << simulate::RenderCoverage(simulate::CoverageOf(compilation.graphs, results));
  }
  const auto failed = std::count_if(results.begin(), results.end(), [](const auto& each) { return !each.passed(); });
  if (options.report == Report::kText) {
    std::cout << fmt::format("{} passed, {} failed\n", results.size() - static_cast<std::size_t>(failed), failed);
  }
  return failed == 0 ? kExitOk : kExitErrors;
}

}  // namespace

void AddTest(CLI::App& app, Run& run) {
  const std::map<std::string, Report> reports = {
      {"text", Report::kText}, {"json", Report::kJson}, {"junit", Report::kJunit}};
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("test", "carry out a plan set's tests in virtual time");
  command->add_option("PATH", options->path, "the plan set's root directory")->required();
  command->add_option("PATTERN", options->pattern, "only tests with this in their name; * and ? stand for any");
  command->add_option("--format", options->report, "text, json (an object a line) or junit")
      ->transform(CLI::CheckedTransformer(reports).description(""))
      ->option_text("FORMAT");
  command->add_flag("--coverage", options->coverage, "name the steps and outcomes that no test reached");
  command->callback([options, &run] { run = [options] { return Test(*options); }; });
}

}  // namespace sluice::cli
