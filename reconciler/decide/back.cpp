#include "reconciler/decide/back.h"

#include <algorithm>

#include <fmt/format.h>

#include "reconciler/decide/history.h"
#include "reconciler/decide/outbox.h"
#include "reconciler/decide/revision.h"
#include "reconciler/decide/split.h"

namespace sluice::decide {
namespace {

Split OnlyStable(const Context& context) { return {{{context.status.stable, Number(1)}}, {}, Number(0)}; }

// Stable gets what its ready pods carry, the losers keep the rest. None if that is no gain.
std::optional<Split> AsMuchAsStableCarries(const Context& context) {
  const Status& status = context.status;
  const Number able = ShareCarriedBy(context, Ready(context, status.stable));
  if (able <= ShareOf(context, status.stable)) {
    return std::nullopt;
  }
  Split split{{{status.stable, able}}, {}, Number(0)};
  Number rest = Number(1) - able;
  for (const auto& [revision, share] : status.applied.shares) {
    if (revision != status.stable && share > Number(0) && rest > Number(0)) {
      const Number kept = share < rest ? share : rest;
      split.shares[revision] = kept;
      rest = rest - kept;
    }
  }
  return rest == Number(0) ? std::optional(std::move(split)) : std::nullopt;
}

void MoveTraffic(Context& context) {
  Status& status = context.status;
  const Revision& stable = status.stable;
  if (TrafficIsBack(context)) {
    return;
  }
  const std::int32_t need = NeedOf(context, Number(1));
  const TimePoint rescue = status.back_since.value_or(context.now) + kRescue;
  const bool losers_gone =
      std::all_of(status.applied.shares.begin(), status.applied.shares.end(), [&](const auto& entry) {
        return entry.first == stable || entry.second == Number(0) || Endpoints(context, entry.first) == 0;
      });
  const bool rescued = (context.now >= rescue || losers_gone) && Endpoints(context, stable) > 0;
  if (Ready(context, stable) >= need || rescued) {
    Apply(context, OnlyStable(context));
    return;
  }
  if (std::optional<Split> part = AsMuchAsStableCarries(context)) {
    Apply(context, std::move(*part));
  }
  context.Say(fmt::format("traffic moves back as stable becomes ready: {} of {} pods", Ready(context, stable), need),
              status.back_node, context.now < rescue ? std::optional(rescue) : std::nullopt);
}

void AimPods(Context& context) {
  Status& status = context.status;
  context.target[status.stable] = context.replicas();
  const ObservedDeployment* receiver = DeploymentOf(context, status.stable);
  if (receiver != nullptr && !receiver->blocked.empty() && Endpoints(context, status.stable) < context.replicas()) {
    context.swap_for = status.stable;
  }
  if (!context.bounded()) {
    return;
  }
  // One quota for all: the losers shrink as far as their traffic, or stable's readiness, lets them.
  const bool rescued =
      status.back_since && context.now >= *status.back_since + kRescue && Endpoints(context, status.stable) > 0;
  context.max_pods = context.replicas() + context.graph.policies.surge;
  context.min_ready = rescued ? 0 : context.replicas() - context.graph.policies.unavailable;
  for (const auto& [revision, observed] : context.seen.revisions) {
    const bool carries = context.by_pods() || ShareOf(context, revision) > Number(0);
    if (revision != status.stable && observed.deployment && carries) {
      context.target[revision] = 0;
      context.floor[revision] = context.by_pods() ? 0 : NeedOf(context, ShareInFlight(context, revision));
    }
  }
  if (rescued && context.by_pods()) {
    context.floor[status.stable] = 1;
  } else if (!rescued && status.back_since) {
    context.Wake(*status.back_since + kRescue);
  }
}

bool PodsAreBack(const Context& context) {
  for (const auto& [revision, observed] : context.seen.revisions) {
    if (revision != context.status.stable && observed.deployment && observed.deployment->spec_replicas > 0) {
      return false;
    }
  }
  return true;
}

// Everything is where it was: the run is over.
void Finish(Context& context) {
  Status& status = context.status;
  const Revision candidate = status.candidate;
  const bool fast = status.fast_track;
  if (context.by_pods()) {
    status.applied.shares = {{status.stable, Number(1)}};
    status.applied.previous = status.applied.shares;
  }
  if (status.back_holds && !candidate.empty()) {
    HoldRevision(context, candidate, status.back_reason);
  }
  status.candidate.clear();
  status.leaving.clear();
  status.back_since.reset();
  status.phase = status.back_holds ? Phase::kWaiting : Phase::kSettled;
  status.hold = !status.back_holds ? Hold::kNone : fast ? Hold::kRollbackFailed : Hold::kHeld;
  status.hold_reason = status.back_holds ? status.back_reason : std::string();
  status.hold_since = status.back_holds ? std::optional(context.now) : std::nullopt;
  context.Event(status.back_holds, status.back_holds ? "RevisionHeld" : "WentBack",
                fmt::format("stable {} runs alone again: {}", status.stable, status.back_reason));
}

}  // namespace

void TurnBack(Context& context, const WayBack& way) {
  Status& status = context.status;
  context.Event(true, "GoingBack", way.reason);
  status.paused = false;
  status.paused_until.reset();
  status.stalled = false;
  status.skip_to_end = false;
  status.unready_since.reset();
  // What the walk aimed at before it failed holds no more.
  context.target.clear();
  context.floor.clear();
  if (status.stable.empty()) {
    EndRun(context, "failed", way.reason, way.who);
    status.phase = Phase::kWaiting;
    status.hold = Hold::kFirstInstallFailed;
    status.hold_reason = way.reason;
    status.hold_since = context.now;
    status.back_node = way.node;
    status.back_reason = way.reason;
    return;
  }
  EndRun(context, way.outcome, way.reason, way.who);
  status.phase = Phase::kGoingBack;
  status.back_reason = way.reason;
  status.back_node = way.node;
  status.back_outcome = way.outcome;
  status.back_holds = way.holds;
  status.back_since = context.now;
}

bool TrafficIsBack(const Context& context) {
  const Status& status = context.status;
  if (context.by_pods()) {
    return PodsAreBack(context);
  }
  return IsApplied(context, OnlyStable(context)) || status.applied.shares.empty();
}

void GoBack(Context& context) {
  Status& status = context.status;
  if (status.stable.empty()) {
    status.phase = Phase::kWaiting;
    return;
  }
  if (!context.by_pods()) {
    MoveTraffic(context);
  }
  AimPods(context);
  if (!TrafficIsBack(context)) {
    return;
  }
  const bool failed = status.back_outcome == "rolled-back" || status.back_outcome == "aborted";
  const bool verbs_done = !failed || RunVerbs(context, context.graph.on_failure, status.back_node, status.back_reason);
  const bool settled = context.by_pods() || status.applied.shares.empty() || status.applied.settled_at.has_value();
  if (!settled) {
    context.Say("waits for the route to settle on stable alone");
    return;
  }
  if (!PodsAreBack(context)) {
    context.Say(fmt::format("drains {}", status.candidate));
    return;
  }
  if (verbs_done) {
    Finish(context);
  }
}

}  // namespace sluice::decide
