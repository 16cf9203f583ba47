#include "compiler/lower/mistakes.h"

#include <algorithm>
#include <limits>

namespace sluice::lower {

Mistakes::Mistakes(const check::CheckedPlanSet& plans, const diagnostics::Emitter& emitter) {
  if (!emitter.has_errors()) {
    return;
  }
  for (const diagnostics::Diagnostic& diagnostic : emitter.Sorted()) {
    if (diagnostic.level == diagnostics::Level::kError && diagnostic.span.known()) {
      errors_[diagnostic.span.file].push_back(diagnostic.span.begin);
    }
  }
  const auto declare = [this](source::Span span) { declarations_[span.file].insert(span.begin); };
  for (const auto& service : plans.services) {
    declare(service->span);
  }
  for (const auto& route : plans.routes) {
    declare(route->span);
  }
  for (const auto& rollout : plans.rollouts) {
    declare(rollout->span);
  }
}

bool Mistakes::Touch(const check::Rollout& rollout) const {
  if (errors_.empty()) {
    return false;
  }
  for (const check::Step& step : rollout.steps) {
    if (!(step.definition == step.span) && errors_.contains(step.definition.file)) {
      return true;
    }
  }
  const auto errors = errors_.find(rollout.span.file);
  if (errors == errors_.end()) {
    return false;
  }
  std::uint32_t end = std::numeric_limits<std::uint32_t>::max();
  if (const auto begins = declarations_.find(rollout.span.file); begins != declarations_.end()) {
    const auto next = begins->second.upper_bound(rollout.span.begin);
    end = next == begins->second.end() ? end : *next;
  }
  return std::any_of(errors->second.begin(), errors->second.end(),
                     [&](std::uint32_t at) { return at >= rollout.span.begin && at < end; });
}

}  // namespace sluice::lower
