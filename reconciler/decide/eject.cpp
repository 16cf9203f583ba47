#include "reconciler/decide/eject.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/decide/adopt.h"
#include "reconciler/decide/drain.h"
#include "reconciler/decide/jobs.h"
#include "reconciler/decide/objects.h"
#include "reconciler/decide/revision.h"
#include "reconciler/decide/route_objects.h"

namespace sluice::decide {
namespace {

void Leave(Context& context, const graph::Value& object, const Version& version) {
  context.decision.actions.emplace_back(ApplyObject{Unmarked(object), version, "ejected"});
}

void LeaveRoutes(Context& context) {
  for (const RouteObject& object : RouteObjects(context)) {
    const ObservedObject* seen = object.wanted && object.error.empty() ? SeenOf(context, object) : nullptr;
    if (seen != nullptr && IsOurs(context, seen->object)) {
      Leave(context, object.manifest, seen->version);
    }
  }
}

void LeaveStable(Context& context, const ObservedRevision& seen) {
  const Revision& stable = context.status.stable;
  const graph::Workload* workload = WorkloadOf(context, stable);
  if (workload == nullptr) {
    return;  // no bundle says what is ours of it
  }
  if (seen.service && seen.service_owner == context.seen.uid) {
    Leave(context, RevisionService(context, stable), *seen.service);
  }
  for (const auto& [name, companion] : seen.companions) {
    const graph::Value* own = PlannedCompanion(*workload, name);
    if (own == nullptr || !IsOurs(context, companion.object)) {
      continue;
    }
    // The plan in force says how pods are counted, not the bundle of each revision.
    const bool counts = name.kind == graph::kAutoscalerKind;
    Leave(context, counts ? With(*own, {"spec"}, companion.object.Field("spec")) : *own, companion.version);
  }
  if (!context.by_partition() && seen.deployment && seen.deployment->owner == context.seen.uid) {
    const graph::Value pods(SpecPods(context, stable));
    Leave(context, With(workload->deployment, {"spec", "replicas"}, pods), seen.deployment->version);
  }
}

}  // namespace

bool IsEjected(const Status& status) { return status.hold == Hold::kEjected; }

bool Ejects(const Status& status, const Observed& observed) {
  return IsEjected(status) ||
         std::any_of(observed.commands.begin(), observed.commands.end(), [&](const Command& command) {
           // One that was taken may be there for a while.
           const bool taken = std::any_of(status.consumed.begin(), status.consumed.end(),
                                          [&](const TakenCommand& one) { return one.uid == command.uid; });
           return command.verb == "eject" && !taken;
         });
}

std::optional<std::string> BeginEjection(Context& context, const Command& command) {
  Status& status = context.status;
  if (status.phase == Phase::kProgressing || status.phase == Phase::kGoingBack) {
    return "a rollout is under way: wait for its end, or abort it first";
  }
  if (status.stable.empty()) {
    return "no revision is stable: there is nothing to leave";
  }
  if (!context.by_pods() && !status.applied.settled_at) {
    return "the route does not stand yet: wait until it has settled";
  }
  status.phase = Phase::kWaiting;
  status.hold = Hold::kEjected;
  status.hold_since = context.now;
  status.hold_reason = fmt::format("ejected by {}{}{}: what serves {} stays as it stands", command.who,
                                   command.why.empty() ? "" : ", ", command.why, status.stable);
  context.Event(true, "Ejected", status.hold_reason);
  return std::nullopt;
}

void Eject(Context& context) {
  if (!LeaveJobs(context)) {
    return;
  }
  LeaveRoutes(context);
  const bool adopted = IsAdopted(context, context.status.stable);
  const auto& address = context.seen.stable_service;
  if ((!adopted || context.by_partition()) && address && IsOurs(context, address->object)) {
    Leave(context, AddressOf(context, context.status.stable), address->version);
  }
  for (const auto& [revision, seen] : context.seen.revisions) {
    if (IsAdopted(context, revision)) {
      continue;
    }
    if (revision != context.status.stable) {
      DeleteRevision(context, revision, seen, "ejected");
      DeleteCompanions(context, seen, "ejected");
    } else {
      LeaveStable(context, seen);
    }
  }
  GiveBack(context);
}

}  // namespace sluice::decide
