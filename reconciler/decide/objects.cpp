#include "reconciler/decide/objects.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/decide/adopt.h"
#include "reconciler/decide/autoscale.h"
#include "reconciler/decide/revision.h"

namespace sluice::decide {
namespace {

graph::Value WithAt(const graph::Value& value, const std::string_view* begin, const std::string_view* end,
                    graph::Value leaf) {
  if (begin == end) {
    return leaf;
  }
  graph::Map map = value.as_map() == nullptr ? graph::Map() : *value.as_map();
  const graph::Value* old = map.Find(*begin);
  map.Set(std::string(*begin), WithAt(old == nullptr ? graph::Value() : *old, begin + 1, end, std::move(leaf)));
  return graph::Value(std::move(map));
}

bool Empty(const graph::Value& value) {
  return value.is_none() || (value.as_map() != nullptr && value.as_map()->empty()) ||
         (value.as_list() != nullptr && value.as_list()->empty());
}

std::optional<Version> VersionOf(const ObservedDeployment* deployment) {
  return deployment == nullptr ? std::nullopt : std::optional(deployment->version);
}

// The revision that NAME stands on; "" while there is none.
Revision AddressRevision(const Context& context) {
  const Status& status = context.status;
  if (!status.stable.empty()) {
    return status.stable;
  }
  return status.first_install ? status.candidate : Revision();
}

// Where shares are made by pods no revision has a Service of its own; those that another router needed may go.
void DeleteRevisionServices(Context& context) {
  const Applied& applied = context.status.applied;
  if (!context.by_pods() || !applied.objects.empty() || !AddressInPlace(context)) {
    return;
  }
  const TimePoint due = applied.written_at.value_or(context.now) + context.graph.policies.drain;
  for (const auto& [revision, seen] : context.seen.revisions) {
    if (!seen.service || seen.service_owner != context.seen.uid) {
      continue;
    }
    if (context.now < due) {
      context.Wake(due);
      continue;
    }
    context.decision.actions.emplace_back(DeleteObject{"v1", "Service", context.graph.rollout_namespace,
                                                       context.graph.service + "-" + revision, *seen.service,
                                                       "nothing routes to one revision any more"});
  }
}

// A Service that leads to the pods of one revision alone.
graph::Value Narrowed(const Context& context, const graph::Value& service, const Revision& revision) {
  const graph::Workload* workload = WorkloadOf(context, revision);
  const bool ours = workload == nullptr || workload->pod_hash.empty();
  return With(service, {"spec", "selector", ours ? graph::kRevisionLabel : graph::kPodHashLabel},
              graph::Value(ours ? revision : workload->pod_hash));
}

// Service NAME while it leads to the pods of a revision. Of a service that is described by files another graph may have
// other labels and ports: they hold once it leads to pods that are that graph's.
graph::Value AddressFor(const Context& context, const Revision& revision) {
  const graph::Value& wanted = context.graph.stable_service;
  const auto& found = context.seen.stable_service;
  const bool described = context.graph.adopts || IsAdopted(context, revision);
  if (!described || !found || revision == context.graph.workload.revision) {
    return wanted;
  }
  graph::Value kept = wanted;
  const graph::Value selector = found->object.Path({"spec", "selector"});
  if (selector.as_map() != nullptr) {
    graph::Map labels = *selector.as_map();
    labels.Erase(graph::kRevisionLabel);
    labels.Erase(graph::kPodHashLabel);
    kept = With(kept, {"spec", "selector"}, graph::Value(std::move(labels)));
  }
  const graph::Value ports = found->object.Path({"spec", "ports"});
  return ports.is_none() ? kept : With(kept, {"spec", "ports"}, ports);
}

void WriteRevisionService(Context& context, const Revision& revision) {
  const auto seen = context.seen.revisions.find(revision);
  const std::optional<Version> found = seen == context.seen.revisions.end() ? std::nullopt : seen->second.service;
  const bool ours = found && seen->second.service_owner == context.seen.uid;
  if (ours || context.by_pods()) {
    return;
  }
  const graph::Value service = RevisionService(context, revision);
  if (!service.is_none()) {
    context.decision.actions.emplace_back(ApplyObject{Marked(context, service), found, "its endpoints"});
  }
}

std::string TextAt(const graph::Value& object, std::initializer_list<std::string_view> path) {
  const graph::Value value = object.Path(path);
  return value.as_string() == nullptr ? std::string() : *value.as_string();
}

ObjectName NameOfCompanion(const graph::Value& object) {
  return {TextAt(object, {"apiVersion"}), TextAt(object, {"kind"}), TextAt(object, {"metadata", "namespace"}),
          TextAt(object, {"metadata", "name"})};
}

// Pods don't start without them.
bool PodsNeed(const graph::Value& companion) { return companion.Field("kind") == graph::Value(graph::kConfigMapKind); }

// The plan in force says how all revisions are counted, not the bundle of each.
bool CountsPods(const graph::Value& companion) {
  return companion.Field("kind") == graph::Value(graph::kAutoscalerKind);
}

graph::Value WantedAutoscaler(const Context& context, const Revision& revision) {
  const auto planned = context.planned.find(revision);
  return planned == context.planned.end() ? graph::Value() : AutoscalerFor(context, revision, planned->second);
}

const ObservedObject* CompanionOf(const ObservedRevision* seen, const ObjectName& name) {
  if (seen == nullptr) {
    return nullptr;
  }
  const auto found = seen->companions.find(name);
  return found == seen->companions.end() ? nullptr : &found->second;
}

void WriteCompanion(Context& context, const ObservedRevision* seen, const graph::Value& wanted, std::string why) {
  const ObservedObject* found = CompanionOf(seen, NameOfCompanion(wanted));
  const bool ours = found != nullptr && IsOurs(context, found->object);
  // What can't be changed isn't compared.
  if (!ours || (!PodsNeed(wanted) && !Contains(found->object, wanted))) {
    context.decision.actions.emplace_back(ApplyObject{
        Marked(context, wanted), found == nullptr ? std::nullopt : std::optional(found->version), std::move(why)});
  }
}

void DeleteCompanion(Context& context, const ObjectName& name, const ObservedObject& companion, std::string why) {
  if (!companion.object.Path({"metadata", "annotations", graph::kAdoptedAnnotation}).is_none()) {
    return Release(context, companion.object, companion.version);
  }
  context.decision.actions.emplace_back(
      DeleteObject{name.api_version, name.kind, name.namespace_, name.name, companion.version, std::move(why)});
}

// The revisions whose Deployments this decision writes.
std::set<Revision> WrittenDeployments(const Context& context) {
  std::set<Revision> revisions;
  for (const Action& action : context.decision.actions) {
    const auto* apply = std::get_if<ApplyObject>(&action);
    if (apply != nullptr && apply->object.Field("kind") == graph::Value("Deployment") &&
        !(apply->object.Path({"spec", "replicas"}) == graph::Value(0))) {
      revisions.insert(TextAt(apply->object, {"metadata", "labels", graph::kRevisionLabel}));
    }
  }
  return revisions;
}

const ObservedRevision* SeenOf(const Context& context, const Revision& revision) {
  const auto seen = context.seen.revisions.find(revision);
  return seen == context.seen.revisions.end() ? nullptr : &seen->second;
}

}  // namespace

graph::Value With(const graph::Value& value, std::initializer_list<std::string_view> path, graph::Value leaf) {
  return WithAt(value, path.begin(), path.end(), std::move(leaf));
}

bool Contains(const graph::Value& found, const graph::Value& wanted) {
  if (Empty(wanted)) {
    return Empty(found) || (wanted.is_none());
  }
  if (const graph::Map* map = wanted.as_map()) {
    const graph::Map* other = found.as_map();
    return other != nullptr && std::all_of(map->entries().begin(), map->entries().end(), [&](const auto& entry) {
             const graph::Value* field = other->Find(entry.first);
             return Contains(field == nullptr ? graph::Value() : *field, entry.second);
           });
  }
  if (const graph::List* list = wanted.as_list()) {
    const graph::List* other = found.as_list();
    return other != nullptr && other->size() == list->size() &&
           std::equal(list->begin(), list->end(), other->begin(),
                      [](const graph::Value& a, const graph::Value& b) { return Contains(b, a); });
  }
  const graph::Quantity* number = wanted.as_quantity();
  const graph::Quantity* other = found.as_quantity();
  if (number != nullptr && other != nullptr) {
    return number->number == other->number;  // units have no place in an object
  }
  return found == wanted;
}

// NAME-REV. The bundle of a revision that came while shares were made by pods has none: it is like NAME, but for
// what it selects.
graph::Value RevisionService(const Context& context, const Revision& revision) {
  const graph::Workload* workload = WorkloadOf(context, revision);
  if (workload == nullptr || !workload->service.is_none() || context.graph.stable_service.is_none()) {
    return workload == nullptr ? graph::Value() : workload->service;
  }
  graph::Value service =
      With(context.graph.stable_service, {"metadata", "name"}, graph::Value(context.graph.service + "-" + revision));
  service = With(service, {"metadata", "labels", graph::kRevisionLabel}, graph::Value(revision));
  return With(service, {"spec", "selector", graph::kRevisionLabel}, graph::Value(revision));
}

graph::Value AddressOf(const Context& context, const Revision& revision) {
  const bool narrow = context.graph.router.address == graph::Router::Address::kStable;
  const graph::Value wanted = AddressFor(context, revision);
  return narrow && !wanted.is_none() ? Narrowed(context, wanted, revision) : wanted;
}

const graph::Value* PlannedCompanion(const graph::Workload& workload, const ObjectName& name) {
  const auto found = std::find_if(workload.companions.begin(), workload.companions.end(),
                                  [&](const graph::Value& one) { return NameOfCompanion(one) == name; });
  return found == workload.companions.end() ? nullptr : &*found;
}

graph::Value Marked(const Context& context, const graph::Value& object) {
  graph::Value marked = With(object, {"metadata", "labels", graph::kServiceLabel}, graph::Value(context.graph.service));
  marked = With(marked, {"metadata", "labels", graph::kRolloutLabel}, graph::Value(context.graph.rollout));
  if (!context.seen.uid.empty()) {
    marked = With(marked, {"metadata", "annotations", graph::kOwnerAnnotation}, graph::Value(context.seen.uid));
  }
  return With(marked, {"metadata", "annotations", graph::kEpochAnnotation},
              graph::Value(std::to_string(context.status.epoch)));
}

graph::Value Unmarked(const graph::Value& object) {
  graph::Value bare = object;
  const auto without = [&](const char* field, std::initializer_list<const char*> names) {
    const graph::Value entries = bare.Path({"metadata", field});
    if (entries.as_map() == nullptr) {
      return;
    }
    graph::Map kept = *entries.as_map();
    for (const char* name : names) {
      kept.Erase(name);
    }
    bare = With(bare, {"metadata", field}, graph::Value(std::move(kept)));
  };
  without("labels", {graph::kRolloutLabel});
  without("annotations", {graph::kOwnerAnnotation, graph::kEpochAnnotation});
  return bare;
}

bool IsOurs(const Context& context, const graph::Value& object) {
  const graph::Value owner = object.Path({"metadata", "annotations", graph::kOwnerAnnotation});
  return owner.as_string() == nullptr ? context.seen.uid.empty() : *owner.as_string() == context.seen.uid;
}

std::int64_t EpochOf(const graph::Value& object) {
  const graph::Value value = object.Path({"metadata", "annotations", graph::kEpochAnnotation});
  const std::string* text = value.as_string();
  std::int64_t epoch = 0;
  if (text != nullptr) {
    std::from_chars(text->data(), text->data() + text->size(), epoch);
  }
  return epoch;
}

void WriteDeployment(Context& context, const Revision& revision, std::int32_t pods) {
  const graph::Workload* workload = WorkloadOf(context, revision);
  const ObservedDeployment* deployment = DeploymentOf(context, revision);
  if (workload == nullptr) {
    SayUndescribed(context, revision);
    return;
  }
  for (const graph::Value& companion : workload->companions) {
    if (pods > 0 && PodsNeed(companion)) {
      WriteCompanion(context, SeenOf(context, revision), companion, "what its pods read");
    }
  }
  graph::Value object = With(Marked(context, workload->deployment), {"spec", "replicas"}, graph::Value(pods));
  context.decision.actions.emplace_back(
      ApplyObject{std::move(object), VersionOf(deployment), fmt::format("{} pods for {}", pods, revision)});
}

void WriteServices(Context& context) {
  for (const auto& [revision, pods] : context.status.applied.pods) {
    WriteRevisionService(context, revision);
  }
  DeleteRevisionServices(context);
  const Revision address = AddressRevision(context);
  if (context.graph.router.address == graph::Router::Address::kRouter || context.graph.stable_service.is_none() ||
      address.empty()) {
    return;
  }
  const bool narrow = context.graph.router.address == graph::Router::Address::kStable;
  const graph::Value wanted = AddressOf(context, address);
  const auto& found = context.seen.stable_service;
  const bool moved = !found || context.seen.stable_service_revision != (narrow ? address : Revision());
  // While nothing but this Service could carry NAME's traffic, it isn't pointed at a revision without pods.
  if (moved && narrow && found && Endpoints(context, address) == 0) {
    context.Say(fmt::format("Service {} stays where it is until {} has a ready pod", context.graph.service, address));
    return;
  }
  if (moved || !IsOurs(context, found->object) || !Contains(found->object, wanted)) {
    context.decision.actions.emplace_back(ApplyObject{
        Marked(context, wanted), found ? std::optional(found->version) : std::nullopt, "the address of the service"});
  }
}

void WriteAutoscaler(Context& context, const Revision& revision) {
  const ObservedRevision* seen = SeenOf(context, revision);
  const graph::Value wanted = WantedAutoscaler(context, revision);
  if (!context.graph.autoscaler && seen != nullptr) {
    for (const auto& [name, companion] : seen->companions) {
      if (name.kind == graph::kAutoscalerKind && IsOurs(context, companion.object) &&
          context.autoscalers_written.insert(revision).second) {
        DeleteCompanion(context, name, companion, "the plan names none");
      }
    }
  }
  if (!wanted.is_none() && context.autoscalers_written.insert(revision).second) {
    WriteCompanion(context, seen, wanted,
                   fmt::format("{} to {} pods", wanted.Path({"spec", "minReplicas"}).ToText(),
                               wanted.Path({"spec", "maxReplicas"}).ToText()));
  }
}

void WriteCompanions(Context& context) {
  const std::set<Revision> written = WrittenDeployments(context);  // their ConfigMaps too
  for (const auto& [revision, seen] : context.seen.revisions) {
    const graph::Workload* workload = WorkloadOf(context, revision);
    const bool known = seen.deployment && workload != nullptr;
    const std::vector<graph::Value> none;
    const std::vector<graph::Value>& wanted = known ? workload->companions : none;
    const graph::Value autoscaler = known ? WantedAutoscaler(context, revision) : graph::Value();
    if (!autoscaler.is_none()) {
      WriteAutoscaler(context, revision);
    }
    for (const graph::Value& companion : wanted) {
      if (!CountsPods(companion) && (!PodsNeed(companion) || !written.contains(revision))) {
        WriteCompanion(context, &seen, companion,
                       PodsNeed(companion) ? "what its pods read" : "how many may be evicted");
      }
    }
    const bool to_come = written.contains(revision) || context.status.applied.pods.contains(revision);
    if (!known && (to_come || seen.deployment || seen.service)) {
      continue;
    }
    for (const auto& [name, companion] : seen.companions) {
      const bool named = name.kind == graph::kAutoscalerKind
                             ? !autoscaler.is_none() && NameOfCompanion(autoscaler) == name
                             : std::any_of(wanted.begin(), wanted.end(), [&, &name = name](const graph::Value& object) {
                                 return NameOfCompanion(object) == name;
                               });
      const bool deleted = name.kind == graph::kAutoscalerKind && context.autoscalers_written.contains(revision);
      if (!named && !deleted && IsOurs(context, companion.object)) {
        const bool counted = context.graph.autoscaler && name.kind == graph::kAutoscalerKind;
        DeleteCompanion(context, name, companion,
                        !known    ? "nothing names this revision"
                        : counted ? "its revision has no pods"
                                  : "the plan names none");
      }
    }
  }
}

bool DeleteCompanions(Context& context, const ObservedRevision& seen, const std::string& why) {
  bool gone = true;
  for (const auto& [name, companion] : seen.companions) {
    if (IsOurs(context, companion.object)) {
      DeleteCompanion(context, name, companion, why);
      gone = false;
    }
  }
  return gone;
}

bool DeleteCompanions(Context& context) {
  bool gone = true;
  for (const auto& [revision, seen] : context.seen.revisions) {
    gone = DeleteCompanions(context, seen, "the rollout was removed") && gone;
  }
  return gone;
}

bool AddressInPlace(const Context& context) {
  const graph::Router::Address address = context.graph.router.address;
  if (address == graph::Router::Address::kRouter || context.graph.stable_service.is_none()) {
    return true;
  }
  const Revision wanted = address == graph::Router::Address::kStable ? AddressRevision(context) : Revision();
  return context.seen.stable_service.has_value() && context.seen.stable_service_revision == wanted;
}

bool StableServiceMoved(const Context& context, const Revision& revision) {
  if (context.graph.router.address != graph::Router::Address::kStable || context.graph.stable_service.is_none()) {
    return true;
  }
  if (!context.seen.stable_service || context.seen.stable_service_revision != revision) {
    return false;
  }
  std::int32_t own = 0;
  for (const auto& [other, ready] : context.seen.stable_service_ready) {
    if (other == revision) {
      own = ready;
    } else if (ready > 0) {
      return false;
    }
  }
  return own > 0 && own == Endpoints(context, revision);
}

}  // namespace sluice::decide
