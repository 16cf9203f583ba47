#include "cli/plan_set.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <ostream>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/program.h"
#include "compiler/base/text.h"
#include "compiler/diagnostics/render.h"

namespace sluice::cli {
namespace {

// Colour only for a person, and only if they didn't ask for none (no-color.org).
bool WantsColour() {
  const char* no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe)
  return isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

}  // namespace

std::string PathPrefix(const std::string& path) {
  if (path == "." || path.empty()) {
    return "";
  }
  return path.back() == '/' ? path : path + "/";
}

std::string Count(std::size_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

const Compilation& CompileDirectory(const std::string& path) {
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
  static auto* const kKept = new std::vector<std::unique_ptr<const Compilation>>;  // leak checkers still see them
  kKept->push_back(Compile(source::DiskTree(path)));
  return *kKept->back();
}

void PrintDiagnostics(const Compilation& compilation, const std::string& path, Format format, std::ostream& out) {
  const std::vector<diagnostics::Diagnostic> sorted = compilation.emitter.Sorted();
  const std::string prefix = PathPrefix(path);
  switch (format) {
    case Format::kText:
      out << diagnostics::RenderText(sorted, compilation.sources, WantsColour(), prefix);
      break;
    case Format::kShort:
      out << diagnostics::RenderShort(sorted, compilation.sources, prefix);
      break;
    case Format::kJson:
      out << diagnostics::RenderJson(sorted, compilation.sources, prefix);
      break;
  }
}

int ExitStatus(const Compilation& compilation, bool warnings_as_errors) {
  bool limit = false;
  for (const diagnostics::Diagnostic& diagnostic : compilation.emitter.Sorted()) {
    const bool counts = diagnostic.level == diagnostics::Level::kError ||
                        (warnings_as_errors && diagnostic.level == diagnostics::Level::kWarning);
    if (!counts) {
      continue;
    }
    if (!std::string_view(diagnostic.kind->code).starts_with("SL9")) {
      return kExitErrors;
    }
    limit = true;
  }
  return limit ? kExitLimit : kExitOk;
}

std::string Summary(const Compilation& compilation) {
  const std::size_t errors = compilation.emitter.error_count();
  const std::size_t warnings = compilation.emitter.warning_count();
  if (errors == 0 && warnings == 0) {
    return "";
  }
  if (errors == 0 || warnings == 0) {
    return errors > 0 ? Count(errors, "error") : Count(warnings, "warning");
  }
  return Count(errors, "error") + ", " + Count(warnings, "warning");
}

int UnknownRollout(const Compilation& compilation, const std::string& rollout) {
  std::vector<std::string> names;
  for (const graph::Graph& graph : compilation.graphs) {
    names.push_back(graph.rollout);
  }
  const std::vector<std::string> similar = SimilarNames(rollout, names);
  std::cerr << ProgramName() << ": there is no rollout `" << rollout << "`";
  if (!similar.empty()) {
    std::cerr << "; there is " << JoinWords(similar);
  } else if (!names.empty()) {
    std::cerr << "; the plan set has " << JoinWords(names);
  }
  std::cerr << "\n";
  return kExitErrors;
}

}  // namespace sluice::cli
