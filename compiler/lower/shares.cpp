#include "compiler/lower/shares.h"

#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "compiler/lower/place.h"
#include "compiler/manifest/workload.h"

namespace sluice::lower {
namespace {

using diagnostics::Safety;

Number Distance(const Number& a, const Number& b) { return a < b ? b - a : a - b; }

Number Tolerance(const check::Rollout& rollout) {
  return rollout.tolerance ? rollout.tolerance->value : graph::Policies{}.tolerance;
}

bool IsMultiple(const Number& share, const Number& step) {
  if (step == Number(0)) {
    return true;
  }
  const Number count = share / step;
  return !count.overflowed() && count.is_integer();
}

// The nearest multiple of `step` within 0..1, not 0 for a share above 0.
Number NearestMultiple(const Number& share, const Number& step) {
  const Number count = share / step;
  if (count.overflowed()) {
    return Number(1);
  }
  const std::int64_t most = (Number(1) / step).Floor();
  return Number(std::clamp<std::int64_t>(count.Round(), share > Number(0) ? 1 : 0, std::max<std::int64_t>(most, 1))) *
         step;
}

std::string PodsWord(std::int64_t pods) { return fmt::format("{} pod{}", pods, pods == 1 ? "" : "s"); }

// "5% of 10 pods is 0.5 pods"
std::string ShareOfPods(const Number& share, std::int32_t replicas) {
  const Number pods = share * Number(replicas);
  return fmt::format("{} of {} is {} pods", share.ToPercent(), PodsWord(replicas), pods.ToRoundedString(2));
}

bool Realisable(const CapacityRules& rules, const Number& share, const Number& tolerance) {
  const graph::Pods pods = graph::NearestPods(share, rules.limits);
  return pods.candidate > 0 && Distance(graph::AchievedShare(pods), share) <= tolerance;
}

// The smallest whole percent, from `from` on, that pods can make.
std::optional<Number> SmallestRealisable(const CapacityRules& rules, const Number& tolerance, std::int64_t from) {
  for (std::int64_t percent = std::max<std::int64_t>(from, 1); percent <= 100; ++percent) {
    const Number share = Number::Ratio(percent, 100);
    if (Realisable(rules, share, tolerance)) {
      return share;
    }
  }
  return std::nullopt;
}

void OfferWeight(diagnostics::Builder& report, const VerbSite& site, const Number& share, const std::string& title) {
  if (IsLiteral(site.step, site.verb, site.sources)) {
    report.Fix(title, Safety::kUncertain, site.verb.value_span, share.ToPercent());
  } else {
    report.Note(title);
  }
}

bool CheckPodShare(const VerbSite& site, const Number& share) {
  const std::int32_t n = site.rules.limits.replicas;
  const Number tolerance = Tolerance(site.rollout);
  const graph::Pods pods = graph::NearestPods(share, site.rules.limits);
  const Number achieved = graph::AchievedShare(pods);
  const bool none = pods.candidate == 0;
  if (!none && Distance(achieved, share) <= tolerance) {
    return true;
  }
  const bool less_than_one = none || share * Number(n) < Number(1);
  const std::string percent = share.ToPercent();
  auto report = less_than_one
                    ? ReportAt(site.emitter, diagnostics::kShareOfNoPod, site.step, site.verb,
                               fmt::format("weight `{}` of {} comes to less than one pod", percent, PodsWord(n)))
                    : ReportAt(site.emitter, diagnostics::kShareOutOfTolerance, site.step, site.verb,
                               fmt::format("weight `{}` cannot be made of {}: the nearest is {}", percent, PodsWord(n),
                                           achieved.ToPercent()));
  report.Note(ShareOfPods(share, n));
  if (!none) {
    report.Note(fmt::format("{} of {} is {}, {} points from {}; the tolerance is {} points", PodsWord(pods.candidate),
                            pods.candidate + pods.stable, achieved.ToPercent(),
                            (Distance(achieved, share) * Number(100)).ToRoundedString(2), percent,
                            (tolerance * Number(100)).ToRoundedString(2)));
  }
  if (site.rollout.service != nullptr && site.rollout.service->replicas.span.known()) {
    report.Label(site.rollout.service->replicas.span, fmt::format("the service has {}", PodsWord(n)));
  }
  const std::int64_t from = less_than_one ? 1 : (share * Number(100)).Floor();
  if (const auto smallest = SmallestRealisable(site.rules, tolerance, from)) {
    OfferWeight(report, site, *smallest,
                fmt::format("the smallest weight that {} can make{} is {}", PodsWord(n),
                            less_than_one ? "" : " from here on", smallest->ToPercent()));
  }
  return false;
}

std::string RouterName(const check::Rollout& rollout) { return rollout.router->router.name; }

bool CheckRouterWeight(const VerbSite& site, const Number& share) {
  const check::Supports& supports = site.rollout.router->supports;
  if (!supports.weight) {
    ReportAt(site.emitter, diagnostics::kRouterCannot, site.step, site.verb,
             fmt::format("router `{}` splits no traffic by weight", RouterName(site.rollout)))
        .Label(supports.span, "what the router supports");
    return false;
  }
  if (IsMultiple(share, supports.weight_by)) {
    return true;
  }
  const Number nearest = NearestMultiple(share, supports.weight_by);
  const bool switches = supports.weight_by == Number(1);
  auto report = ReportAt(
      site.emitter, diagnostics::kRouterCannot, site.step, site.verb,
      switches
          ? fmt::format("router `{}` knows only 0% and 100%, not `{}`", RouterName(site.rollout), share.ToPercent())
          : fmt::format("router `{}` splits by {}, which `{}` is no multiple of", RouterName(site.rollout),
                        supports.weight_by.ToPercent(), share.ToPercent()));
  report.Label(supports.span, "what the router supports");
  OfferWeight(report, site, nearest, fmt::format("the nearest weight that it can split is {}", nearest.ToPercent()));
  return false;
}

}  // namespace

bool CheckWeight(const VerbSite& site, const Number& share) {
  if (share > Number(0) && site.rules.limits.replicas == 0) {
    ReportAt(site.emitter, diagnostics::kShareOfNoPod, site.step, site.verb,
             fmt::format("weight `{}` of 0 pods comes to no pod", share.ToPercent()))
        .Label(site.rollout.service->replicas.span, "the service has no pods");
    return false;
  }
  return site.rules.capacity == Capacity::kPods ? share == Number(0) || CheckPodShare(site, share)
                                                : CheckRouterWeight(site, share);
}

bool CheckMatch(const VerbSite& site, const graph::Match& match) {
  const check::Supports& supports = site.rollout.router->supports;
  bool well = true;
  for (const graph::MatchCondition& condition : match.conditions) {
    const auto wanted = std::make_pair(condition.what, condition.test);
    if (std::find(supports.matches.begin(), supports.matches.end(), wanted) != supports.matches.end()) {
      continue;
    }
    well = false;
    auto report = ReportAt(
        site.emitter, diagnostics::kRouterCannot, site.step, site.verb,
        fmt::format("router `{}` cannot match `{} {}`", RouterName(site.rollout), condition.what, condition.test));
    report.Label(supports.span, "what the router supports");
    for (const auto& [what, test] : supports.matches) {
      if (what == condition.what) {
        report.Note(fmt::format("it can match `{} {}`", what, test));
      }
    }
    if (supports.matches.empty()) {
      report.Note("it cannot tell one request from another");
    }
  }
  return well;
}

bool CheckMirror(const VerbSite& site, const Number& share) {
  const check::Supports& supports = site.rollout.router->supports;
  if (share == Number(0) || (supports.mirror && IsMultiple(share, supports.mirror_by))) {
    return true;
  }
  auto report = ReportAt(site.emitter, diagnostics::kRouterCannot, site.step, site.verb,
                         supports.mirror
                             ? fmt::format("router `{}` mirrors by {}, which `{}` is no multiple of",
                                           RouterName(site.rollout), supports.mirror_by.ToPercent(), share.ToPercent())
                             : fmt::format("router `{}` cannot mirror requests", RouterName(site.rollout)));
  report.Label(supports.span, "what the router supports");
  if (supports.mirror) {
    const Number nearest = NearestMultiple(share, supports.mirror_by);
    OfferWeight(report, site, nearest, fmt::format("the nearest share that it can mirror is {}", nearest.ToPercent()));
  }
  return false;
}

bool CheckReplicas(const VerbSite& site, const check::Amount& amount, const Number& share) {
  if (site.rules.capacity == Capacity::kPods) {
    ReportAt(site.emitter, diagnostics::kPodsCannot, site.step, site.verb,
             fmt::format("`replicas` with router `{}`: the pods are the share", RouterName(site.rollout)))
        .Note("a pod of the candidate gets traffic as soon as it is ready; say `weight`");
    return false;
  }
  const std::int32_t pods = graph::PodsOf(amount, site.rules.limits.replicas);
  const std::int32_t need = graph::Need(share, site.rules.limits);
  if (pods >= need) {
    return true;
  }
  auto report = ReportAt(site.emitter, diagnostics::kReplicasTooFew, site.step, site.verb,
                         fmt::format("{} cannot carry {} of the traffic", PodsWord(pods), share.ToPercent()));
  report.Note(fmt::format("{}; it needs {}", ShareOfPods(share, site.rules.limits.replicas), need));
  if (IsLiteral(site.step, site.verb, site.sources)) {
    report.Fix(fmt::format("give it {}", PodsWord(need)), Safety::kUncertain, site.verb.value_span,
               std::to_string(need));
  }
  return false;
}

}  // namespace sluice::lower
