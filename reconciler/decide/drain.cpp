#include "reconciler/decide/drain.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/decide/adopt.h"
#include "reconciler/decide/jobs.h"
#include "reconciler/decide/objects.h"
#include "reconciler/decide/revision.h"
#include "reconciler/decide/route_objects.h"
#include "reconciler/decide/split.h"

namespace sluice::decide {
namespace {

// Its pods belong to somebody: stable, a candidate on its way, a first install that failed.
bool HasRole(const Status& status, const Revision& revision) {
  return revision == status.stable || (revision == status.candidate && status.phase != Phase::kGoingBack);
}

bool HasTraffic(const Context& context, const Revision& revision) {
  const Applied& applied = context.status.applied;
  if (context.by_pods() || applied.shares.empty()) {
    return false;
  }
  return !applied.settled_at || applied.shares.contains(revision);
}

TimePoint KeptUntil(const Context& context, const Revision& revision, TimePoint drained_since) {
  const Status& status = context.status;
  TimePoint until = context.by_pods() ? context.now : drained_since + context.graph.policies.drain;
  const bool previous = status.promoted.size() > 1 && status.promoted[1] == revision;
  if (!previous || !status.promoted_at || context.by_pods() || status.phase == Phase::kGoingBack) {
    return until;
  }
  Duration keep = context.graph.policies.keep_previous;
  for (const graph::Node& node : context.graph.nodes) {
    if (const auto* retire = std::get_if<graph::RetireNode>(&node.does)) {
      keep = std::max(keep, retire->keep);
    }
  }
  return std::max(until, *status.promoted_at + keep);
}

// Whether some bundle, kept revision or clause still names it.
bool IsKept(const Context& context, const Revision& revision) {
  const Status& status = context.status;
  if (revision == context.graph.workload.revision || revision == context.seen.wanted || revision == status.pinned ||
      revision == status.candidate || revision == status.stable) {
    return true;
  }
  std::int32_t left = context.graph.policies.fast_track + 1;
  for (const Revision& promoted : status.promoted) {
    if (left-- > 0 && promoted == revision) {
      return true;
    }
  }
  return false;
}

std::string NameOf(const Context& context, const Revision& revision) { return context.graph.service + "-" + revision; }

// The router's objects are as the applied split wants them, and no others are left: whom it doesn't name, none names.
bool NoneElseIsRouted(const Context& context) {
  const std::vector<RouteObject> objects = RouteObjects(context);
  return Unwanted(context, objects).empty() &&
         std::all_of(objects.begin(), objects.end(), [&](const RouteObject& one) { return InPlace(context, one); });
}

// Routes go first: what they lead to stays until nobody can be on the way there any more. True once that is so.
bool RemoveRoutes(Context& context) {
  Applied& applied = context.status.applied;
  if (!applied.shares.empty()) {
    Apply(context, Split{});
  }
  const std::vector<const ObservedObject*> routes = Unwanted(context, {});
  for (const ObservedObject* route : routes) {
    DeleteRouteObject(context, *route, "the rollout was removed");
  }
  ForgetGone(context, {});
  if (!routes.empty() || context.by_pods() || !applied.written_at) {
    return routes.empty();
  }
  const TimePoint due = *applied.written_at + std::max(context.graph.router.lag, context.graph.policies.drain);
  if (context.now < due) {
    context.Say("waits for requests that were on the way", {}, due);
  }
  return context.now >= due;
}

}  // namespace

void ForgetDrained(Status& status, const Observed& seen) {
  std::erase_if(status.drained_since, [&](const auto& entry) { return !seen.revisions.contains(entry.first); });
}

void DeleteRevision(Context& context, const Revision& revision, const ObservedRevision& observed,
                    const std::string& why) {
  const std::string& space = context.graph.rollout_namespace;
  const std::string& us = context.seen.uid;
  const bool adopted = IsAdopted(context, revision);
  const bool own_deployment = observed.deployment && !context.by_partition();
  const bool ours = own_deployment && observed.deployment->owner == us && !adopted;
  if (own_deployment && adopted) {
    DeleteCompanions(context, observed, why);  // they stay, too
    ReleaseDeployment(context, revision, 0);
  }
  if (ours && !observed.deployment->deleting) {
    context.decision.actions.emplace_back(
        DeleteObject{"apps/v1", "Deployment", space, NameOf(context, revision), observed.deployment->version, why});
  }
  if (observed.service && observed.service_owner == us) {
    context.decision.actions.emplace_back(
        DeleteObject{"v1", "Service", space, NameOf(context, revision), *observed.service, why});
  }
}

void Drain(Context& context) {
  Status& status = context.status;
  std::erase_if(status.leaving, [&](const Revision& revision) {
    return !HasTraffic(context, revision) || !context.seen.revisions.contains(revision);
  });
  for (const auto& [revision, observed] : context.seen.revisions) {
    if (HasRole(status, revision) || HasTraffic(context, revision)) {
      status.drained_since.erase(revision);
      continue;
    }
    const TimePoint since = status.drained_since.try_emplace(revision, context.now).first->second;
    const bool described = WorkloadOf(context, revision) != nullptr;
    if (SpecPods(context, revision) > 0 && described) {
      const TimePoint until = KeptUntil(context, revision, since);
      if (context.now < until) {
        context.Say(fmt::format("{} keeps its pods", revision), {}, until);
      } else {
        context.target.emplace(revision, 0);
      }
      continue;
    }
    const bool gone = !observed.deployment || observed.deployment->pods == 0 || !described;
    const bool drained = context.now >= KeptUntil(context, revision, since);
    if (gone && drained && !IsKept(context, revision) && NoneElseIsRouted(context)) {
      DeleteRevision(context, revision, observed, "nothing names this revision");
    } else if (!drained) {
      context.Wake(KeptUntil(context, revision, since));
    }
  }
}

void Remove(Context& context) {
  Status& status = context.status;
  if (!context.graph.policies.delete_on_removal) {
    if (!LeaveJobs(context) || !GiveBack(context)) {
      return;
    }
    status.phase = Phase::kIdle;
    return;
  }
  if (!RemoveRoutes(context)) {
    return;
  }
  bool left = false;
  if (context.seen.stable_service && IsOurs(context, context.seen.stable_service->object)) {
    context.decision.actions.emplace_back(DeleteObject{"v1", "Service", context.graph.rollout_namespace,
                                                       context.graph.service, context.seen.stable_service->version,
                                                       "the rollout was removed"});
    left = true;
  }
  const std::string& us = context.seen.uid;
  for (const auto& [revision, observed] : context.seen.revisions) {
    DeleteRevision(context, revision, observed, "nothing names this revision");
    left = left || (observed.deployment && observed.deployment->owner == us) ||
           (observed.service && observed.service_owner == us);
  }
  left = !DeleteJobs(context) || left;
  left = !DeleteCompanions(context) || left;
  if (!left) {
    status.phase = Phase::kIdle;
    status.hold = Hold::kNone;
    status.stable.clear();
    status.candidate.clear();
    status.applied = Applied{};
  }
}

}  // namespace sluice::decide
