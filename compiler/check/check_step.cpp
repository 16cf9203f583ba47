#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/steps.h"

namespace sluice::check {
namespace {

// Steps repeat at most as often as a rollout may have steps; over it nothing more is kept.
constexpr std::size_t kMaxDrafts = 1024;

// "ramp[10%]" for a step with loop variables, "ramp" otherwise.
std::string StepName(const syntax::Step& step, const Scope& bound) {
  std::string values;
  std::size_t variables = 0;
  for (const syntax::Repetition& repetition : step.repetitions) {
    const auto* loop = std::get_if<syntax::ForClause>(&repetition.clause);
    for (std::size_t i = 0; loop != nullptr && i < loop->variables.size(); ++i, ++variables) {
      const Binding* binding = bound.Find(loop->variables[i].text);
      const std::string text = binding != nullptr && binding->value ? binding->value->ToText() : "";
      values += (variables == 0 ? "" : ",") + text;
    }
  }
  return variables == 0 ? step.name.text : fmt::format("{}[{}]", step.name.text, values);
}

std::optional<std::vector<StepReferenceText>> References(const syntax::Step& step, const Reader& reader) {
  if (!step.after) {
    return std::nullopt;
  }
  std::vector<StepReferenceText> references;
  for (const syntax::StepReference& reference : *step.after) {
    if (!reference.index) {
      references.push_back({reference.name.text, reference.span});
    } else if (std::optional<graph::Value> index = reader.Any(reference.index, "`after`")) {
      references.push_back({fmt::format("{}[{}]", reference.name.text, index->ToText()), reference.span});
    }
  }
  return references;
}

StepDraft Draft(const syntax::Step& step, const Reader& reader) {
  StepDraft draft;
  draft.step.base_name = step.name.text;
  draft.step.name = step.name.text;
  draft.step.definition = step.name.span;
  draft.step.span = reader.site().known() ? reader.site() : step.name.span;
  return draft;
}

void ReportUnknownStep(const StepReferenceText& reference, std::string_view rollout,
                       const std::map<std::string, std::vector<std::size_t>>& known, Checker& checker) {
  std::vector<std::string> names;
  for (const auto& [name, indices] : known) {
    names.push_back(name);
  }
  diagnostics::Builder report = checker.context.Report(
      diagnostics::kUnknownStep, reference.span, fmt::format("rollout `{}` has no step `{}`", rollout, reference.name));
  for (const std::string& similar : SimilarNames(reference.name, names)) {
    report.Fix(fmt::format("write `{}`", similar), diagnostics::Safety::kUncertain, reference.span, similar);
  }
}

// For each step, the verb that gave the candidate all of the traffic before it runs, as `after` orders the steps.
class FullBefore {
 public:
  explicit FullBefore(const std::vector<Step>& steps) : steps_(steps), known_(steps.size()), running_(steps.size()) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
      by_name_.emplace(steps[i].name, i);
    }
  }

  const Verb* operator()(std::size_t index) {
    if (known_[index]) {
      cyclic_ = cyclic_ || running_[index];
      return *known_[index];
    }
    known_[index] = nullptr;
    running_[index] = true;
    const Verb* full = nullptr;
    for (const std::size_t before : Before(index)) {
      full = full == nullptr ? Behind(before) : full;
    }
    known_[index] = full;
    running_[index] = false;
    return full;
  }

  // Whether steps wait for one another, which is reported elsewhere; nothing is before anything then.
  bool cyclic() const { return cyclic_; }

 private:
  std::vector<std::size_t> Before(std::size_t index) const {
    if (steps_[index].after.empty()) {
      return index == 0 ? std::vector<std::size_t>{} : std::vector<std::size_t>{index - 1};
    }
    std::vector<std::size_t> before;
    for (const std::string& name : steps_[index].after) {
      if (const auto found = by_name_.find(name); found != by_name_.end()) {
        before.push_back(found->second);
      }
    }
    return before;
  }

  const Verb* Behind(std::size_t index) {
    const Verb* full = (*this)(index);  // always, so that no cycle goes unseen
    const std::vector<Verb>& verbs = steps_[index].verbs;
    for (auto verb = verbs.rbegin(); verb != verbs.rend(); ++verb) {
      if (const auto* weight = std::get_if<Weight>(&verb->verb)) {
        return weight->share == Number(1) ? &*verb : nullptr;
      }
    }
    return full;
  }

