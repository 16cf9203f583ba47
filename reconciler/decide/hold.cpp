#include "reconciler/decide/hold.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "reconciler/decide/back.h"
#include "reconciler/decide/objects.h"
#include "reconciler/decide/promotion.h"
#include "reconciler/decide/revision.h"

namespace sluice::decide {
namespace {

constexpr WayOut kWaysOut[] = {
    {Hold::kNone, "", "", ""},
    {Hold::kHeld, "Held", "sluice retry", "another revision, or the revert"},
    {Hold::kStableDown, "StableDown", "sluice promote after sluice retry, or repair stable's pods",
     "a new revision: it takes the traffic from the one that has it"},
    {Hold::kTrafficUnsettled, "TrafficUnsettled", "sluice abort --assume-settled",
     "a new revision, or a repaired route"},
    {Hold::kFirstInstallFailed, "FirstInstallFailed", "sluice retry", "any new revision"},
    {Hold::kRollbackFailed, "RollbackFailed", "sluice retry", "a new revision"},
    {Hold::kEditDeferred, "EditDeferred", "sluice abort or sluice promote", "the edit taken back, or a new revision"},
    {Hold::kBlocked, "Blocked", "allow what is refused, then sluice retry or sluice abort",
     "a plan that doesn't need what is refused"},
    {Hold::kStalled, "Stalled", "sluice resume, sluice retry, sluice promote or sluice abort", "a new revision"},
    {Hold::kPaused, "Paused", "sluice resume", "a new revision"},
    {Hold::kEjected, "Ejected", "deleting it and what it left", "a plan set without it"},
};

static_assert(std::size(kWaysOut) == static_cast<std::size_t>(Hold::kEjected) + 1);

using Named = std::pair<Hold, std::string>;

bool AnyLoserUp(const Context& context) {
  for (const auto& [revision, share] : context.status.applied.shares) {
    if (revision != context.status.stable && share > Number(0) && Endpoints(context, revision) > 0) {
      return true;
    }
  }
  if (context.by_pods()) {
    for (const auto& [revision, observed] : context.seen.revisions) {
      if (revision != context.status.stable && Endpoints(context, revision) > 0) {
        return true;
      }
    }
  }
  return false;
}

bool AnyOtherReady(const Context& context) {
  return std::any_of(context.seen.revisions.begin(), context.seen.revisions.end(), [&](const auto& entry) {
    return entry.first != context.status.stable && Endpoints(context, entry.first) > 0;
  });
}

Named NameGoingBack(Context& context) {
  const Status& status = context.status;
  const TimePoint rescue = status.back_since.value_or(context.now) + kRescue;
  const bool back = TrafficIsBack(context);
  // Where all pods share one quota, those that are ready stay until stable's are.
  const bool down = context.now >= rescue && Endpoints(context, status.stable) == 0;
  const bool kept = back && down && context.bounded() && AnyOtherReady(context);
  if (!back || kept) {
    if (!down) {
      return {};
    }
    std::string text = fmt::format("stable {} has no ready endpoint", status.stable);
    if (const std::string trouble = TroubleOf(context, status.stable); !trouble.empty()) {
      text += ": " + trouble;
    }
    if (kept) {
      return {Hold::kStableDown, text + "; the pods of others stay until it has"};
    }
    return AnyLoserUp(context) ? Named{Hold::kStableDown, text + "; traffic stays where pods are ready"}
                               : Named{Hold::kRollbackFailed, text + ", and no other revision has one"};
  }
  if (context.by_pods() || status.applied.settled_at || !status.applied.written_at) {
    return {};
  }
  const TimePoint due = *status.applied.written_at + kSettleBound;
  if (context.now < due) {
    context.Wake(due);
    return {};
  }
  return {Hold::kTrafficUnsettled, "the route never settled on stable alone; the pods stay"};
}

// Where all pods share one quota, the old ones stay until enough of the promoted revision's are ready.
bool OldPodsWait(const Context& context) {
  const Status& status = context.status;
  const std::int32_t least = context.replicas() - context.graph.policies.unavailable;
  return context.bounded() && Endpoints(context, status.stable) < least &&
         std::any_of(context.seen.revisions.begin(), context.seen.revisions.end(), [&](const auto& entry) {
           return entry.first != status.stable && SpecPods(context, entry.first) > 0;
         });
}

Named NameProgressing(Context& context) {
  const Status& status = context.status;
  if (status.stalled) {
    return {Hold::kStalled, status.stalled_reason};
  }
  if (status.paused) {
    return {Hold::kPaused, fmt::format("paused by {}", status.paused_by)};
  }
  if (IsPromoted(status) && status.promoted_at) {
    const TimePoint due = *status.promoted_at + kSettleBound;
    if (!StableServiceMoved(context, status.stable)) {
      if (context.now >= due) {
        return {Hold::kTrafficUnsettled,
                fmt::format("Service {} doesn't hold exactly the pods of {}", context.graph.service, status.stable)};
      }
      context.Wake(due);
    }
  }
  if (IsPromoted(status) && !context.by_pods() && !status.applied.settled_at && status.applied.written_at) {
    const TimePoint due = *status.applied.written_at + kSettleBound;
    if (context.now >= due) {
      return {Hold::kTrafficUnsettled, "the route never settled on the promoted revision alone; the old pods stay"};
    }
    context.Wake(due);
  }
  if (IsPromoted(status) && status.promoted_at && OldPodsWait(context)) {
    const TimePoint due = *status.promoted_at + kSettleBound;
    if (context.now >= due) {
      return {Hold::kStableDown,
              fmt::format("{} of {} pods of the promoted {} are ready; those of others stay until more are",
                          Endpoints(context, status.stable), context.replicas(), status.stable)};
    }
    context.Wake(due);
  }
  if (context.deferred) {
    return {Hold::kEditDeferred, "router, route or port changed while another revision than stable has traffic"};
  }
  return {};
}

// At rest a route is written anew when the plan's router was edited.
Named NameAtRest(Context& context) {
  const Applied& applied = context.status.applied;
  if (context.by_pods() || applied.settled_at || applied.shares.empty() || !applied.written_at) {
    return {};
  }
  const TimePoint due = *applied.written_at + kSettleBound;
  if (context.now < due) {
    context.Wake(due);
    return {};
  }
  return {Hold::kTrafficUnsettled, "the edited route never settled; what routed before it stays"};
}

Named NameBlocked(const Context& context) {
  for (const Failure& failure : context.seen.failures) {
    if (failure.refused) {
      return {Hold::kBlocked, fmt::format("{} is refused: {}", failure.what, failure.message)};
    }
  }
  return {};
}

Named NameOf(Context& context) {
  const Status& status = context.status;
  if (status.phase == Phase::kWaiting) {
    return {status.hold == Hold::kNone ? Hold::kHeld : status.hold, status.hold_reason};
  }
  Named named;
  if (status.phase == Phase::kGoingBack) {
    named = NameGoingBack(context);
  } else if (status.phase == Phase::kProgressing) {
    named = NameProgressing(context);
  } else if (status.phase == Phase::kSettled) {
    named = NameAtRest(context);
  }
  return named.first == Hold::kNone ? NameBlocked(context) : named;
}

}  // namespace

const WayOut& WayOutOf(Hold hold) { return kWaysOut[static_cast<std::size_t>(hold)]; }

std::string_view HoldName(Hold hold) { return WayOutOf(hold).name; }

std::string_view PhaseName(Phase phase) {
  constexpr std::string_view kNames[] = {"Idle", "Progressing", "GoingBack", "Settled", "Waiting"};
  return kNames[static_cast<std::size_t>(phase)];
}

void NameState(Context& context) {
  Status& status = context.status;
  Named named = NameOf(context);
  if (named.first != status.hold) {
    status.hold_since = named.first == Hold::kNone ? std::nullopt : std::optional(context.now);
    if (named.first != Hold::kNone && status.phase != Phase::kWaiting) {
      context.Event(true, std::string(HoldName(named.first)), named.second);
    }
  }
  status.hold = named.first;
  status.hold_reason = std::move(named.second);
  if (status.hold != Hold::kNone) {
    context.Say(fmt::format("{}: {}; leaves by: {}; or by a commit: {}", HoldName(status.hold), status.hold_reason,
                            WayOutOf(status.hold).command, WayOutOf(status.hold).commit));
  }
}

}  // namespace sluice::decide
