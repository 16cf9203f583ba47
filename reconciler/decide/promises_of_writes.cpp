#include <algorithm>
#include <set>
#include <string>

#include "compiler/graph/names.h"
#include "reconciler/decide/eject.h"
#include "reconciler/decide/fold.h"
#include "reconciler/decide/jobs.h"
#include "reconciler/decide/objects.h"
#include "reconciler/decide/promise_checker.h"
#include "reconciler/decide/revision.h"
#include "reconciler/decide/route_objects.h"

namespace sluice::decide {
namespace {

// An object of the router's goes only by our own mark, and while the split needs it or what replaces it isn't there
// yet, not at all.
void CheckRouteDelete(PromiseChecker& c, const DeleteObject& gone) {
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

// A Job is made for an active node whose entry and attempt are in the status, and only while it is absent and never was
// seen; its finalizer goes once its outcome is in the status, or nothing waits for it.
void CheckJob(PromiseChecker& c, const ApplyObject& apply) {
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

// What is there is written on the version that was seen, or somebody else's change would be lost.
bool IsThere(const PromiseChecker& c, const ApplyObject& apply) {
  const auto text = [&](std::initializer_list<std::string_view> path) { return apply.object.Path(path).ToText(); };
  const ObjectName name{text({"apiVersion"}), text({"kind"}), text({"metadata", "namespace"}),
                        text({"metadata", "name"})};
  if (name.kind == "Deployment") {
    const auto found = c.is.seen.revisions.find(text({"metadata", "labels", graph::kRevisionLabel}));
    return found != c.is.seen.revisions.end() && found->second.deployment;
  }
  return c.is.seen.router_objects.contains(name);
}

// An object that is let go of carries none of our marks, and so no epoch: of a rollout that is ejected or removed, or
// what was taken over.
bool LetsGo(const PromiseChecker& c, const ApplyObject& apply) {
  const bool may = IsEjected(c.after()) || c.is.seen.removed || c.graph.adopts;
  return may && apply.object.Path({"metadata", "annotations", graph::kOwnerAnnotation}).is_none();
}

}  // namespace

void CheckDeletes(PromiseChecker& c) {
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

void CheckEffects(PromiseChecker& c) {
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
    if (!apply->version && IsThere(c, *apply)) {
      c.Break("I8: {} is there and is written without a version", name);
    }
    if (apply->version && (apply->version->uid.empty() || apply->version->resource_version.empty())) {
      c.Break("I8: {} is written without its version", name);
    }
  }
  for (const PodWrite& write : PodWrites(c)) {
    const auto found = c.after().applied.pods.find(write.revision);
    const std::int32_t recorded = found == c.after().applied.pods.end() ? 0 : found->second;
    const bool shrinks = write.pods < SpecPods(c.is, write.revision);
    // Whoever lets go of it leaves what an autoscaler has made of it.
    const bool left = IsEjected(c.after()) && write.pods == SpecPods(c.is, write.revision);
    if (!left && (shrinks ? write.pods > recorded : write.pods != recorded)) {
      c.Break("I7: {} pods are written for {}, the status says otherwise", write.pods, write.revision);
    }
  }
}

// Every node that is done now and was not stands in history with its outcome.
void CheckHistory(PromiseChecker& c) {
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

}  // namespace sluice::decide
