#include "reconciler/decide/decide.h"

#include <algorithm>

#include "reconciler/decide/adopt.h"
#include "reconciler/decide/autoscale.h"
#include "reconciler/decide/back.h"
#include "reconciler/decide/command.h"
#include "reconciler/decide/context.h"
#include "reconciler/decide/drain.h"
#include "reconciler/decide/edit.h"
#include "reconciler/decide/eject.h"
#include "reconciler/decide/forward.h"
#include "reconciler/decide/history.h"
#include "reconciler/decide/hold.h"
#include "reconciler/decide/jobs.h"
#include "reconciler/decide/objects.h"
#include "reconciler/decide/outbox.h"
#include "reconciler/decide/partition.h"
#include "reconciler/decide/pods.h"
#include "reconciler/decide/route.h"
#include "reconciler/decide/split.h"
#include "reconciler/decide/supersede.h"

namespace sluice::decide {
namespace {

// The graph that is in force: the accepted one while an edit of the router waits, and where what stands is left.
bool Defers(const graph::Graph& graph, const Status& status, const Observed& observed) {
  return observed.accepted != nullptr && !observed.digest.empty() && observed.digest != status.accepted_digest &&
         (MustDefer(*observed.accepted, graph, status) || Ejects(status, observed));
}

void AtRest(Context& context) {
  const Status& status = context.status;
  if (!status.stable.empty()) {
    context.target.emplace(status.stable, context.replicas());
  }
  if (context.bounded()) {
    context.min_ready = std::max(0, context.replicas() - context.graph.policies.unavailable);
    context.max_pods = context.replicas() + context.graph.policies.surge;
  }
}

void Move(Context& context) {
  if (context.status.phase == Phase::kProgressing) {
    RelieveLeaving(context);
    WalkForward(context);
  }
  if (context.status.phase == Phase::kGoingBack) {
    GoBack(context);
  }
  if (context.status.phase == Phase::kSettled || context.status.phase == Phase::kWaiting) {
    AtRest(context);
  }
}

bool IsGoing(const Context& context) {
  const Phase phase = context.status.phase;
  return context.seen.removed && (phase == Phase::kSettled || phase == Phase::kWaiting || phase == Phase::kIdle);
}

void DecideInto(Context& context) {
  TakeCommands(context);
  if (IsEjected(context.status)) {
    Eject(context);
    DeliverOutbox(context);
    if (context.seen.removed) {
      context.status.phase = Phase::kIdle;
    } else {
      NameState(context);
    }
    return;
  }
  if (!TakesOver(context)) {
    FollowGit(context);
  }
  AcceptEdit(context);
  ObserveRoute(context);
  if (IsGoing(context)) {
    Remove(context);
    return;
  }
  if (context.status.phase == Phase::kIdle) {
    return;
  }
  const Phase before = context.status.phase;
  Move(context);
  KeepDemand(context);
  NameBackends(context);
  Drain(context);
  TendJobs(context);
  PlanPods(context);
  WriteServices(context);
  WriteRoute(context);
  DeliverOutbox(context);
  // Last, but for ConfigMaps that new pods need: a batch ends at the first write that is refused.
  WriteCompanions(context);
  TakeLeftPod(context);
  SayBlindAutoscaler(context);
  MakeJobs(context);
  NameState(context);
  TrimStatus(context.status);
  if (context.status.phase != before) {
    context.Wake(context.now + Duration{1});
  }
}

}  // namespace

Decision Decide(const graph::Graph& graph, const Status& status, const Observed& observed, TimePoint now) {
  Decision decision;
  decision.status = status;
  if (!observed.complete) {
    decision.reasons.push_back({"waits for the first complete lists", "", std::nullopt});
    return decision;
  }
  const bool deferred = Defers(graph, status, observed);
  const graph::Graph& planned = deferred ? *observed.accepted : graph;
  const std::optional<graph::Graph> resized = ResizedToDemand(planned, status, observed, now);
  const graph::Graph& in_force = resized ? *resized : planned;
  Context context{in_force, observed, now, decision, decision.status, {}, {}, 0, {}, {}, {}, deferred};
  DecideInto(context);
  // That a revision is gone is no reason to store anything; it is forgotten with what is.
  if (decision.status != status) {
    ForgetDrained(decision.status, observed);
  }
  return decision;
}

}  // namespace sluice::decide
