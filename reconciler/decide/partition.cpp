#include "reconciler/decide/partition.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/decide/autoscale.h"
#include "reconciler/decide/objects.h"
#include "reconciler/decide/revision.h"

namespace sluice::decide {
namespace {

// What the StatefulSet is to be.
struct Aim {
  Revision revision;  // of its template
  Revision below;     // "" where it is alone
  std::int32_t pods = 0;
  std::int32_t partition = 0;
};

std::optional<std::int32_t> TargetOf(const Context& context, const Revision& revision) {
  const auto found = context.target.find(revision);
  return found == context.target.end() ? std::nullopt : std::optional(std::max(0, found->second));
}

bool IsForward(const Status& status) {
  return status.phase == Phase::kProgressing && !status.candidate.empty() && !status.stable.empty();
}

bool IsObserved(const ObservedStatefulSet& seen) { return seen.set.observed_generation >= seen.set.generation; }
bool IsComplete(const ObservedStatefulSet& seen) { return seen.current_hash == seen.update_hash; }

// Kubernetes would make pods below a partition of another revision than stable: there is none that was complete, or
// it was another's. So stable's have to come back before a candidate's can stand beside them.
bool LacksStable(const Context& context) {
  const auto& seen = context.seen.stateful_set;
  if (!seen) {
    return WorkloadOf(context, context.status.stable) != nullptr;
  }
  return seen->partition == 0 && IsComplete(*seen) && seen->revision != context.status.stable;
}

// None: it stays as it is.
std::optional<Aim> AimOf(const Context& context) {
  const Status& status = context.status;
  const std::int32_t all = context.replicas();
  if (status.stable.empty()) {
    const std::optional<std::int32_t> pods = TargetOf(context, status.candidate);
    return pods ? std::optional(Aim{status.candidate, "", *pods, 0}) : std::nullopt;
  }
  if (!IsForward(status)) {
    return Aim{status.stable, "", all, 0};
  }
  const std::int32_t pods =
      std::min(all, TargetOf(context, status.candidate).value_or(SpecPods(context, status.candidate)));
  if (pods == 0 || (pods < all && LacksStable(context))) {
    return Aim{status.stable, "", all, 0};
  }
  const bool beside = context.seen.stateful_set || WorkloadOf(context, status.stable) != nullptr;
  return Aim{status.candidate, status.stable, all, beside ? all - pods : 0};
}

// A step forward waits until what is seen is what was asked for, and until Kubernetes would make pods below the
// partition by stable's template.
bool Waits(const Context& context, const ObservedStatefulSet& seen, const Aim& aim) {
  if (!IsForward(context.status) || aim.revision != context.status.candidate) {
    return false;
  }
  const bool begins = seen.revision == context.status.stable && seen.partition == 0 && aim.partition > 0;
  return !context.seen.unseen.empty() || !IsObserved(seen) || (begins && !IsComplete(seen));
}

bool Differs(const Context& context, const ObservedStatefulSet& seen, const Aim& aim) {
  return seen.revision != aim.revision || seen.partition != aim.partition || seen.set.spec_replicas != aim.pods ||
         (!aim.below.empty() && seen.below != aim.below) || seen.set.drifted || seen.set.owner != context.seen.uid ||
         (Moves(context.status) && seen.set.epoch < context.status.epoch);
}

bool HasUnlabelled(const Context& context) {
  const auto& seen = context.seen.stateful_set;
  if (!seen) {
    return false;
  }
  const auto labelled = std::count_if(seen->pods.begin(), seen->pods.end(),
                                      [](const ObservedStatefulSet::Pod& pod) { return !pod.revision.empty(); });
  return labelled < seen->set.pods;
}

graph::Value ObjectFor(const Context& context, const graph::Workload& workload, const Aim& aim) {
  graph::Value object = With(workload.deployment, {"spec", "replicas"}, graph::Value(aim.pods));
  object = With(object, {"spec", "updateStrategy", "type"}, graph::Value("RollingUpdate"));
  object = With(object, {"spec", "updateStrategy", "rollingUpdate", "partition"}, graph::Value(aim.partition));
  object = With(object, {"metadata", "labels", graph::kRevisionLabel}, graph::Value(aim.revision));
  if (!aim.below.empty()) {
    object = With(object, {"metadata", "annotations", graph::kBelowAnnotation}, graph::Value(aim.below));
  }
  // While a way back may lead to it, or a pod is of it, the template that was there before is kept.
  const auto& adoption = context.seen.adoption;
  const bool needed = adoption && (adoption->revision == context.status.stable ||
                                   adoption->revision == context.status.candidate || HasUnlabelled(context));
  for (const char* name : {graph::kAdoptedAnnotation, graph::kAdoptedTemplateAnnotation}) {
    const graph::Value kept =
        needed ? adoption->workload->deployment.Path({"metadata", "annotations", name}) : graph::Value();
    if (!kept.is_none()) {
      object = With(object, {"metadata", "annotations", name}, kept);
    }
  }
  return object;
}

bool Write(Context& context, const ObservedStatefulSet* seen, const Aim& aim) {
  const graph::Workload* workload = WorkloadOf(context, aim.revision);
  if (workload == nullptr) {
    SayUndescribed(context, aim.revision);
    return false;
  }
  std::string why = aim.partition == 0 ? fmt::format("{} pods for {}", aim.pods, aim.revision)
                                       : fmt::format("{} pods for {}, {} for {}", aim.pods - aim.partition,
                                                     aim.revision, aim.partition, aim.below);
  context.decision.actions.emplace_back(ApplyObject{Marked(context, ObjectFor(context, *workload, aim)),
                                                    seen == nullptr ? std::nullopt : std::optional(seen->set.version),
                                                    std::move(why), true});
  return true;
}

void Record(Context& context, const Aim& aim) {
  std::map<Revision, std::int32_t> pods;
  if (aim.pods > aim.partition) {
    pods[aim.revision] = aim.pods - aim.partition;
  }
  if (aim.partition > 0) {
    pods[aim.below] = aim.partition;
  }
  Applied& applied = context.status.applied;
  if (pods != applied.pods) {
    applied.pods = std::move(pods);
    applied.pods_at = context.now;
  }
}

}  // namespace

Revision RevisionOf(const ObservedStatefulSet& seen, const ObservedStatefulSet::Pod& pod, const Revision& unlabelled) {
  if (IsObserved(seen) && !pod.hash.empty()) {
    if (pod.hash == seen.update_hash) {
      return seen.revision;
    }
    if (pod.hash == seen.current_hash && !seen.below.empty()) {
      return seen.below;
    }
  }
  return pod.revision.empty() ? unlabelled : pod.revision;
}

std::map<Revision, ObservedDeployment> RevisionsOf(const ObservedStatefulSet& stateful_set,
                                                   const Revision& unlabelled) {
  std::map<Revision, ObservedDeployment> revisions;
  ObservedDeployment like = stateful_set.set;
  like.pods = 0;
  like.ready = 0;
  like.spec_replicas = 0;
  const auto of = [&](const Revision& revision) -> ObservedDeployment& {
    return revisions.try_emplace(revision, like).first->second;
  };
  of(stateful_set.revision);
  std::int32_t pods = 0, ready = 0;
  for (const ObservedStatefulSet::Pod& pod : stateful_set.pods) {
    const Revision revision = RevisionOf(stateful_set, pod, unlabelled);
    if (revision.empty()) {
      continue;
    }
    ObservedDeployment& one = of(revision);
    ++one.pods;  // until it has left its place
    one.ready += pod.ready && !pod.deleting ? 1 : 0;
    if (one.evidence.empty() && !pod.ready && !pod.deleting) {
      one.evidence = pod.evidence;
    }
    ++pods;
    ready += pod.ready ? 1 : 0;
  }
  if (!unlabelled.empty() && stateful_set.set.pods > pods) {
    of(unlabelled).pods += stateful_set.set.pods - pods;
    of(unlabelled).ready += std::max(0, stateful_set.set.ready - ready);
  }
  const std::int32_t partition = std::min(stateful_set.partition, stateful_set.set.spec_replicas);
  for (auto& [revision, seen] : revisions) {
    seen.spec_replicas = seen.pods;  // nothing asks for them any more
  }
  of(stateful_set.revision).spec_replicas = stateful_set.set.spec_replicas - partition;
  if (partition > 0 && !stateful_set.below.empty() && stateful_set.below != stateful_set.revision) {
    of(stateful_set.below).spec_replicas = partition;
  }
  return revisions;
}

void PlanPartition(Context& context) {
  const ObservedStatefulSet* seen = context.seen.stateful_set ? &*context.seen.stateful_set : nullptr;
  const std::optional<Aim> aim = AimOf(context);
  if (!aim || (seen != nullptr && seen->set.deleting)) {
    return;
  }
  if (seen == nullptr ? aim->pods > 0 : Differs(context, *seen, *aim)) {
    if (seen != nullptr && Waits(context, *seen, *aim)) {
      context.Say("waits until the StatefulSet's last change is complete");
      context.Wake(context.now + kLookAgain);
      return;
    }
    if (!Write(context, seen, *aim)) {
      return;
    }
  }
  Record(context, *aim);
}

void TakeLeftPod(Context& context) {
  const auto& seen = context.seen.stateful_set;
  const std::optional<Aim> aim = context.by_partition() ? AimOf(context) : std::nullopt;
  if (!seen || !aim || seen->set.deleting || !IsObserved(*seen) || Differs(context, *seen, *aim) ||
      !context.seen.unseen.empty() ||
      std::any_of(seen->pods.begin(), seen->pods.end(), [](const auto& pod) { return pod.deleting; })) {
    return;
  }
  const bool all_serve = seen->set.ready >= seen->set.spec_replicas;
  const ObservedStatefulSet::Pod* left = nullptr;
  for (const ObservedStatefulSet::Pod& pod : seen->pods) {
    const bool above = pod.ordinal >= seen->partition;
    const bool right = pod.hash.empty() || pod.hash == (above ? seen->update_hash : seen->current_hash);
    if (right || pod.ordinal >= seen->set.spec_replicas || (pod.ready && (above || !all_serve))) {
      continue;
    }
    if (const TimePoint due = pod.unready_since + kSwapPace; !pod.ready && context.now < due) {
      context.Wake(due);
    } else if (left == nullptr || left->ordinal < pod.ordinal) {
      left = &pod;
    }
  }
  if (left != nullptr) {
    context.decision.actions.emplace_back(
        DeleteObject{"v1", "Pod", context.graph.rollout_namespace, left->name, left->version,
                     "it is of another revision than its place, and Kubernetes leaves it there"});
  }
}

bool ReleaseStatefulSet(Context& context) {
  const auto& seen = context.seen.stateful_set;
  if (!seen || seen->set.owner != context.seen.uid) {
    return true;
  }
  const graph::Value& own = context.graph.workload.deployment;
  graph::Value bare = With(graph::Value(), {"apiVersion"}, own.Field("apiVersion"));
  bare = With(bare, {"kind"}, own.Field("kind"));
  for (const char* field : {"name", "namespace"}) {
    bare = With(bare, {"metadata", field}, own.Path({"metadata", field}));
  }
  bare = With(bare, {"spec", "replicas"}, graph::Value(seen->set.spec_replicas));
  context.decision.actions.emplace_back(
      ApplyObject{std::move(bare), seen->set.version, "no longer this rollout's", true});
  return false;
}

}  // namespace sluice::decide
