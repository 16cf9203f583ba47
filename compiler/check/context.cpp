#include <algorithm>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/check.h"
#include "compiler/check/state.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice::check {
namespace {

bool Before(Span a, Span b) { return a.file != b.file ? a.file < b.file : a.begin < b.begin; }

bool IsStdlib(Span span, const Context& context) {
  return span.known() && context.sources().file(span.file).path().starts_with("std/");
}

}  // namespace

Context::Context(const source::SourceSet& sources, diagnostics::Emitter& emitter, Instantiator& instantiator,
                 graph::FunctionTable& functions)
    : sources_(sources),
      emitter_(emitter),
      instantiator_(instantiator),
      functions_(functions),
      state_(std::make_unique<State>()) {}

Context::~Context() = default;

bool Context::Spend(std::int64_t steps, Span span) {
  State& state = *state_;
  if (state.spent) {
    return false;
  }
  state.steps += steps;
  if (state.steps <= kMaxEvaluationSteps && state.produced <= kMaxProducedBytes) {
    return true;
  }
  state.spent = true;
  if (state.steps > kMaxEvaluationSteps) {
    Report(diagnostics::kEvaluationTooLong, span,
           fmt::format("the plan set takes more than {} million steps to evaluate", kMaxEvaluationSteps / 1'000'000))
        .At("most of them around here");
  } else {
    Report(diagnostics::kOutputTooLarge, span,
           fmt::format("the values of the plan set take more than {} MiB", kMaxProducedBytes >> 20))
        .At("the last of them is made here");
  }
  return false;
}

void Context::SetDefault(std::string name, const syntax::DefaultDeclaration* declaration, ScopePtr scope) {
  Default& entry = state_->defaults[std::move(name)];
  entry = Default{};
  entry.declaration = declaration;
  entry.scope = std::move(scope);
}

diagnostics::Builder ReportValue(const diagnostics::Kind& kind, Span span, std::string message, Context& context) {
  const std::vector<Frame>& stack = context.state().stack;
  const auto caller = std::find_if(stack.rbegin(), stack.rend(), [&](const Frame& frame) {
    return frame.site.known() && (!IsStdlib(span, context) || !IsStdlib(frame.site, context));
  });
  diagnostics::Diagnostic diagnostic;
  diagnostic.kind = &kind;
  diagnostic.level = kind.level;
  diagnostic.message = std::move(message);
  diagnostic.span = span;
  if (caller != stack.rend() && IsStdlib(span, context)) {
    diagnostic.span = caller->site;
    diagnostic.labels.push_back({span, "here"});
  } else if (caller != stack.rend()) {
    diagnostic.labels.push_back({caller->site, fmt::format("in this call of `{}`", caller->name)});
  }
  return {context.emitter(), std::move(diagnostic)};
}

void ReportCycle(std::vector<CycleMember> members, Context& context) {
  std::set<const void*>& reported = context.state().recursive;
  const bool known = std::any_of(members.begin(), members.end(),
                                 [&](const CycleMember& member) { return reported.count(member.id) != 0; });
  for (const CycleMember& member : members) {
    reported.insert(member.id);
  }
  if (known || members.empty()) {
    return;
  }
  const auto first = std::min_element(members.begin(), members.end(), [](const CycleMember& a, const CycleMember& b) {
    return Before(a.span, b.span);
  });
  std::rotate(members.begin(), first, members.end());
  std::vector<std::string> names;
  for (const CycleMember& member : members) {
    names.push_back("`" + member.name + "`");
  }
  auto builder = context.Report(diagnostics::kRecursion, members[0].span,
                                members.size() == 1 ? fmt::format("{} needs itself", names[0])
                                                    : fmt::format("{} need each other", JoinWords(names)));
  for (std::size_t i = 0; i < members.size(); ++i) {
    const CycleMember& next = members[(i + 1) % members.size()];
    if (next.use.known()) {
      builder.Label(next.use, fmt::format("{} needs {}", names[i], names[(i + 1) % members.size()]));
    }
  }
  builder.Note("evaluation must end, so nothing may lead back to itself");
}

bool IsRecursion(const void* identity, Span use, Context& context) {
  Context::State& state = context.state();
  const auto at = std::find_if(state.stack.begin(), state.stack.end(),
                               [&](const Frame& frame) { return frame.callee == identity; });
  if (at == state.stack.end()) {
    return false;
  }
  std::vector<CycleMember> members;
  for (auto frame = at; frame != state.stack.end(); ++frame) {
    // Type and value of one declaration are two frames.
    const bool again = std::any_of(members.begin(), members.end(),
                                   [&](const CycleMember& member) { return member.span == frame->declared; });
    if (again) {
      continue;
    }
    members.push_back({frame->callee, frame->name, frame->declared, frame == at ? use : frame->site});
  }
  ReportCycle(std::move(members), context);
  return true;
}

}  // namespace sluice::check
