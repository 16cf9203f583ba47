#include "compiler/check/checker.h"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::check {

using diagnostics::Safety;

Checker::Checker(const source::SourceSet& sources, source::NamedFiles& named, diagnostics::Emitter& emitter,
                 CheckedPlanSet& plan_set)
    : plans(plan_set), named_files(named), context(sources, emitter, *this, plan_set.functions) {
  if (!emitter.has_errors()) {
    return;
  }
  for (const diagnostics::Diagnostic& diagnostic : emitter.Sorted()) {
    if (diagnostic.level == diagnostics::Level::kError) {
      broken_.push_back(diagnostic.span);
    }
  }
}

bool Checker::Broken(Span span) const {
  return std::any_of(broken_.begin(), broken_.end(), [&](const Span& mistake) {
    return mistake.file == span.file && mistake.begin <= span.end && mistake.end >= span.begin;
  });
}

void Checker::Report(const diagnostics::Kind& kind, Span span, Span site, std::string message, std::string note) {
  diagnostics::Diagnostic diagnostic;
  diagnostic.kind = &kind;
  diagnostic.level = kind.level;
  diagnostic.message = std::move(message);
  diagnostic.span = span;
  if (!note.empty()) {
    diagnostic.notes.push_back(std::move(note));
  }
  const auto fault = std::make_tuple(&kind, span.file, span.begin);
  if (!site.known()) {
    at_fault_.insert(fault);
  } else if (at_fault_.count(fault) != 0) {
    return;
  } else if (!(site == span)) {
    diagnostic.span = site;
    diagnostic.labels.push_back({span, "comes to this"});
  }
  context.emitter().Add(std::move(diagnostic));
}

std::optional<graph::Value> Checker::Instantiate(const Declared& declared, const ScopePtr& scope, Span site, Context&) {
  switch (declared.kind) {
    case DeclarationKind::kService:
      return MakeService(declared, scope, *this);
    case DeclarationKind::kRoute:
      return MakeRoute(declared, scope, *this);
    case DeclarationKind::kObject:
      return MakeObject(declared, scope, *this);
    case DeclarationKind::kGate:
      return MakeGate(declared, scope, site, *this);
    case DeclarationKind::kRouter:
      return MakeRouter(declared, scope, site, *this);
    case DeclarationKind::kProvider:
      return MakeProvider(declared, scope, site, *this);
    case DeclarationKind::kDialect:
      return MakeDialect(declared, scope, site, *this);
    case DeclarationKind::kChannel:
      return MakeChannel(declared, scope, site, *this);
    case DeclarationKind::kStrategy:
      return MakeStrategy(declared, scope, site, *this);
    case DeclarationKind::kRollout:
    case DeclarationKind::kLet:
    case DeclarationKind::kFunction:
      return std::nullopt;
  }
  return std::nullopt;
}

void ReportLater(const syntax::Later& later, Context& context) {
  context.Report(diagnostics::kNotYetSupported, later.span, fmt::format("{} is not carried out yet", later.feature))
      .Emit();
}

graph::ExpressionPtr LiteralOf(graph::Value value) {
  auto literal = std::make_shared<graph::Expression>();
  literal->literal = std::move(value);
  return literal;
}

std::optional<std::vector<std::pair<std::string, graph::ExpressionPtr>>> EntriesOf(const graph::Expression& map) {
  std::vector<std::pair<std::string, graph::ExpressionPtr>> entries;
  if (map.operation == graph::Operation::kLiteral && map.literal.as_map() != nullptr) {
    for (const auto& [name, item] : map.literal.as_map()->entries()) {
      entries.emplace_back(name, LiteralOf(item));
    }
    return entries;
  }
  if (map.operation != graph::Operation::kMap) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i + 1 < map.operands.size(); i += 2) {
    const graph::Expression& name = *map.operands[i];
    if (name.operation != graph::Operation::kLiteral || name.literal.as_string() == nullptr) {
      return std::nullopt;
    }
    entries.emplace_back(*name.literal.as_string(), map.operands[i + 1]);
  }
  return entries;
}

void AddRoles(Scope& scope) {
  scope.AddRoot("candidate", RevisionType());
  scope.AddRoot("stable", RevisionType().Optional());
}

void AddTimes(Scope& scope) {
  for (const char* name : {"now", "since"}) {
    if (scope.Find(name) == nullptr) {
      scope.AddRoot(name, Type::Kind::kDate);
    }
  }
}

// ---------------------------------------------------------------------------------------- clauses

bool Clauses::Has(std::string_view word) const {
  return std::any_of(seen_.begin(), seen_.end(), [&](const Seen& seen) { return seen.word == word; });
}

bool Clauses::Once(std::string_view word, Span span) {
  auto first = std::find_if(seen_.begin(), seen_.end(), [&](const Seen& seen) { return seen.word == word; });
  if (first == seen_.end()) {
    seen_.push_back({std::string(word), span});
    return true;
  }
  checker_->context
      .Report(diagnostics::kDuplicateClause, span,
              fmt::format("{} `{}` has `{}` twice", DeclarationWord(declared_->kind), declared_->name, word))
      .Label(first->span, "the first one")
      .Emit();
  return false;
}

void Clauses::Missing(std::string_view word, const std::string& example, const diagnostics::Kind& kind) const {
  const Span whole = declared_->syntax->span;
  if (Has(word) || checker_->Broken(whole)) {
    return;
  }
  diagnostics::Builder report = checker_->context.Report(
      kind, declared_->name_span,
      fmt::format("{} `{}` has no `{}`", DeclarationWord(declared_->kind), declared_->name, word));
  if (whole.end > whole.begin) {
    const Span brace{whole.file, whole.end - 1, whole.end - 1};
    report.Fix(fmt::format("add `{}`", example), Safety::kPlaceholder, brace, fmt::format("  {}\n", example));
  }
}

const std::string* Checker::OtherImage(const std::string& service, Span declared) const {
  if (images.empty()) {
    return nullptr;
  }
  const std::string& plan = context.sources().file(declared.file).path();
  const auto found = images.find(plan.substr(0, plan.rfind('/') + 1) + service);
  return found != images.end() ? &found->second : nullptr;
}

}  // namespace sluice::check
