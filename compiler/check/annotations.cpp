#include "compiler/check/annotations.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/base/text.h"

namespace sluice::check {
namespace {

using diagnostics::Kind;
using diagnostics::Level;

std::string PlainText(const syntax::Expression& expression) {
  if (const auto* name = std::get_if<syntax::NameReference>(&expression.node)) {
    return name->name;
  }
  const auto* text = std::get_if<syntax::StringLiteral>(&expression.node);
  return text != nullptr && text->parts.size() == 1 && !text->parts[0].value ? text->parts[0].text : "";
}

class AllowReader {
 public:
  AllowReader(const syntax::Annotation& annotation, Checker& checker) : annotation_(annotation), checker_(checker) {
    allow_.span = annotation.span;
  }

  std::optional<Suppression> Read(Span covered) {
    allow_.declaration = covered;
    for (const syntax::Argument& argument : annotation_.arguments) {
      if (argument.value) {
        Argument(argument);
      }
    }
    if (allow_.lint.empty()) {
      Malformed(annotation_.span, "`@allow` does not name a lint");
    } else if (allow_.reason.empty()) {
      Malformed(annotation_.span, "`@allow` has no `reason`");
    }
    return well_ ? std::optional(std::move(allow_)) : std::nullopt;
  }

 private:
  void Malformed(Span span, std::string message) {
    well_ = false;
    checker_.context.Report(diagnostics::kMalformedAllow, span, std::move(message))
        .Note("`@allow(LINT, reason: \"WHY\", until: 2027-01-31)`")
        .Emit();
  }

  void Argument(const syntax::Argument& argument) {
    if (!argument.label) {
      Lint(*argument.value);
    } else if (argument.label->text == "reason") {
      allow_.reason = PlainText(*argument.value);
    } else if (argument.label->text == "until") {
      Until(*argument.value);
    } else {
      Malformed(argument.label->span, fmt::format("`@allow` has no argument `{}`", argument.label->text));
    }
  }

  void Until(const syntax::Expression& value) {
    if (const auto* date = std::get_if<syntax::DateLiteral>(&value.node)) {
      allow_.until = fmt::format("{:04}-{:02}-{:02}", date->year, date->month, date->day);
      return;
    }
    Malformed(value.span, "`until` takes a date");
  }

  void Lint(const syntax::Expression& value) {
    allow_.lint = PlainText(value);
    std::vector<std::string> lints;
    for (const Kind* kind : diagnostics::AllKinds()) {
      if (kind->name != allow_.lint && kind->level == Level::kWarning) {
        lints.emplace_back(kind->name);
      } else if (kind->name == allow_.lint) {
        if (kind->level == Level::kError) {
          Malformed(value.span, fmt::format("`{}` is an error, only warnings can be allowed", allow_.lint));
        }
        return;
      }
    }
    well_ = false;
    diagnostics::Builder report = checker_.context.Report(diagnostics::kMalformedAllow, value.span,
                                                          fmt::format("there is no lint `{}`", allow_.lint));
    for (const std::string& similar : SimilarNames(allow_.lint, lints)) {
      report.Fix(fmt::format("write `{}`", similar), diagnostics::Safety::kUncertain, value.span, similar);
    }
  }

  const syntax::Annotation& annotation_;
  Checker& checker_;
  Suppression allow_;
  bool well_ = true;
};

void ReadAll(const std::vector<syntax::Annotation>& annotations, Span covered, bool object, Checker& checker) {
  for (const syntax::Annotation& annotation : annotations) {
    const std::string& name = annotation.name.text;
    if (name == "allow") {
      if (std::optional<Suppression> allow = AllowReader(annotation, checker).Read(covered)) {
        checker.plans.suppressions.push_back(std::move(*allow));
      }
    } else if (name != "keep") {
      diagnostics::Builder report = checker.context.Report(diagnostics::kUnknownAnnotation, annotation.name.span,
                                                           fmt::format("there is no annotation `@{}`", name));
      for (const std::string& similar : SimilarNames(name, {"allow", "keep"})) {
        report.Fix(fmt::format("write `@{}`", similar), diagnostics::Safety::kUncertain, annotation.name.span, similar);
      }
    } else if (!object) {
      checker.context
          .Report(diagnostics::kUnknownAnnotation, annotation.span, "`@keep` has a meaning on an `object` only")
          .Emit();
    }
  }
}

void ReadSteps(const std::vector<syntax::RolloutItem>& items, Checker& checker) {
  for (const syntax::RolloutItem& item : items) {
    if (const auto* step = std::get_if<syntax::Step>(&item)) {
      ReadAll(step->annotations, step->span, false, checker);
    }
  }
}

void ReadAllowed(const std::vector<syntax::Annotation>& annotations, Checker& checker,
                 std::vector<Suppression>& allowed) {
  for (const syntax::Annotation& annotation : annotations) {
    std::optional<Suppression> allow =
        annotation.name.text == "allow" ? AllowReader(annotation, checker).Read({}) : std::nullopt;
    if (allow) {
      allowed.push_back(std::move(*allow));
    }
  }
}

}  // namespace

void ReadAnnotations(const syntax::PlanFile& file, Checker& checker) {
  for (const syntax::Declaration& declaration : file.declarations) {
    const bool object = std::holds_alternative<syntax::ObjectDeclaration>(declaration.declaration);
    // A strategy's allowances belong to its uses.
    if (std::holds_alternative<syntax::Strategy>(declaration.declaration)) {
      continue;
    }
    ReadAll(declaration.annotations, declaration.span, object, checker);
    if (const auto* rollout = std::get_if<syntax::Rollout>(&declaration.declaration)) {
      ReadSteps(rollout->items, checker);
    }
  }
}

std::vector<Suppression> AllowedBy(const Declared& strategy, Checker& checker) {
  std::vector<Suppression> allowed;
  ReadAllowed(strategy.syntax->annotations, checker, allowed);
  for (const syntax::RolloutItem& item : strategy.as<syntax::Strategy>().items) {
    if (const auto* step = std::get_if<syntax::Step>(&item)) {
      ReadAllowed(step->annotations, checker, allowed);
    }
  }
  return allowed;
}

}  // namespace sluice::check
