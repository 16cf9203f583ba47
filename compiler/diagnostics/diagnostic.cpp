#include "compiler/diagnostics/diagnostic.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

namespace sluice::diagnostics {

#define SLUICE_DIAGNOSTIC(identifier, code, name, level, title) const Kind identifier{code, name, level, title};
#include "compiler/diagnostics/registry.def"
#undef SLUICE_DIAGNOSTIC

const std::vector<const Kind*>& AllKinds() {
  static const std::vector<const Kind*> kKinds = {
#define SLUICE_DIAGNOSTIC(identifier, code, name, level, title) &identifier,
#include "compiler/diagnostics/registry.def"
#undef SLUICE_DIAGNOSTIC
  };
  return kKinds;
}

Builder::~Builder() { emitter_->Add(std::move(diagnostic_)); }

Builder& Builder::At(std::string span_text) {
  diagnostic_.span_text = std::move(span_text);
  return *this;
}

Builder& Builder::Label(source::Span span, std::string text) {
  diagnostic_.labels.push_back({span, std::move(text)});
  return *this;
}

Builder& Builder::Note(std::string text) {
  diagnostic_.notes.push_back(std::move(text));
  return *this;
}

Builder& Builder::Fix(std::string title, Safety safety, source::Span span, std::string replacement) {
  diagnostic_.fixes.push_back({std::move(title), safety, {{span, std::move(replacement)}}});
  return *this;
}

Builder& Builder::Fix(diagnostics::Fix fix) {
  diagnostic_.fixes.push_back(std::move(fix));
  return *this;
}

Builder Emitter::Report(const Kind& kind, source::Span span, std::string message) {
  Diagnostic diagnostic;
  diagnostic.kind = &kind;
  diagnostic.level = kind.level;
  diagnostic.span = span;
  diagnostic.message = std::move(message);
  return Builder(*this, std::move(diagnostic));
}

void Emitter::Add(Diagnostic diagnostic) {
  const source::Span span = diagnostic.span;
  if (!seen_.emplace(diagnostic.kind, span.file, span.begin, span.end, diagnostic.message).second) {
    return;
  }
  errors_ += diagnostic.level == Level::kError ? 1 : 0;
  warnings_ += diagnostic.level == Level::kWarning ? 1 : 0;
  diagnostics_.push_back(std::move(diagnostic));
}

std::vector<Diagnostic> Emitter::Sorted() const {
  const auto place = [](const Diagnostic& d) {
    return std::make_tuple(d.span.known() ? static_cast<std::uint32_t>(d.span.file) + 1 : 0, d.span.begin, d.span.end);
  };
  std::vector<Diagnostic> sorted = diagnostics_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return place(a) < place(b); });

  std::map<source::FileId, std::size_t> seen;
  std::vector<Diagnostic> kept;
  for (Diagnostic& diagnostic : sorted) {
    const std::size_t count = ++seen[diagnostic.span.file];
    if (!diagnostic.span.known() || count <= kPerFile) {
      kept.push_back(std::move(diagnostic));
    } else if (count == kPerFile + 1) {
      Diagnostic cut;
      cut.kind = &kTooManyDiagnostics;
      cut.level = Level::kNote;
      cut.span = diagnostic.span;
      kept.push_back(std::move(cut));
    }
  }
  for (Diagnostic& diagnostic : kept) {
    if (diagnostic.kind == &kTooManyDiagnostics && diagnostic.message.empty()) {
      diagnostic.message =
          fmt::format("{} further diagnostics of this file are not listed", seen[diagnostic.span.file] - kPerFile);
    }
  }
  return kept;
}

}  // namespace sluice::diagnostics
