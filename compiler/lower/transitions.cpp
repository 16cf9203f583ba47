// Verbs that change the split: moves of pods and of traffic.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "compiler/lower/node_maker.h"

namespace sluice::lower {
namespace {

// Each further round of pods where they have to make room for one another.
constexpr Duration kRoundBound{60'000};
// How long an accepted route may take to be settled.
constexpr Duration kSettleBound{600'000};
// What Kubernetes gives a pod to end without being told otherwise, and the longest that a bound reckons with.
constexpr std::int64_t kDefaultGraceSeconds = 30, kMostSeconds = 86'400;

Duration SecondsOr(const graph::Value& said, std::int64_t otherwise) {
  const graph::Quantity* seconds = said.as_quantity();
  return std::chrono::seconds(
      std::clamp<std::int64_t>(seconds == nullptr ? otherwise : seconds->number.Floor(), 0, kMostSeconds));
}

// A place of a StatefulSet has no next pod before its last one has ended, nor the next place before that one is
// available.
Duration PlaceBound(const graph::Value& stateful_set) {
  const graph::Value spec = stateful_set.Field("spec");
  return kRoundBound +
         SecondsOr(spec.Path({"template", "spec", "terminationGracePeriodSeconds"}), kDefaultGraceSeconds) +
         SecondsOr(spec.Field("minReadySeconds"), 0);
}

}  // namespace

void NodeMaker::AddTransition(const Transition& transition) {
  ApplyVerbs(transition);
  const check::Step& step = *transition.step;
  const check::Verb* weight = transition.Find("weight");
  const check::Verb& lead = weight != nullptr ? *weight : *transition.verbs.front();
  const std::string base = TransitionPath(transition, lead);
  if (!Claim(lead, step, base)) {
    return;
  }
  const graph::Pods to = PodsFor(rules_, split_);
  const bool splits = rules_.capacity != Capacity::kPods && (weight != nullptr || transition.Find("match") != nullptr ||
                                                             transition.Find("mirror") != nullptr);
  const bool scales = !(to == pods_) || weight != nullptr || transition.Find("replicas") != nullptr;
  const source::Span span = lead.span;
  if (rules_.capacity == Capacity::kShared && split_.share != carried_) {
    AddSharedMoves(step, base, span, lead, to);
  } else if (to.candidate < pods_.candidate && splits) {
    AddTraffic(step, base + "/traffic", span, split_.share);
    AddScale(step, base + "/scale", span, to, split_.share);
  } else {
    if (scales) {
      AddScale(step, base + "/scale", span, to, split_.share);
    }
    if (splits) {
      AddTraffic(step, base + "/traffic", span, split_.share);
    }
  }
  carried_ = split_.share;
}

// Weights are what a step is about: their nodes stand directly under it.
std::string NodeMaker::TransitionPath(const Transition& transition, const check::Verb& lead) const {
  const std::string path = PathOf(*transition.step);
  for (const check::Verb* verb : transition.verbs) {
    if (verb->as) {
      return path + "/" + *verb->as;
    }
  }
  return lead.word == "weight" ? path : path + "/" + lead.word;
}

void NodeMaker::ApplyVerbs(const Transition& transition) {
  bool matches_replaced = false;
  for (const check::Verb* verb : transition.verbs) {
    const VerbSite site{rollout_, rules_, *transition.step, *verb, sources_, emitter_};
    if (const auto* weight = std::get_if<check::Weight>(&verb->verb)) {
      split_.share = weight->share;
      last_weight_ = {transition.step, verb};
      CheckWeightOnce(site, weight->share);
      ForbidAfterPromotion(*transition.step, *verb);
    } else if (const auto* match = std::get_if<check::MatchLine>(&verb->verb)) {
      if (!std::exchange(matches_replaced, true)) {
        split_.matches.clear();
      }
      if (!match->match.conditions.empty()) {
        split_.matches.push_back(match->match);
        Require(CheckMatch(site, match->match));
      }
      ForbidAfterPromotion(*transition.step, *verb);
    } else if (const auto* mirror = std::get_if<check::Mirror>(&verb->verb)) {
      split_.mirror = mirror->share;
      Require(CheckMirror(site, mirror->share));
      ForbidAfterPromotion(*transition.step, *verb);
    } else if (const auto* replicas = std::get_if<check::Replicas>(&verb->verb)) {
      split_.replicas = replicas->amount;
      ForbidAfterPromotion(*transition.step, *verb);
    }
  }
  if (const check::Verb* verb = transition.Find("replicas")) {
    const VerbSite site{rollout_, rules_, *transition.step, *verb, sources_, emitter_};
    Require(CheckReplicas(site, *split_.replicas, split_.share));
  }
}

// Of the weights that one line of a strategy comes to, the first that cannot be had speaks for all.
void NodeMaker::CheckWeightOnce(const VerbSite& site, const Number& share) {
  const source::Span& line = site.verb.definition;
  if (IsFromStrategy(site.verb) && refused_.contains({line.file, line.begin})) {
    return;
  }
  if (!CheckWeight(site, share)) {
    refused_.insert({line.file, line.begin});
    well_ = false;
  }
}

void NodeMaker::AddScale(const check::Step& step, const std::string& path, source::Span span, const graph::Pods& to,
                         const Number& share) {
  const graph::PodLimits& limits = rules_.limits;
  graph::ScaleNode scale;
  scale.pods = to;
  scale.min_ready = std::max(0, limits.replicas - limits.unavailable);
  scale.max_pods = graph::MostPods(pods_, to, limits, rules_.capacity != Capacity::kFull);
  if (rules_.most) {
    scale.least = LeastOf(split_);
  }
  scale.share = share;
  scale.achieved = rules_.capacity == Capacity::kPods ? graph::AchievedShare(to) : share;
  Node& node = Append(path, step.name, span);
  node.does = scale;
  node.bound = ScaleBound(to);
  pods_ = to;
}

Duration NodeMaker::ScaleBound(const graph::Pods& to) const {
  if (rules_.capacity == Capacity::kFull) {
    return kReadyBound;
  }
  std::int32_t swapped = std::max(0, to.candidate - pods_.candidate) + std::max(0, to.stable - pods_.stable);
  graph::PodLimits limits = rules_.limits;
  if (rules_.most) {
    limits = *rules_.most;
    swapped = limits.replicas;
  }
  if (graph_.adopts && graph_.adopts->by_partition) {
    // One at a time: a cluster without the feature MaxUnavailableStatefulSet knows no other number.
    return kReadyBound + PlaceBound(graph_.workload.deployment) * swapped;
  }
  const std::int32_t at_once = std::max(1, limits.surge + limits.unavailable);
  return kReadyBound + kRoundBound * ((swapped + at_once - 1) / at_once);
}

void NodeMaker::AddTraffic(const check::Step& step, const std::string& path, source::Span span, const Number& share) {
  Node& node = Append(path, step.name, span);
  node.does = graph::TrafficNode{share, split_.matches, split_.mirror};
  node.bound = kSettleBound;
}

void NodeMaker::AddSharedMoves(const check::Step& step, const std::string& base, source::Span span,
                               const check::Verb& lead, const graph::Pods& to) {
  const auto moves = SharedMoves(rules_.limits, pods_, carried_, to, split_.share, kMaxMoves);
  if (!moves) {
    ReportAt(emitter_, diagnostics::kTooManyMoves, step, lead,
             fmt::format("with `capacity shared` this step takes more than {} moves of pods and traffic", kMaxMoves))
        .Note(fmt::format("a surge of {} and {} unavailable move {} of {} pods at a time", rules_.limits.surge,
                          rules_.limits.unavailable, std::max(1, rules_.limits.surge + rules_.limits.unavailable),
                          rules_.limits.replicas));
    well_ = false;
    return;
  }
  for (std::size_t i = 0; i < moves->size(); ++i) {
    const Move& move = (*moves)[i];
    const bool last = i + 1 == moves->size();
    const std::string suffix = last ? "" : fmt::format("[{}]", move.share.ToPercent());
    AddScale(step, fmt::format("{}/scale{}", base, suffix), span, move.pods, move.share);
    AddTraffic(step, fmt::format("{}/traffic{}", base, suffix), span, move.share);
  }
  if (!(pods_ == to)) {
    AddScale(step, base + "/shrink", span, to, split_.share);
  }
}

}  // namespace sluice::lower
