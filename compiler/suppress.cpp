#include "compiler/suppress.h"

#include <utility>

#include <fmt/format.h>

namespace sluice {
namespace {

bool Covers(const check::Suppression& allow, const diagnostics::Diagnostic& diagnostic) {
  return diagnostic.level == diagnostics::Level::kWarning && allow.lint == diagnostic.kind->name &&
         allow.declaration.file == diagnostic.span.file && allow.declaration.begin <= diagnostic.span.begin &&
         diagnostic.span.end <= allow.declaration.end;
}

}  // namespace

void ApplySuppressions(const std::vector<check::Suppression>& suppressions, diagnostics::Emitter& emitter) {
  if (suppressions.empty()) {
    return;
  }
  std::vector<bool> used(suppressions.size(), false);
  diagnostics::Emitter kept;
  for (diagnostics::Diagnostic& diagnostic : emitter.Sorted()) {
    bool allowed = false;
    for (std::size_t i = 0; i < suppressions.size(); ++i) {
      if (Covers(suppressions[i], diagnostic)) {
        used[i] = allowed = true;
      }
    }
    if (!allowed) {
      kept.Add(std::move(diagnostic));
    }
  }
  for (std::size_t i = 0; i < suppressions.size() && !kept.has_errors(); ++i) {
    if (!used[i] && !suppressions[i].library) {
      kept.Report(diagnostics::kUnusedAllow, suppressions[i].span,
                  fmt::format("`@allow({})` allows nothing here", suppressions[i].lint))
          .Emit();
    }
  }
  emitter = std::move(kept);
}

}  // namespace sluice
