#include "reconciler/decide/adopt.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/decide/eject.h"
#include "reconciler/decide/objects.h"
#include "reconciler/decide/partition.h"
#include "reconciler/decide/revision.h"
#include "reconciler/decide/route.h"
#include "reconciler/decide/split.h"

namespace sluice::decide {
namespace {

// "Deployment web".
std::string NameOf(const Context& context) {
  const graph::Value name = context.seen.adoption->workload->deployment.Path({"metadata", "name"});
  return (context.by_partition() ? "StatefulSet " : "Deployment ") +
         (name.as_string() != nullptr ? *name.as_string() : context.graph.adopts->deployment);
}

void MakeStable(Context& context) {
  Status& status = context.status;
  const ObservedAdoption& adoption = *context.seen.adoption;
  status.stable = adoption.revision;
  status.promoted = {adoption.revision};
  status.phase = Phase::kSettled;
  if (context.by_pods()) {
    status.applied.shares = {{adoption.revision, Number(1)}};
    status.applied.previous = status.applied.shares;
    status.applied.settled_at = context.now;
  }
  RunRecord record;
  record.run = ++status.run;
  record.revision = adoption.revision;
  record.image = adoption.workload->image;
  record.outcome = "adopted";
  record.reason = NameOf(context) + " was there before";
  record.started_at = context.now;
  record.ended_at = context.now;
  status.history.emplace_back(std::move(record));
  context.Event(false, "Adopted",
                fmt::format("{} is stable, as revision {}{}", NameOf(context), adoption.revision,
                            adoption.revision == context.graph.workload.revision ? ", which git has" : ""));
}

// All requests to the pods that have had them so far, once they are known by the Service of their revision.
bool IsRouted(Context& context) {
  Applied& applied = context.status.applied;
  if (context.by_pods() || applied.settled_at) {
    return true;
  }
  const Revision& stable = context.status.stable;
  if (!applied.shares.empty()) {
    context.Say("waits for the route to settle");
    return false;
  }
  const std::int32_t need = NeedOf(context, Number(1));
  if (Ready(context, stable) < need) {
    context.Say(fmt::format("waits for {} of {} endpoints of {}", need - Ready(context, stable), need, stable));
  } else if (ProxiesKnow(context, stable)) {
    Apply(context, Split{{{stable, Number(1)}}, {}, Number(0)});
  }
  return false;
}

// Everything that leads to the adopted pods leads to no others, and carries our mark.
bool IsInPlace(const Context& context) {
  const ObservedAdoption& adoption = *context.seen.adoption;
  const ObservedDeployment* deployment = DeploymentOf(context, adoption.revision);
  if (deployment == nullptr || deployment->drifted || deployment->owner != context.seen.uid) {
    return false;
  }
  const auto& service = context.seen.stable_service;
  if (!context.graph.stable_service.is_none() &&
      (!AddressInPlace(context) || !service || !IsOurs(context, service->object))) {
    return false;
  }
  const auto& companions = context.seen.revisions.at(adoption.revision).companions;
  return std::all_of(adoption.workload->companions.begin(), adoption.workload->companions.end(),
                     [&](const graph::Value& wanted) {
                       return std::any_of(companions.begin(), companions.end(), [&](const auto& entry) {
                         return IsOurs(context, entry.second.object) && Contains(entry.second.object, wanted);
                       });
                     });
}

}  // namespace

void Release(Context& context, const graph::Value& object, const Version& version) {
  graph::Map bare;
  for (const char* field : {"apiVersion", "kind", "spec"}) {
    bare.Set(field, object.Field(field));
  }
  graph::Value released(std::move(bare));
  for (const char* field : {"name", "namespace"}) {
    released = With(released, {"metadata", field}, object.Path({"metadata", field}));
  }
  context.decision.actions.emplace_back(ApplyObject{std::move(released), version, "no longer this rollout's"});
}

void ReleaseDeployment(Context& context, const Revision& revision, std::int32_t pods) {
  const graph::Value& own = WorkloadOf(context, revision)->deployment;
  graph::Map spec;
  spec.Set("replicas", graph::Value(pods));
  Release(context, With(own, {"spec"}, graph::Value(std::move(spec))), DeploymentOf(context, revision)->version);
}

bool OnlyAdopted(const Status& status) {
  return status.phase == Phase::kSettled && status.candidate.empty() && !status.history.empty() &&
         status.history.back()->outcome == "adopted";
}

bool GiveBack(Context& context) {
  if (context.by_partition()) {
    return ReleaseStatefulSet(context);
  }
  if (!context.seen.adoption || DeploymentOf(context, context.seen.adoption->revision) == nullptr) {
    return true;
  }
  const Revision& adopted = context.seen.adoption->revision;
  const ObservedRevision& seen = context.seen.revisions.at(adopted);
  if (adopted != context.status.stable) {
    ReleaseDeployment(context, adopted, SpecPods(context, adopted));
    return false;
  }
  const auto& service = context.seen.stable_service;
  const bool narrow = context.graph.router.address == graph::Router::Address::kStable;
  const bool ejected = IsEjected(context.status);
  const auto mark = [&](const graph::Value& object) { return ejected ? Unmarked(object) : Marked(context, object); };
  const bool narrowed = narrow && context.seen.stable_service_revision == adopted;
  if (service && (narrowed || (ejected && IsOurs(context, service->object)))) {
    context.decision.actions.emplace_back(
        ApplyObject{mark(context.graph.stable_service), service->version, "leads to all pods again"});
  }
  // Routes lead to it, whatever pods the Deployment will have.
  const graph::Value& own = context.seen.adoption->workload->service;
  if (seen.service && !own.is_none()) {
    const graph::Value wide = context.graph.stable_service.Path({"spec", "selector"});
    context.decision.actions.emplace_back(
        ApplyObject{mark(With(own, {"spec", "selector"}, wide)), *seen.service, "leads to all pods again"});
  }
  for (const auto& [name, companion] : seen.companions) {
    graph::Value labels = companion.object.Path({"spec", "selector", "matchLabels"});
    if (labels.as_map() == nullptr) {
      continue;
    }
    graph::Map wide = *labels.as_map();
    wide.Erase(graph::kPodHashLabel);
    Release(context, With(companion.object, {"spec", "selector", "matchLabels"}, graph::Value(std::move(wide))),
            companion.version);
  }
  ReleaseDeployment(context, adopted, SpecPods(context, adopted));
  return false;
}

bool TakesOver(Context& context) {
  Status& status = context.status;
  const auto& adoption = context.seen.adoption;
  if (!adoption || context.seen.removed) {
    return false;
  }
  // It was changed, or made anew, before it carried our marks.
  if (OnlyAdopted(status) && status.stable != adoption->revision && DeploymentOf(context, status.stable) == nullptr) {
    status.stable.clear();
    status.promoted.clear();
    status.applied = Applied{};
    status.phase = Phase::kIdle;
  }
  if (status.stable.empty() && status.phase == Phase::kIdle && context.graph.adopts) {
    if (!adoption->not_yet.empty()) {
      const std::string text = fmt::format("{} is not taken over: {}", NameOf(context), adoption->not_yet);
      context.Say(text, {}, {}, text);
      context.Wake(context.now + kLookAgain);  // it is not ours yet
      return true;
    }
    MakeStable(context);
  }
  const bool rests = status.phase == Phase::kSettled && status.candidate.empty();
  if (status.stable != adoption->revision || !rests) {
    return false;
  }
  const bool routed = IsRouted(context);
  if (routed && IsInPlace(context)) {
    return false;
  }
  context.Say(NameOf(context) + " is being taken over");
  return true;
}

}  // namespace sluice::decide
