#include <fmt/format.h>

#include "compiler/check/annotations.h"
#include "compiler/check/steps.h"

namespace sluice::check {

Made MakeStrategy(const Declared& declared, const ScopePtr& scope, Span site, Checker& checker) {
  const Reader reader(checker, scope, site);
  std::vector<StepDraft> drafts;
  bool complete = true;
  for (const syntax::RolloutItem& item : declared.as<syntax::Strategy>().items) {
    if (const auto* require = std::get_if<syntax::Require>(&item)) {
      complete = CheckRequire(*require, scope, site, checker.context) && complete;
    } else if (const auto* later = std::get_if<syntax::Later>(&item)) {
      ReportLater(*later, checker.context);
    }
  }
  // Steps of parameters that are refused would only be reported again.
  if (!complete) {
    return std::nullopt;
  }
  for (const syntax::RolloutItem& item : declared.as<syntax::Strategy>().items) {
    if (const auto* step = std::get_if<syntax::Step>(&item)) {
      ReadStep(*step, reader, drafts);
    }
  }
  if (drafts.empty() && !checker.Broken(declared.syntax->span)) {
    checker.context
        .Report(diagnostics::kMissingClause, declared.name_span,
                fmt::format("strategy `{}` has no `step`", declared.name))
        .Emit();
  }
  return graph::Value(std::shared_ptr<const graph::Handle>(
      std::make_shared<StrategyHandle>(std::move(drafts), AllowedBy(declared, checker))));
}

}  // namespace sluice::check
