#include "compiler/check/named_pattern.h"

#include <fmt/format.h>

namespace sluice::check {
namespace {

// Where the plan stands: its directory with a slash, or "".
std::string DirectoryOf(Span span, const Reader& reader) {
  const std::string& path = reader.context().sources().file(span.file).path();
  return path.substr(0, path.rfind('/') + 1);
}

// Paths that lead out of the plan set, or nowhere.
bool CheckPattern(const std::string& pattern, const std::string& clause, Span span, const Reader& reader) {
  const bool out = pattern.empty() || pattern.front() == '/' || ("/" + pattern + "/").find("/../") != std::string::npos;
  const bool odd =
      ("/" + pattern + "/").find("//") != std::string::npos || ("/" + pattern + "/").find("/./") != std::string::npos;
  if (out || odd) {
    reader.Report(diagnostics::kWrongClauseValue, span, fmt::format("`{}` takes no files from `{}`", clause, pattern),
                  fmt::format("a path begins at the plan set's root and stays in it: `{}/checkout/*`",
                              clause == "service" ? "k8s" : clause));
  }
  return !out && !odd;
}

void ReportNone(const std::string& pattern, Span span, const Reader& reader) {
  auto report = reader.context().Report(diagnostics::kNoSuchFile, span, fmt::format("there is no file `{}`", pattern));
  report.Note("a path begins at the plan set's root");
  const std::string beside = DirectoryOf(span, reader) + pattern;
  if (beside != pattern && !reader.checker().named_files.Matching(beside).empty()) {
    report.Fix(fmt::format("write `{}`", beside), diagnostics::Safety::kSafe, span, fmt::format("\"{}\"", beside));
  } else if (!reader.checker().named_files.Matching(pattern + "/*").empty()) {
    report.Fix(fmt::format("write `{}/*`", pattern), diagnostics::Safety::kSafe, span,
               fmt::format("\"{}/*\"", pattern));
  }
  report.Emit();
}

}  // namespace

std::optional<std::vector<source::Entry>> FilesOf(const syntax::ExpressionPtr& pattern, const std::string& clause,
                                                  const Reader& reader) {
  const std::optional<std::string> text = reader.Text(pattern, fmt::format("`{} … from`", clause));
  if (!text || !CheckPattern(*text, clause, pattern->span, reader)) {
    return std::nullopt;
  }
  std::vector<source::Entry> found = reader.checker().named_files.Matching(*text);
  if (found.empty()) {
    ReportNone(*text, pattern->span, reader);
    return std::nullopt;
  }
  return found;
}

bool CheckIsFile(const source::Entry& entry, Span span, const Reader& reader) {
  if (entry.kind == source::EntryKind::kFile) {
    return true;
  }
  reader.Report(diagnostics::kNotAFile, span, fmt::format("`{}` is no regular file", entry.path),
                "symbolic links and submodules are never followed");
  return false;
}

}  // namespace sluice::check
