#include "reconciler/decide/supersede.h"

#include <algorithm>

#include <fmt/format.h>

#include "reconciler/decide/back.h"
#include "reconciler/decide/history.h"
#include "reconciler/decide/revision.h"
#include "reconciler/decide/split.h"

namespace sluice::decide {
namespace {

constexpr std::size_t kLeavingAtMost = 2;

std::string OutcomeOfWayBack(const Context& context) {
  if (context.seen.removed) {
    return "removed";
  }
  if (context.deferred) {
    return "superseded";
  }
  return context.status.pinned.empty() ? "reverted" : "undone";
}

// Another revision than the candidate is wanted while it is under way.
void Supersede(Context& context, const Revision& wanted) {
  Status& status = context.status;
  const Revision old = status.candidate;
  const bool carries = !context.by_pods() && MayGetRequests(status, old) && !status.stable.empty();
  const bool leaves = carries && std::find(status.leaving.begin(), status.leaving.end(), old) == status.leaving.end();
  const std::size_t others = status.leaving.size() -
                             static_cast<std::size_t>(std::count(status.leaving.begin(), status.leaving.end(), wanted));
  const std::string reason = fmt::format("revision {} is wanted", wanted);
  if (leaves && others >= kLeavingAtMost) {
    if (status.phase != Phase::kGoingBack) {
      TurnBack(context, {"superseded", reason, "", "", false});
    }
    return;
  }
  EndRun(context, "superseded", reason);
  if (leaves) {
    status.leaving.push_back(old);
    // What matched or was mirrored was for it alone: as a split of its own, so that it is named until that has settled.
    Apply(context, Split{status.applied.shares, {}, Number(0)});
  }
  StartRun(context, wanted);
}

void LiftHolds(Context& context, const Revision& wanted) {
  for (HeldRevision& held : context.status.held) {
    held.lifted = held.lifted || held.revision != wanted;
  }
}

void FollowAtRest(Context& context, const Revision& wanted) {
  Status& status = context.status;
  if (wanted == status.stable) {
    if (status.phase != Phase::kSettled && !wanted.empty()) {
      status.phase = Phase::kSettled;
      status.back_holds = false;
    }
    return;
  }
  if (IsHeld(status, wanted)) {
    status.phase = Phase::kWaiting;
    return;
  }
  const bool failed_install = status.phase == Phase::kWaiting && status.hold == Hold::kFirstInstallFailed;
  if (failed_install && status.candidate == wanted) {
    return;
  }
  if (!wanted.empty() && WorkloadOf(context, wanted) == nullptr) {
    context.Say(fmt::format("no bundle describes revision {}", wanted));
    return;
  }
  StartRun(context, wanted);
}

}  // namespace

Revision Wanted(const Context& context) {
  const Status& status = context.status;
  const bool other_graph = context.deferred && context.seen.wanted != context.graph.workload.revision;
  if (context.seen.removed || other_graph) {
    return status.stable;
  }
  return status.pinned.empty() ? context.graph.workload.revision : status.pinned;
}

void FollowGit(Context& context) {
  Status& status = context.status;
  const Revision git = context.seen.wanted.empty() ? context.graph.workload.revision : context.seen.wanted;
  if (!status.pinned.empty() && git != status.pinned_over) {
    status.pinned.clear();
    status.pinned_over.clear();
  }
  const Revision wanted = Wanted(context);
  LiftHolds(context, wanted);
  if (status.phase == Phase::kIdle || status.phase == Phase::kSettled || status.phase == Phase::kWaiting) {
    if (!context.seen.removed) {
      FollowAtRest(context, wanted);
    }
    return;
  }
  if (status.phase == Phase::kGoingBack) {
    const bool again = wanted == status.candidate && !status.back_holds && !context.deferred;
    if (again) {
      StartRun(context, wanted);
    } else if (wanted != status.stable && wanted != status.candidate) {
      Supersede(context, wanted);
    }
    return;
  }
  if (status.candidate.empty()) {  // promoted, what it left is being taken away
    if (wanted != status.stable) {
      StartRun(context, wanted);
    }
    return;
  }
  if (wanted == status.candidate) {
    return;
  }
  if (wanted == status.stable) {
    const std::string outcome = OutcomeOfWayBack(context);
    TurnBack(context, {outcome,
                       outcome == "superseded" ? fmt::format("revision {} is wanted", context.seen.wanted)
                                               : fmt::format("stable {} is wanted again", status.stable),
                       "", "", false});
    return;
  }
  Supersede(context, wanted);
}

void RelieveLeaving(Context& context) {
  const Status& status = context.status;
  if (context.by_pods() || status.stable.empty() || status.candidate.empty() ||
      Endpoints(context, status.stable) == 0) {
    return;
  }
  const bool any = std::any_of(status.applied.shares.begin(), status.applied.shares.end(), [&](const auto& entry) {
    return entry.first != status.stable && entry.first != status.candidate;
  });
  if (!any) {
    return;
  }
  Split split = SplitFor(context, ShareOf(context, status.candidate), {}, Number(0));
  if (CandidateExposed(context)) {
    split.matches = status.applied.matches;
    split.mirror = status.applied.mirror;
    split.shares.try_emplace(status.candidate, Number(0));
  }
  if (ShareOf(context, status.stable) < split.shares[status.stable] ||
      split.shares.size() < status.applied.shares.size()) {
    Apply(context, std::move(split));
  }
}

}  // namespace sluice::decide
