#include <optional>
#include <string>
#include <variant>

#include <fmt/format.h>

#include "compiler/lint/lint.h"

namespace sluice::lint {
namespace {

// A router that knows only all or nothing leaves the author no smaller step.
bool OnlySwitches(const check::Rollout& rollout) {
  return rollout.router && rollout.router->supports.weight_by == Number(1);
}

class WeightRules {
 public:
  WeightRules(const check::Rollout& rollout, diagnostics::Emitter& emitter)
      : rollout_(rollout), switches_(OnlySwitches(rollout)), emitter_(emitter) {}

  void Run() {
    for (const check::Step& step : rollout_.steps) {
      if (step.left_out) {
        continue;
      }
      for (const check::Verb& verb : step.verbs) {
        Look(step, verb);
      }
    }
  }

 private:
  void Look(const check::Step& step, const check::Verb& verb) {
    if (const auto* hold = std::get_if<check::Hold>(&verb.verb)) {
      measured_ = measured_ || (hold->guard && reached_);
    } else if (std::holds_alternative<check::Check>(verb.verb)) {
      measured_ = true;
    } else if (const auto* weight = std::get_if<check::Weight>(&verb.verb)) {
      LookAtWeight(step, verb, weight->share);
    } else if (std::holds_alternative<check::MatchLine>(verb.verb) ||
               std::holds_alternative<check::Mirror>(verb.verb)) {
      reached_ = true;
    }
  }

  void LookAtWeight(const check::Step& step, const check::Verb& verb, const Number& share) {
    if (last_ != nullptr) {
      Compare(step, verb, share);
    }
    if (!switches_) {
      Jump(verb, share);
      Majority(verb, share);
    }
    share_ = share;
    last_ = &verb;
    reached_ = reached_ || share > Number(0);
  }

  void Compare(const check::Step& step, const check::Verb& verb, const Number& share) {
    if (share_ == Number(1)) {
      return;  // an error of its own
    }
    if (share == share_) {
      emitter_
          .Report(diagnostics::kWeightRepeats, verb.value_span,
                  fmt::format("step `{}` sets {}, which stands already", step.name, share.ToPercent()))
          .Label(last_->definition, "set here");
    } else if (share < share_ && share != Number(0)) {
      emitter_
          .Report(diagnostics::kWeightFalls, verb.value_span,
                  fmt::format("step `{}` goes back from {} to {}", step.name, share_.ToPercent(), share.ToPercent()))
          .Label(last_->definition, "set here")
          .Note("a failing gate takes traffic back by itself, all of it");
    }
  }

  void Jump(const check::Verb& verb, const Number& share) {
    const Number jump = share - share_;
    if (!(jump > Number::Ratio(1, 2))) {
      return;
    }
    emitter_
        .Report(diagnostics::kWeightJumps, verb.value_span,
                fmt::format("from {} to {} in one step", share_.ToPercent(), share.ToPercent()))
        .Note(fmt::format("a fault that shows only under load meets {} more points of the traffic at once",
                          (jump * Number(100)).ToRoundedString(2)));
  }

  void Majority(const check::Verb& verb, const Number& share) {
    if (majority_ || !(share > Number::Ratio(1, 2))) {
      return;
    }
    majority_ = true;
    if (measured_ || (rollout_.watch && reached_)) {
      return;
    }
    emitter_
        .Report(diagnostics::kUngatedMajority, verb.value_span,
                fmt::format("the candidate gets {} before any gate has looked at it", share.ToPercent()))
        .Note("put `hold 10m while GATE` or `check GATE within 10m` behind a smaller weight");
  }

  const check::Rollout& rollout_;
  const bool switches_;
  diagnostics::Emitter& emitter_;
  Number share_;
  const check::Verb* last_ = nullptr;
  bool reached_ = false;   // requests reach the candidate
  bool measured_ = false;  // a gate has looked at it since
  bool majority_ = false;
};

}  // namespace

void LintWeights(const check::Rollout& rollout, diagnostics::Emitter& emitter) { WeightRules(rollout, emitter).Run(); }

}  // namespace sluice::lint