  const std::vector<Step>& steps_;
  std::vector<std::optional<const Verb*>> known_;
  std::vector<bool> running_;
  bool cyclic_ = false;
  std::map<std::string, std::size_t> by_name_;
};

// Once the candidate has all of the traffic, only the promotion is left; less of it is a failure, not a step.
void CheckWeightsAfterFull(const std::vector<Step>& steps, Checker& checker) {
  FullBefore full_before(steps);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    full_before(i);
  }
  for (std::size_t i = 0; i < steps.size() && !full_before.cyclic(); ++i) {
    const Verb* full = full_before(i);
    for (const Verb& verb : steps[i].verbs) {
      const auto* weight = std::get_if<Weight>(&verb.verb);
      if (weight != nullptr && full != nullptr) {
        checker.context
            .Report(diagnostics::kWeightAfterFull, verb.value_span,
                    fmt::format("step `{}` sets a weight after the candidate has 100%", steps[i].name))
            .Label(full->definition, "all of the traffic from here on")
            .Emit();
        return;
      }
      full = weight != nullptr && weight->share == Number(1) ? &verb : full;
    }
  }
}

}  // namespace

void ReadStep(const syntax::Step& step, const Reader& reader, std::vector<StepDraft>& drafts) {
  const std::size_t before = drafts.size();
  const bool known = Repeat(step.repetitions, reader.scope(), reader.context(), [&](const ScopePtr& bound) {
    if (drafts.size() >= kMaxDrafts) {
      return;
    }
    const Reader inner = reader.In(bound);
    StepDraft draft = Draft(step, reader);
    draft.step.name = StepName(step, *bound);
    draft.step.verbs = ReadVerbs(step.verbs, inner);
    draft.step.incomplete = draft.step.verbs.size() < step.verbs.size();
    draft.repetition = drafts.size() > before;
    draft.after = References(step, inner);
    drafts.push_back(std::move(draft));
  });
  if (drafts.size() > before) {
    return;
  }
  // Nothing is left of it: its body is still checked, and others may be `after` it.
  const ScopePtr unbound = UnboundRepeat(step.repetitions, reader.scope(), reader.context());
  ReadVerbs(step.verbs, reader.In(unbound).TypesOnly());
  StepDraft draft = Draft(step, reader);
  draft.step.left_out = true;
  if (known) {
    draft.after = References(step, reader.In(unbound));
  }
  drafts.push_back(std::move(draft));
}

std::vector<Step> ResolveSteps(std::vector<StepDraft> drafts, std::string_view rollout, Checker& checker) {
  std::map<std::string, std::vector<std::size_t>> by_name;
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    const Step& step = drafts[i].step;
    auto& same = by_name[step.name];
    if (!same.empty()) {
      checker.context
          .Report(diagnostics::kDuplicateStep, step.span,
                  fmt::format("rollout `{}` has two steps `{}`", rollout, step.name))
          .Label(drafts[same.front()].step.definition, "the first one")
          .Emit();
    }
    same.push_back(i);
    if (step.base_name != step.name) {
      by_name[step.base_name].push_back(i);
    }
  }
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    StepDraft& draft = drafts[i];
    // The repetitions of a step run one behind the other; what it waits for, its first one waits for.
    if (!draft.after || draft.repetition) {
      continue;
    }
    for (const StepReferenceText& reference : *draft.after) {
      auto found = by_name.find(reference.name);
      if (found == by_name.end()) {
        ReportUnknownStep(reference, rollout, by_name, checker);
        continue;
      }
      for (std::size_t index : found->second) {
        const std::string& name = drafts[index].step.name;
        if (std::find(draft.step.after.begin(), draft.step.after.end(), name) == draft.step.after.end()) {
          draft.step.after.push_back(name);
        }
      }
    }
  }
  std::vector<Step> steps;
  for (StepDraft& draft : drafts) {
    steps.push_back(std::move(draft.step));
  }
  CheckWeightsAfterFull(steps, checker);
  return steps;
}

}  // namespace sluice::check
