#include "reconciler/decide/invariants.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/decide/autoscale.h"
#include "reconciler/decide/context.h"
#include "reconciler/decide/eject.h"
#include "reconciler/decide/fold.h"
#include "reconciler/decide/forward.h"
#include "reconciler/decide/hold.h"
#include "reconciler/decide/jobs.h"
#include "reconciler/decide/objects.h"
#include "reconciler/decide/revision.h"
#include "reconciler/decide/route_objects.h"

namespace sluice::decide {
namespace {

struct Checker {
  const graph::Graph& graph;
  const Status& before;
  const Decision& decision;
  Context was;  // helpers over the status before
  Context is;   // … and after
  std::vector<std::string> broken;

  template <typename... Args>
  void Break(fmt::format_string<Args...> text, Args&&... args) {
    broken.push_back(fmt::format(text, std::forward<Args>(args)...));
  }
  const Status& after() const { return decision.status; }
  bool Rescued() const { return after().back_since && is.now >= *after().back_since + kRescue; }
};

bool LosersGone(const Checker& c) {
  for (const auto& [revision, share] : c.before.applied.shares) {
    if (revision != c.after().stable && share > Number(0) && Endpoints(c.is, revision) > 0) {
      return false;
    }
  }
  return true;
}

// Somebody who had a share lost every pod: it must go to others at once, whatever they can carry.
bool SomeoneIsGone(const Checker& c) {
  for (const auto& [revision, share] : c.before.applied.shares) {
    if (share > Number(0) && Endpoints(c.is, revision) == 0 && ShareOf(c.is, revision) == Number(0)) {
      return true;
    }
  }
  return false;
}

void CheckShares(Checker& c) {
  const bool changed = c.before.applied.sequence != c.after().applied.sequence;
  if (!changed || c.is.by_pods()) {
    return;
  }
  Number sum;
  for (const auto& [revision, share] : c.after().applied.shares) {
    sum = sum + share;
    const Number had = ShareOf(c.was, revision);
    if (share <= had) {
      continue;
    }
    // What a revision without pods had can go to nobody better while the candidate may have no more than its step says.
    const bool nobody = revision == c.after().stable && LosersGone(c) && SomeoneIsGone(c);
    if (Endpoints(c.is, revision) == 0 && !nobody) {
      c.Break("I1: {} gets {} without a ready endpoint", revision, share.ToString());
    }
    const bool back = c.after().phase == Phase::kGoingBack && (c.Rescued() || LosersGone(c));
    const bool world = SomeoneIsGone(c);
    if (!back && !world && Ready(c.is, revision) < NeedOf(c.is, share)) {
      c.Break("I1: {} gets {} with {} ready of {} needed", revision, share.ToString(), Ready(c.is, revision),
              NeedOf(c.is, share));
    }
  }
  if (sum != Number(1) && !c.after().applied.shares.empty()) {
    c.Break("I1: shares sum to {}", sum.ToString());
  }
}

// A router's split leads to nobody whom it didn't name before, and leaves nobody out who had requests (decide/split.h).
void CheckNames(Checker& c) {
  const std::map<Revision, Number>& before = c.before.applied.shares;
  const std::map<Revision, Number>& after = c.after().applied.shares;
  const graph::Router& router = c.graph.router;
  const bool weighs = !router.objects.empty() && router.address != graph::Router::Address::kRouter;
  if (!weighs || c.is.by_pods() || before.empty() || after.empty()) {
    return;
  }
  const bool answered = std::any_of(before.begin(), before.end(), [&](const auto& entry) {
    return entry.second > Number(0) && Endpoints(c.is, entry.first) > 0;
  });
  for (const auto& [revision, share] : after) {
    const bool sends = share > Number(0) || (revision == c.after().candidate && CandidateExposed(c.is));
    if (answered && sends && !before.contains(revision)) {
      c.Break("I1: {} gets requests and the routers don't know it", revision);
    }
  }
  for (const auto& [revision, share] : before) {
    const auto seen = c.is.seen.revisions.find(revision);
    const bool lives = seen != c.is.seen.revisions.end() && seen->second.service;
    if (lives && share > Number(0) && !after.contains(revision)) {
      c.Break("I1: {} is left out while it has {}", revision, share.ToString());
    }
  }
}

// The candidate has traffic, nobody answers for it, and stable could: it must not have it after this decision.
void CheckLostEndpoints(Checker& c) {
  const Status& after = c.after();
  if (c.is.by_pods() || after.phase != Phase::kProgressing || after.stable.empty() || !CandidateExposed(c.is)) {
    return;
  }
  if (Endpoints(c.is, after.candidate) == 0 && Endpoints(c.is, after.stable) > 0) {
    c.Break("I1: {} keeps traffic without a ready endpoint", after.candidate);
  }
}

struct PodWrite {
  Revision revision;
  std::int32_t pods = 0;
};
// Whose pods the Deployment is: by what is there of it, for one that was taken over keeps its name; else by its name.
Revision WrittenRevision(const Checker& c, const ApplyObject& apply) {
  for (const auto& [revision, observed] : c.is.seen.revisions) {
    if (apply.version && observed.deployment && observed.deployment->version.uid == apply.version->uid) return revision;
  }
  const std::string name = apply.object.Path({"metadata", "name"}).ToText();
  return name.substr(std::min(name.size(), c.graph.service.size() + 1));
}

std::vector<PodWrite> PodWrites(const Checker& c) {
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
void CheckAutoscalers(Checker& c) {
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

void CheckPods(Checker& c) {
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
void CheckPartition(Checker& c) {
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

void CheckOrder(Checker& c) {
  const Status& after = c.after();
  if (after.phase != Phase::kProgressing || after.candidate.empty()) {
    return;
  }
  const bool new_run = after.run != c.before.run;
  const Walk walk(c.graph, after);
  Number furthest;
  for (graph::NodeId id = 0; id < c.graph.nodes.size(); ++id) {
    const graph::Node& node = c.graph.nodes[id];
    const auto record = after.nodes.find(node.path);
    if (record == after.nodes.end()) {
      continue;
    }
    if (const auto* traffic = std::get_if<graph::TrafficNode>(&node.does)) {
      furthest = traffic->share > furthest ? traffic->share : furthest;
    } else if (std::holds_alternative<graph::PromoteNode>(node.does)) {
      furthest = Number(1);
    }
    if (!new_run && c.before.nodes.contains(node.path)) {
      continue;
    }
    for (const graph::NodeId pred : node.after) {
      if (!walk.IsDone(pred) && !walk.IsBehind(pred)) {
        c.Break("I3: {} is entered before {} is done", node.path, c.graph.nodes[pred].path);
      }
    }
  }
  const Number share = ShareOf(c.is, after.candidate);
  const bool raised = share > ShareOf(c.was, after.candidate);
  if (!c.is.by_pods() && raised && share > furthest) {
    c.Break("I3: {} has {}, the furthest node entered says {}", after.candidate, share.ToString(), furthest.ToString());
  }
}

void CheckWayBack(Checker& c) {
  const Status& after = c.after();
  if (after.phase != Phase::kGoingBack || after.stable.empty()) {
    return;
  }
  const bool can = Ready(c.is, after.stable) >= NeedOf(c.is, Number(1));
  const bool must = can || (c.Rescued() && Endpoints(c.is, after.stable) > 0);
  for (const auto& [revision, share] : after.applied.shares) {
    if (revision == after.stable || c.is.by_pods()) {
      continue;
    }
    if (share > ShareOf(c.was, revision)) {
      c.Break("I4: {} gains traffic on the way back", revision);
    }
    if (must && share > Number(0)) {
      c.Break("I4: {} keeps {} although stable can have it", revision, share.ToString());
    }
  }
  const std::vector<PodWrite> writes = PodWrites(c);
  const bool shrinks = std::any_of(writes.begin(), writes.end(), [&](const PodWrite& write) {
    return write.revision == after.candidate && write.pods < SpecPods(c.is, write.revision);
  });
  const bool served = MayGetRequests(c.before, after.candidate) || !c.before.applied.settled_at;
  if (!c.is.bounded() && c.is.swap_for.empty() && shrinks && served && !after.applied.shares.empty()) {
    const ObservedDeployment* stable = DeploymentOf(c.is, after.stable);
    const bool gone = DeploymentOf(c.is, after.candidate) == nullptr;
    if (!gone && (stable == nullptr || stable->blocked.empty())) {
      c.Break("I4: {} shrinks before its traffic has settled elsewhere", after.candidate);
    }
  }
}

// An object of the router's goes only by our own mark, and while the split needs it or what replaces it isn't there
// yet, not at all.
void CheckRouteDelete(Checker& c, const DeleteObject& gone) {
  const auto seen = c.is.seen.router_objects.find({gone.api_version, gone.kind, gone.namespace_, gone.name});
  if (seen == c.is.seen.router_objects.end()) {
    return;
  }
  if (!IsOurs(c.is, seen->second.object)) {
    c.Break("I6: {} {} is deleted and not this rollout's", gone.kind, gone.name);
  }
  for (const RouteObject& one : RouteObjects(c.is)) {
    if (!InPlace(c.is, one)) {
      c.Break("I6: {} {} is deleted before {} stands", gone.kind, gone.name, one.name);
    }
    if (one.wanted && one.object == seen->first) {
      c.Break("I6: {} {} is deleted and the split needs it", gone.kind, gone.name);
    }
  }
}

void CheckDeletes(Checker& c) {
  for (const Action& action : c.decision.actions) {
    const auto* gone = std::get_if<DeleteObject>(&action);
    if (gone == nullptr) {
      continue;
    }
    if (gone->version.uid.empty()) {
      c.Break("I6: {} {} is deleted without its uid", gone->kind, gone->name);
    }
    CheckRouteDelete(c, *gone);
    for (const Revision& role : {c.after().stable, c.after().candidate}) {
      const bool service = gone->kind == "Service" && graph::GroupOf(gone->api_version).empty();
      const bool carries = service ? !c.is.by_pods() : gone->kind == "Deployment";
      if (!c.is.seen.removed && carries && !role.empty() && gone->name == c.graph.service + "-" + role) {
        c.Break("I6: {} {} is deleted, {} has a role", gone->kind, gone->name, role);
      }
    }
  }
}

// A Job is made for an active node whose entry and attempt are in the status, and only while it is absent and never was
// seen; its finalizer goes once its outcome is in the status, or nothing waits for it.
void CheckJob(Checker& c, const ApplyObject& apply) {
  const std::string name = apply.object.Path({"metadata", "name"}).ToText();
  const NodeRecord* record = nullptr;
  for (const auto& [path, one] : c.after().nodes) {
    if (one.state == NodeState::kActive && JobName(c.is, path, one) == name) {
      record = &one;
    }
  }
  if (!apply.version && (record == nullptr || !record->job_uid.empty() || c.is.seen.jobs.contains(name))) {
    c.Break("I7: Job {} is made and the status doesn't imply it", name);
  }
  const bool stalls = record != nullptr && c.after().stalled;
  const bool releases = apply.version && apply.object.Path({"metadata", "finalizers"}).is_none();
  if (releases && record != nullptr && !stalls && c.after().phase == Phase::kProgressing) {
    c.Break("I7: Job {} is released and its outcome isn't stored", name);
  }
}

// An object that is let go of carries none of our marks, and so no epoch: of a rollout that is ejected or removed, or
// what was taken over.
bool LetsGo(const Checker& c, const ApplyObject& apply) {
  const bool may = IsEjected(c.after()) || c.is.seen.removed || c.graph.adopts;
  return may && apply.object.Path({"metadata", "annotations", graph::kOwnerAnnotation}).is_none();
}

void CheckEffects(Checker& c) {
  std::set<std::string> keys;
  for (const Outgoing& outgoing : c.after().outbox) {
    keys.insert(outgoing.key);
  }
  for (const Action& action : c.decision.actions) {
    if (const auto* send = std::get_if<SendNotification>(&action); send != nullptr && !keys.contains(send->key)) {
      c.Break("I7: {} is sent and not in the outbox", send->key);
    }
    if (const auto* consume = std::get_if<ConsumeCommand>(&action)) {
      const auto& consumed = c.after().consumed;
      const auto same = [&](const TakenCommand& taken) { return taken.uid == consume->uid; };
      if (std::none_of(consumed.begin(), consumed.end(), same)) {
        c.Break("I7: command {} is consumed and not remembered", consume->uid);
      }
    }
    const auto* apply = std::get_if<ApplyObject>(&action);
    if (apply == nullptr) {
      continue;
    }
    const std::string name = apply->object.Path({"metadata", "name"}).ToText();
    const auto& remembered = c.after().applied.objects;
    if (apply->object.Path({"metadata", "annotations", kSplitAnnotation}).as_string() != nullptr &&
        std::none_of(remembered.begin(), remembered.end(), [&](const ObjectName& one) { return one.name == name; })) {
      c.Break("I7: {} is written and not remembered", name);
    }
    if (apply->object.Field("kind") == graph::Value(graph::kJobKind)) {
      CheckJob(c, *apply);
    }
    if (EpochOf(apply->object) != c.after().epoch && !LetsGo(c, *apply)) {
      c.Break("I8: {} is written with epoch {}, ours is {}", name, EpochOf(apply->object), c.after().epoch);
    }
    if (apply->version && (apply->version->uid.empty() || apply->version->resource_version.empty())) {
      c.Break("I8: {} is written without its version", name);
    }
  }
  for (const PodWrite& write : PodWrites(c)) {
    const auto found = c.after().applied.pods.find(write.revision);
    const std::int32_t recorded = found == c.after().applied.pods.end() ? 0 : found->second;
    const bool shrinks = write.pods < SpecPods(c.is, write.revision);
    if (shrinks ? write.pods > recorded : write.pods != recorded) {
      c.Break("I7: {} pods are written for {}, the status says otherwise", write.pods, write.revision);
    }
  }
}

// Every node that is done now and was not stands in history with its outcome.
void CheckHistory(Checker& c) {
  if (c.after().history.empty() || c.after().run != c.before.run) {
    return;
  }
  const RunRecord& run = c.after().history.back();
  for (const auto& [path, record] : c.after().nodes) {
    const auto old = c.before.nodes.find(path);
    const bool was_done = old != c.before.nodes.end() && old->second.state == NodeState::kDone;
    const bool told =
        std::any_of(run.nodes.begin(), run.nodes.end(), [&path = path, &record = record](const auto& node) {
          return node.path == path && node.outcome == record.outcome;
        });
    if (record.state == NodeState::kDone && !was_done && !told && !run.nodes.empty()) {
      c.Break("I7: history doesn't tell what became of {}", path);
    }
  }
}

}  // namespace

std::vector<std::string> Violations(const graph::Graph& graph, const Status& before, const Observed& seen,
                                    TimePoint now, const Decision& decision) {
  if (!seen.complete) {
    return decision.actions.empty() ? std::vector<std::string>()
                                    : std::vector<std::string>{"I6: it acts before the first lists are complete"};
  }
  // The graph in force is the accepted one while an edit waits.
  const bool deferred = seen.accepted != nullptr && decision.status.accepted_digest != seen.digest;
  const graph::Graph& planned = deferred ? *seen.accepted : graph;
  const std::optional<graph::Graph> resized = ResizedToDemand(planned, before, seen, now);
  const graph::Graph& in_force = resized ? *resized : planned;
  Decision scratch;
  Status was = before;
  Status is = decision.status;
  Checker checker{in_force,
                  before,
                  decision,
                  {in_force, seen, now, scratch, was, {}, {}, 0, {}, {}, {}, deferred},
                  {in_force, seen, now, scratch, is, {}, {}, 0, {}, {}, {}, deferred},
                  {}};
  CheckShares(checker);
  CheckNames(checker);
  CheckLostEndpoints(checker);
  CheckPods(checker);
  CheckPartition(checker);
  CheckAutoscalers(checker);
  CheckOrder(checker);
  CheckWayBack(checker);
  CheckDeletes(checker);
  CheckEffects(checker);
  CheckHistory(checker);
  return std::move(checker.broken);
}

bool IsAtRest(const Status& status) {
  return status.phase == Phase::kSettled || status.phase == Phase::kIdle || status.phase == Phase::kWaiting;
}

bool HasWayOut(const Decision& decision) {
  const Status& status = decision.status;
  if (status.phase == Phase::kSettled || status.phase == Phase::kIdle) {
    return true;
  }
  const bool named = status.hold != Hold::kNone && !WayOutOf(status.hold).command.empty();
  return named || decision.wake_at.has_value() || !decision.actions.empty();
}

}  // namespace sluice::decide
