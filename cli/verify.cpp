// `sluice verify`: all that may come of a rollout, explored.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/plan_set.h"
#include "cli/program.h"
#include "reconciler/simulate/subject.h"
#include "reconciler/verify/account.h"
#include "reconciler/verify/search.h"

namespace sluice::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

struct Options {
  std::string path;
  std::string rollout;  // "": all of them
  std::string namespace_;
  int disturbances = 1;
  int seconds = 300;
  std::size_t memory = 1024;  // MiB
  Format format = Format::kText;
};

struct Result {
  std::string rollout;
  std::string refused;  // why it can't be explored; ""
  verify::Subject subject;
  verify::Finding finding;
  double seconds = 0;
};

Result Verify(const simulate::Subjects& subjects, const graph::Graph& graph, const Options& options) {
  Result result;
  result.rollout = graph.rollout;
  sluice::Result<simulate::Subject> versions = subjects.Of(graph.rollout, graph.rollout_namespace);
  if (!versions.ok()) {
    result.refused = versions.error().message;
    return result;
  }
  sluice::Result<verify::Subject> subject =
      verify::MakeSubject(std::move(versions->before), std::move(versions->candidate), std::move(versions->next));
  if (!subject.ok()) {
    result.refused = subject.error().message;
    return result;
  }
  result.subject = std::move(*subject);
  const Clock::time_point begin = Clock::now();
  verify::Limits limits;
  limits.disturbances = options.disturbances;
  limits.bytes = options.memory * kMebibyte;
  limits.out_of_time = [&] { return Clock::now() - begin > std::chrono::seconds(options.seconds); };
  result.finding = verify::Search(result.subject, limits);
  result.seconds = Seconds(Clock::now() - begin).count();
  return result;
}

// Which histories a number of disturbances means.
std::string Histories(int disturbances) {
  if (disturbances < 0) return "no history";
  return fmt::format("every history with at most {} disturbance{} and one crash", disturbances,
                     disturbances == 1 ? "" : "s");
}

void PrintText(const Result& result, const std::string& prefix) {
  std::cout << result.rollout << ": ";
  if (!result.refused.empty()) {
    std::cout << "not explored: " << result.refused << "\n";
    return;
  }
  const verify::Finding& finding = result.finding;
  for (const verify::Flaw& flaw : finding.flaws) {
    std::cout << flaw.promise << "\n\n"
              << verify::DrawLines(verify::LinesOf(result.subject, flaw), prefix) << "\nas a test:\n\n"
              << verify::TestFor(result.subject, flaw) << "\n";
  }
  if (finding.flaws.empty() && finding.cut_short.empty()) {
    std::cout << fmt::format("proved: I1 to I9 hold in {}, and nothing is promoted without a pass of each gate\n",
                             Histories(finding.complete));
  } else if (finding.flaws.empty()) {
    std::cout << fmt::format("not proved: the search was cut short, {}; complete, without a flaw: {}\n",
                             finding.cut_short, Histories(finding.complete));
  } else {
    std::cout << fmt::format("{} flaw{}; the search ended there\n", finding.flaws.size(),
                             finding.flaws.size() == 1 ? "" : "s");
  }
  std::cout << fmt::format("  {} distinct states, {} decisions, {:.1f} s\n", finding.states, finding.decisions,
                           result.seconds);
  for (const std::string& each : result.subject.left_out) std::cout << "  left out: " << each << "\n";
}

nlohmann::ordered_json Json(const Result& result) {
  nlohmann::ordered_json json = {{"rollout", result.rollout}};
  if (!result.refused.empty()) {
    json["refused"] = result.refused;
    return json;
  }
  const verify::Finding& finding = result.finding;
  json["proved"] = finding.flaws.empty() && finding.cut_short.empty();
  json["disturbances"] = finding.complete;
  if (!finding.cut_short.empty()) json["cut_short"] = finding.cut_short;
  json["states"] = finding.states;
  json["decisions"] = finding.decisions;
  json["seconds"] = result.seconds;
  json["left_out"] = result.subject.left_out;
  json["flaws"] = nlohmann::ordered_json::array();
  for (const verify::Flaw& flaw : finding.flaws) {
    nlohmann::ordered_json history = nlohmann::ordered_json::array();
    for (const verify::Line& line : verify::LinesOf(result.subject, flaw)) {
      history.push_back({{"at_ms", line.at.count()}, {"text", line.text}, {"happens", line.happens}});
      if (!line.plan.empty()) history.back()["plan"] = line.plan;
    }
    json["flaws"].push_back({{"promise", flaw.promise},
                             {"disturbances", flaw.disturbances},
                             {"history", std::move(history)},
                             {"test", verify::TestFor(result.subject, flaw)}});
  }
  return json;
}

int VerifyAll(const Options& options) {
  const Compilation& compilation = CompileDirectory(options.path);
  if (const int status = ExitStatus(compilation, false); status != kExitOk) {
    PrintDiagnostics(compilation, options.path, Format::kText, std::cerr);
    std::cerr << Summary(compilation) << "; nothing was explored\n";
    return status;
  }
  const source::DiskTree tree(options.path);
  const simulate::Subjects subjects(tree, compilation);
  bool flawed = false, cut_short = false, any = false;
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const graph::Graph& graph : compilation.graphs) {
    const bool meant = (options.rollout.empty() || graph.rollout == options.rollout) &&
                       (options.namespace_.empty() || graph.rollout_namespace == options.namespace_);
    if (!meant) continue;
    any = true;
    const Result result = Verify(subjects, graph, options);
    flawed = flawed || !result.finding.flaws.empty();
    cut_short = cut_short || !result.refused.empty() || !result.finding.cut_short.empty();
    if (options.format == Format::kJson) {
      all.push_back(Json(result));
    } else {
      PrintText(result, PathPrefix(options.path));
    }
  }
  if (!any && !options.rollout.empty()) return UnknownRollout(compilation, options.rollout);
  if (options.format == Format::kJson) std::cout << all.dump(2) << "\n";
  return flawed ? kExitErrors : cut_short ? kExitLimit : kExitOk;
}

}  // namespace

void AddVerify(CLI::App& app, Run& run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("verify", "explore what may come of a rollout, and prove its promises");
  command->add_option("PATH", options->path, "the plan set's root directory")->required();
  command->add_option("ROLLOUT", options->rollout, "the rollout's name; all of them unless said");
  command->add_option("--namespace", options->namespace_, "the rollout's, where several have its name")
      ->option_text("NAME");
  command
      ->add_option("--disturbances", options->disturbances,
                   "that one history may have at the most, a crash aside; 1 unless said")
      ->option_text("N")
      ->check(CLI::Range(0, 8));
  command->add_option("--seconds", options->seconds, "for each rollout at the most; 300 unless said")
      ->option_text("N")
      ->check(CLI::Range(1, 86'400));
  command->add_option("--memory", options->memory, "MiB at the most; 1024 unless said")
      ->option_text("N")
      ->check(CLI::Range(std::size_t{64}, std::size_t{1} << 20));
  const std::map<std::string, Format> formats = {{"text", Format::kText}, {"json", Format::kJson}};
  command->add_option("--format", options->format, "text or json")
      ->transform(CLI::CheckedTransformer(formats).description(""))
      ->option_text("FORMAT");
  command->callback([options, &run] { run = [options] { return VerifyAll(*options); }; });
}

}  // namespace sluice::cli
