#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "compiler/graph/names.h"
#include "reconciler/decide/objects.h"
#include "reconciler/decide/promise_checker.h"
#include "reconciler/decide/revision.h"

namespace sluice::decide {
namespace {

// Whose pods the Deployment is: by what is there of it, for one that was taken over keeps its name; else by its name.
Revision WrittenRevision(const PromiseChecker& c, const ApplyObject& apply) {
  for (const auto& [revision, observed] : c.is.seen.revisions) {
    if (apply.version && observed.deployment && observed.deployment->version.uid == apply.version->uid) return revision;
  }
  const std::string name = apply.object.Path({"metadata", "name"}).ToText();
  return name.substr(std::min(name.size(), c.graph.service.size() + 1));
}

}  // namespace

std::vector<PodWrite> PodWrites(const PromiseChecker& c) {
  std::vector<PodWrite> writes;
  for (const Action& action : c.decision.actions) {
    const auto* apply = std::get_if<ApplyObject>(&action);
    if (apply == nullptr || apply->object.Field("kind").ToText() != "Deployment") {
      continue;
    }
    const graph::Value replicas = apply->object.Path({"spec", "replicas"});
    const auto* number = replicas.as_quantity();
    writes.push_back(
        {WrittenRevision(c, *apply), number == nullptr ? 0 : static_cast<std::int32_t>(number->number.Floor())});
  }
  return writes;
}

// While something moves, no autoscaler may count a revision's pods down below what its traffic needs, or what it is
// left.
void CheckAutoscalers(PromiseChecker& c) {
  const Phase phase = c.after().phase;
  if (c.is.by_pods() || (phase != Phase::kProgressing && phase != Phase::kGoingBack)) {
    return;
  }
  std::map<Revision, std::int32_t> left;
  for (const PodWrite& write : PodWrites(c)) {
    left[write.revision] = write.pods;
  }
  for (const Action& action : c.decision.actions) {
    const auto* apply = std::get_if<ApplyObject>(&action);
    if (apply == nullptr || apply->object.Field("kind").ToText() != graph::kAutoscalerKind) {
      continue;
    }
    const Revision revision = apply->object.Path({"metadata", "labels", graph::kRevisionLabel}).ToText();
    const graph::Value least = apply->object.Path({"spec", "minReplicas"});
    const std::int32_t has = left.contains(revision) ? left[revision] : SpecPods(c.is, revision);
    const std::int32_t need = std::min(has, NeedOf(c.is, ShareInFlight(c.is, revision)));
    if (least.as_quantity() == nullptr || least.as_quantity()->number < Number(need)) {
      c.Break("I2: the autoscaler of {} may count down to {} pods, its traffic needs {}", revision, least.ToText(),
              need);
    }
  }
}

void CheckPods(PromiseChecker& c) {
  std::map<Revision, std::int32_t> spec, ready;
  for (const auto& [revision, observed] : c.is.seen.revisions) {
    spec[revision] = SpecPods(c.is, revision);
    ready[revision] = Endpoints(c.is, revision);
  }
  std::int32_t spec_before = 0, ready_before = 0, spec_after = 0, ready_after = 0;
  for (const auto& [revision, pods] : spec) {
    spec_before += pods;
    ready_before += ready[revision];
  }
  bool grows = false;
  bool swaps = false;
  for (const PodWrite& write : PodWrites(c)) {
    const std::int32_t had = spec.contains(write.revision) ? spec[write.revision] : 0;
    grows = grows || write.pods > had;
    if (write.pods < had) {
      const ObservedDeployment* stable = DeploymentOf(c.is, c.after().stable);
      swaps = swaps || (c.after().phase == Phase::kGoingBack && stable != nullptr && !stable->blocked.empty());
      const bool fresh = Fresh(c.is, write.revision);
      if (!fresh) {
        c.Break("I2: {} shrinks while its counts are behind", write.revision);
      }
      const std::int32_t need = c.is.by_pods() ? 0 : NeedOf(c.is, ShareInFlight(c.is, write.revision));
      const bool answers = ready[write.revision] > 0 && MayGetRequests(c.after(), write.revision);
      if (swaps && write.pods == 0 && answers && Endpoints(c.is, c.after().stable) == 0) {
        c.Break("I1: {} gives up its last pod, and stable answers nobody", write.revision);
      }
      if (!swaps && write.pods < std::min(need, ready[write.revision])) {
        c.Break("I2: {} shrinks to {} pods, its traffic needs {}", write.revision, write.pods, need);
      }
    }
    spec[write.revision] = write.pods;
    ready[write.revision] = std::min(ready[write.revision], write.pods);
  }
  for (const auto& [revision, pods] : spec) {
    spec_after += pods;
    ready_after += ready[revision];
  }
  if (!c.is.bounded() || c.after().phase == Phase::kIdle) {
    return;
  }
  const std::int32_t least = c.is.replicas() - c.graph.policies.unavailable;
  const bool excused = swaps || (c.after().phase == Phase::kGoingBack && c.Rescued());
  if (!excused && ready_after < ready_before && ready_after < least) {
    c.Break("I2: {} ready pods become {}, the minimum is {}", ready_before, ready_after, least);
  }
  std::int32_t most = c.is.replicas() + c.graph.policies.surge;
  for (const graph::Node& node : c.graph.nodes) {
    const auto* scale = std::get_if<graph::ScaleNode>(&node.does);
    most = scale == nullptr || !c.after().nodes.contains(node.path) ? most : std::max(most, scale->max_pods);
  }
  if (grows && spec_after > spec_before && spec_after > most) {
    c.Break("I2: {} pods by spec, the maximum is {}", spec_after, most);
  }
}

// Of a StatefulSet: all pods, or those of a first install; no more of the candidate's than a node entered asks for, and
// on the way back none.
void CheckPartition(PromiseChecker& c) {
  const Status& after = c.after();
  std::int32_t most = after.phase == Phase::kProgressing ? 0 : -1;
  for (const graph::Node& node : c.graph.nodes) {
    if (!after.nodes.contains(node.path)) {
      continue;
    }
    const auto* scale = std::get_if<graph::ScaleNode>(&node.does);
    const bool promotes = std::holds_alternative<graph::PromoteNode>(node.does);
    most = std::max(most, scale != nullptr ? scale->pods.candidate : promotes ? c.is.replicas() : 0);
  }
  for (const Action& action : c.decision.actions) {
    const auto* apply = std::get_if<ApplyObject>(&action);
    if (apply == nullptr || !apply->whole || after.stable.empty() || EpochOf(apply->object) == 0) {
      continue;
    }
    const auto count = [&](std::initializer_list<std::string_view> path) {
      const graph::Value value = apply->object.Path(path);
      return value.as_quantity() == nullptr ? 0 : static_cast<std::int32_t>(value.as_quantity()->number.Floor());
    };
    const std::int32_t pods = count({"spec", "replicas"});
    const std::int32_t partition = count({"spec", "updateStrategy", "rollingUpdate", "partition"});
    if (pods != c.is.replicas()) {
      c.Break("I2: the StatefulSet gets {} pods, {} are wanted", pods, c.is.replicas());
    }
    const Revision revision = apply->object.Path({"metadata", "labels", graph::kRevisionLabel}).ToText();
    if (revision != after.stable && pods - partition > std::max(0, most)) {
      c.Break("I3: {} gets {} pods, the nodes entered ask for {}", revision, pods - partition, std::max(0, most));
    }
    if (revision != after.stable && after.phase == Phase::kGoingBack) {
      c.Break("I4: {} gets pods on the way back", revision);
    }
  }
}

}  // namespace sluice::decide
