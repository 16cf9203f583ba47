#include "compiler/lower/place.h"

#include <cctype>
#include <utility>

#include <fmt/format.h>

namespace sluice::lower {

diagnostics::Builder ReportAt(diagnostics::Emitter& emitter, const diagnostics::Kind& kind, const check::Step& step,
                              const check::Verb& verb, std::string message) {
  diagnostics::Diagnostic diagnostic;
  diagnostic.kind = &kind;
  diagnostic.level = kind.level;
  diagnostic.message = std::move(message);
  diagnostic.span = verb.value_span.known() ? verb.value_span : verb.span;
  if (IsFromStrategy(verb)) {
    diagnostic.labels.push_back({verb.definition, fmt::format("step `{}` of the strategy says it here", step.name)});
  }
  return diagnostics::Builder(emitter, std::move(diagnostic));
}

bool IsFromStrategy(const check::Verb& verb) { return verb.definition.known() && !(verb.definition == verb.span); }

bool IsLiteral(const check::Step& step, const check::Verb& verb, const source::SourceSet& sources) {
  if (step.name != step.base_name || !verb.value_span.known() || IsFromStrategy(verb)) {
    return false;
  }
  const std::string_view text = sources.Text(verb.value_span);
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) != 0 &&
         text.find_first_of(" \t\n*/+-") == std::string_view::npos;
}

}  // namespace sluice::lower
