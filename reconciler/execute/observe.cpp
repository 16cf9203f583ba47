#include "reconciler/execute/observe.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "compiler/graph/names.h"
#include "compiler/graph/split.h"
#include "reconciler/cluster/value_json.h"
#include "reconciler/decide/objects.h"
#include "reconciler/decide/partition.h"

namespace sluice::execute {
namespace {

using decide::Observed;
using decide::ObservedDeployment;
using decide::Revision;

decide::Version VersionOf(const Identity& id) { return {id.uid, id.resource_version}; }

// Of a spec, what the executor writes apart, and what a StatefulSet's API drops where a cluster doesn't know it, or
// writes down otherwise (1024Mi).
bool IsCompared(const std::string& field, bool stateful_set) {
  const auto is = [&](const char* name) { return field == name; };
  return !is("replicas") && (!stateful_set || !(is("updateStrategy") || is("volumeClaimTemplates") ||
                                                is("persistentVolumeClaimRetentionPolicy")));
}

// Whether a field that the workload names is not as it says.
bool IsDrifted(const cluster::Json& found, const graph::Workload& workload) {
  const graph::Map* spec = workload.deployment.Field("spec").as_map();
  if (spec == nullptr) return false;
  const auto at = found.find("spec");
  const graph::Value found_spec = at == found.end() ? graph::Value() : cluster::ToValue(*at);
  const bool stateful_set = workload.deployment.Field("kind") == graph::Value("StatefulSet");
  return !std::all_of(spec->entries().begin(), spec->entries().end(), [&](const auto& field) {
    return !IsCompared(field.first, stateful_set) || decide::Contains(found_spec.Field(field.first), field.second);
  });
}

std::string OwnerOf(const graph::Value& object) {
  const graph::Value owner = object.Path({"metadata", "annotations", graph::kOwnerAnnotation});
  return owner.as_string() == nullptr ? std::string() : *owner.as_string();
}

// Another rollout's mark is on it. One without a name may be taken over, as may what an earlier Rollout of this
// name left behind.
bool IsAnothers(const graph::Value& object, const std::string& rollout) {
  const graph::Value label = object.Path({"metadata", "labels", graph::kRolloutLabel});
  return label.as_string() != nullptr && *label.as_string() != rollout;
}

// What a condition that is true says: "REASON: message"; nullopt if it isn't.
std::optional<std::string> Said(const graph::Value& object, std::string_view type) {
  const graph::Value conditions = object.Path({"status", "conditions"});
  if (conditions.as_list() == nullptr) return std::nullopt;
  for (const graph::Value& condition : *conditions.as_list()) {
    if (condition.Field("type") != graph::Value(std::string(type)) ||
        condition.Field("status") != graph::Value("True")) {
      continue;
    }
    const graph::Value message = condition.Field("message");
    const graph::Value reason = condition.Field("reason");
    const std::string why = reason.as_string() == nullptr ? "" : *reason.as_string();
    return message.as_string() == nullptr || message.as_string()->empty() ? why : why + ": " + *message.as_string();
  }
  return std::nullopt;
}

// "web-12": 12; nullopt if that is no pod of StatefulSet web.
std::optional<std::int32_t> OrdinalIn(const std::string& stateful_set, const std::string& pod) {
  if (!pod.starts_with(stateful_set + "-")) return std::nullopt;
  std::int32_t ordinal = 0;
  const char* const end = pod.data() + pod.size();
  const auto [rest, error] = std::from_chars(pod.data() + stateful_set.size() + 1, end, ordinal);
  return error == std::errc() && rest == end && ordinal >= 0 ? std::optional(ordinal) : std::nullopt;
}

class Observer {
 public:
  Observer(const World& world, const graph::Graph& graph, const Name& rollout, const std::string& uid, Drifts& drifts)
      : world_(world), graph_(graph), namespace_(rollout.first), rollout_(rollout.second), uid_(uid), drifts_(drifts) {}

  void Deployments(Observed& out, const std::map<Revision, std::shared_ptr<const graph::Workload>>& workloads) const {
    for (const auto* entry : world_.deployments().InGroup(namespace_, graph_.service)) {
      const DeploymentView& view = entry->view;
      if (!view.rollout.empty() && view.rollout != rollout_) continue;
      // One that was taken over by an earlier Rollout, or for another plan, is nobody's.
      if (!view.adopted.empty() && (!out.adoption || out.adoption->revision != view.revision)) continue;
      ObservedDeployment seen = ShownDeployment(entry->id, view);
      const auto workload = workloads.find(view.revision);
      seen.drifted =
          workload != workloads.end() && (seen.owner != uid_ || drifts_.IsDrifted(entry->id, view, workload->second));
      out.revisions[view.revision].deployment = std::move(seen);
    }
  }

  void StatefulSet(Observed& out, const std::map<Revision, std::shared_ptr<const graph::Workload>>& workloads) const {
    if (!graph_.adopts || !graph_.adopts->by_partition) return;
    const auto* entry = world_.stateful_sets().Find({namespace_, graph_.adopts->deployment});
    if (entry == nullptr || entry->view.group != graph_.service) return;
    const StatefulSetView& view = entry->view;
    if (!view.rollout.empty() && view.rollout != rollout_) return;
    const auto workload = workloads.find(view.revision);
    const bool drifted =
        view.owner != uid_ || (workload != workloads.end() && drifts_.IsDrifted(entry->id, view, workload->second));
    ShowStatefulSet(world_, graph_, entry->id, view, drifted, out);
  }

  void Evidence(Observed& out) const {
    // Reading every pod is for those that have a story to tell.
    for (const auto* pod : world_.pods().InGroup(namespace_, graph_.service)) {
      if (pod->view.ready || pod->id.deleting || pod->view.evidence.empty()) continue;
      const auto found = out.revisions.find(pod->view.revision);
      if (found == out.revisions.end() || !found->second.deployment) continue;
      if (found->second.deployment->evidence.empty()) found->second.deployment->evidence = pod->view.evidence;
    }
  }

  void Services(Observed& out) const {
    for (const auto* entry : world_.services().InGroup(namespace_, graph_.service)) {
      const ServiceView& view = entry->view;
      const std::string& name = entry->id.name.second;
      if (IsAnothers(view.object, rollout_)) continue;
      if (name == graph_.service) {
        out.stable_service = ShownObject(entry->id, view.object);
        out.stable_service_revision = SelectedBy(view, out.adoption);
        out.stable_service_ready = ReadyByRevision(name, out);
      } else if (!view.revision.empty() && !entry->id.deleting) {
        out.revisions[view.revision].service = VersionOf(entry->id);
        out.revisions[view.revision].service_owner = OwnerOf(view.object);
      }
    }
    for (auto& [revision, seen] : out.revisions) {
      seen.ready_endpoints = static_cast<std::int32_t>(ReadyPods(graph_.service + "-" + revision).size());
    }
  }

  void Companions(Observed& out) const {
    for (const auto* entry : world_.CompanionsOf({namespace_, rollout_})) {
      const graph::Value revision = entry->view.object.Path({"metadata", "labels", graph::kRevisionLabel});
      if (entry->id.deleting || revision.as_string() == nullptr) continue;
      const std::string name = graph_.service + "-" + *revision.as_string();
      const bool adopted = out.adoption && out.adoption->revision == *revision.as_string();
      if (!adopted && !(entry->id.name.second + "-").starts_with(name + "-")) continue;  // somebody's copy
      const decide::ObjectName key{entry->view.object.Field("apiVersion").ToText(),
                                   entry->view.object.Field("kind").ToText(), namespace_, entry->id.name.second};
      const graph::Value& aside = entry->view.aside;
      out.revisions[*revision.as_string()].companions[key] = ShownObject(
          entry->id, aside.is_none() ? entry->view.object : decide::With(entry->view.object, {"status"}, aside));
    }
  }

  void Jobs(Observed& out) const {
    using State = decide::ObservedJob::State;
    for (const auto* entry : world_.JobsOf({namespace_, rollout_})) {
      const graph::Value& object = entry->view.object;
      decide::ObservedJob job;
      job.object = ShownObject(entry->id, object);
      job.deleting = entry->id.deleting;
      if (Said(object, "Complete")) job.state = State::kComplete;
      if (const auto failed = Said(object, "Failed")) {
        job.state = State::kFailed;
        job.reason = *failed;
      }
      for (const auto* pod : world_.job_pods().InGroup(namespace_, entry->id.name.second)) {
        if (!pod->view.words.empty()) job.words = pod->view.words;
      }
      out.jobs.emplace(entry->id.name.second, std::move(job));
    }
  }

  void RouterObject(const decide::ObjectName& object, Observed& out) const {
    const cluster::Kind kind{object.api_version, object.kind};
    const Name name{object.namespace_, object.name};
    const auto show = [&](const auto* entry) {
      if (entry != nullptr && !IsAnothers(entry->view.object, rollout_)) {
        out.router_objects[object] = ShownObject(entry->id, entry->view.object);
      }
    };
    if (kind == world_.services().kind()) return show(world_.services().Find(name));
    show(world_.FindOwned({kind, object.namespace_, object.name}));
  }

 private:
  // With what the names of pods begin that were taken over, and that carry no label of ours: those of a ReplicaSet
  // begin with its own, as far as 58 characters go (k8s.io/apiserver/pkg/storage/names).
  std::string AdoptedPrefix(const std::optional<decide::ObservedAdoption>& adoption) const {
    if (!adoption || adoption->workload->pod_hash.empty()) return "";
    const std::string deployment = adoption->workload->deployment.Path({"metadata", "name"}).ToText();
    return (deployment + "-" + adoption->workload->pod_hash + "-").substr(0, 58);
  }

  // A pod with two addresses stands in two slices.
  std::set<std::string> ReadyPods(const std::string& service) const {
    std::set<std::string> pods;
    for (const auto* slice : world_.slices().InGroup(namespace_, service)) {
      pods.insert(slice->view.pods.begin(), slice->view.pods.end());
    }
    return pods;
  }

  // Of a pod of the StatefulSet that no label tells of, or not yet, or not any more: never the one that comes.
  static Revision RevisionOfUnseen(const Observed& out) {
    return out.adoption ? out.adoption->revision : out.stateful_set->below;
  }

  static Revision RevisionOfPod(const Observed& out, const std::string& name, const Revision& label) {
    const auto& pods = out.stateful_set->pods;
    const auto found = std::find_if(pods.begin(), pods.end(), [&](const auto& pod) { return pod.name == name; });
    return found == pods.end() ? label : decide::RevisionOf(*out.stateful_set, *found, label);
  }

  std::map<Revision, std::int32_t> ReadyByRevision(const std::string& service, const Observed& out) const {
    std::map<Revision, std::int32_t> ready;
    const std::string adopted = AdoptedPrefix(out.adoption);
    for (const std::string& name : ReadyPods(service)) {
      const auto* pod = world_.pods().Find({namespace_, name});
      if (pod != nullptr && !out.stateful_set) {
        ++ready[pod->view.revision];
      } else if (pod != nullptr) {
        ++ready[RevisionOfPod(out, name, pod->view.revision)];
      } else if (out.stateful_set) {
        ++ready[RevisionOfUnseen(out)];
      } else if (!adopted.empty() && name.starts_with(adopted)) {
        ++ready[out.adoption->revision];
      } else if (name.rfind(graph_.service + "-", 0) == 0) {
        // The slice is ahead of the pod's own watch: its name begins with its Deployment's.
        ++ready[name.substr(graph_.service.size() + 1, 8)];
      }
    }
    // A slice may show a pod that was replaced meanwhile.
    if (out.stateful_set) {
      const auto seen = out.revisions.find(out.stateful_set->revision);
      std::int32_t& own = ready[out.stateful_set->revision];
      own = std::min(own, seen == out.revisions.end() ? 0 : seen->second.deployment->ready);
    }
    return ready;
  }

  const World& world_;
  const graph::Graph& graph_;
  const std::string& namespace_;
  const std::string& rollout_;
  const std::string& uid_;
  Drifts& drifts_;
};

}  // namespace

decide::ObservedObject ShownObject(const Identity& id, const graph::Value& object) {
  decide::ObservedObject observed{VersionOf(id), 0, object, id.seen_at};
  const graph::Value generation = object.Path({"metadata", "generation"});
  if (const auto* quantity = generation.as_quantity()) observed.generation = quantity->number.Floor();
  return observed;
}

ObservedDeployment ShownDeployment(const Identity& id, const DeploymentView& view) {
  ObservedDeployment seen;
  seen.version = VersionOf(id);
  seen.generation = view.generation;
  seen.observed_generation = view.observed_generation;
  seen.spec_replicas = view.spec_replicas;
  seen.pods = view.pods;
  seen.ready = view.ready;
  seen.deleting = id.deleting;
  seen.epoch = view.epoch;
  seen.owner = view.owner;
  seen.blocked = view.blocked;
  return seen;
}

Revision SelectedBy(const ServiceView& service, const std::optional<decide::ObservedAdoption>& adoption) {
  if (!service.selected.empty() || !adoption) return service.selected;
  const std::string& hash = adoption->workload->pod_hash;
  const bool adopted = service.object.Path({"spec", "selector", graph::kPodHashLabel}) == graph::Value(hash);
  return adopted && !hash.empty() ? adoption->revision : Revision();
}

std::optional<decide::ObservedStatefulSet::Pod> ShownPod(const Identity& set, const StatefulSetView& view,
                                                         const Identity& id, const PodView& pod) {
  const std::optional<std::int32_t> ordinal = OrdinalIn(set.name.second, id.name.second);
  if (!ordinal) return std::nullopt;
  return decide::ObservedStatefulSet::Pod{id.name.second, VersionOf(id),     *ordinal - view.first_ordinal,
                                          pod.revision,   pod.hash,          pod.ready,
                                          id.deleting,    pod.unready_since, pod.evidence};
}

decide::ObservedStatefulSet ShownStatefulSet(const Identity& id, const StatefulSetView& view) {
  decide::ObservedStatefulSet shown;
  shown.set = ShownDeployment(id, view);
  shown.revision = view.revision;
  shown.below = view.below;
  shown.partition = view.partition;
  shown.update_hash = view.update_hash;
  shown.current_hash = view.current_hash;
  return shown;
}

void ShowStatefulSet(const World& world, const graph::Graph& graph, const Identity& id, const StatefulSetView& view,
                     bool drifted, Observed& out) {
  decide::ObservedStatefulSet& shown = out.stateful_set.emplace(ShownStatefulSet(id, view));
  shown.set.drifted = drifted;
  for (const auto* pod : world.pods().InGroup(id.name.first, graph.service)) {
    if (auto one = ShownPod(id, view, pod->id, pod->view)) shown.pods.push_back(*std::move(one));
  }
  if (out.adoption) shown.pods.insert(shown.pods.end(), out.adoption->pods.begin(), out.adoption->pods.end());
  for (auto& [revision, seen] : decide::RevisionsOf(shown, out.adoption ? out.adoption->revision : Revision())) {
    out.revisions[revision].deployment = std::move(seen);
  }
}

bool Drifts::IsDrifted(const Identity& id, const DeploymentView& view,
                       const std::shared_ptr<const graph::Workload>& workload) {
  Compared& last = compared_[view.revision];
  if (last.workload != workload || last.uid != id.uid || last.generation != view.generation) {
    last = {id.uid, view.generation, workload, execute::IsDrifted(view.object.Get(), *workload)};
  }
  return last.drifted;
}

std::vector<decide::ObjectName> RoutedObjects(const graph::Graph& graph) {
  graph::Roots roots;
  roots.emplace("split", graph::SplitValue(graph, {{"stable", &graph.workload, Number(1)}}, {}, Number()));
  std::vector<decide::ObjectName> objects;
  for (const graph::RouterObject& object : graph.router.objects) {
    const graph::Evaluation made = graph::Evaluate(*object.manifest, graph.functions, roots);
    if (made.kind != graph::Evaluation::Kind::kValue) continue;
    const auto text = [&](std::initializer_list<std::string_view> path) { return made.value.Path(path).ToText(); };
    objects.push_back(
        {text({"apiVersion"}), text({"kind"}), text({"metadata", "namespace"}), text({"metadata", "name"})});
  }
  return objects;
}

Observed Observe(const World& world, const graph::Graph& graph, const std::vector<decide::ObjectName>& routed,
                 const Name& rollout, const std::string& uid,
                 const std::map<Revision, std::shared_ptr<const graph::Workload>>& workloads,
                 std::optional<decide::ObservedAdoption> adoption, Drifts& drifts) {
  Observed out;
  out.adoption = std::move(adoption);
  out.uid = uid;
  out.complete = world.synced();
  out.wanted = graph.workload.revision;
  const Observer observer(world, graph, rollout, uid, drifts);
  observer.Deployments(out, workloads);
  observer.StatefulSet(out, workloads);
  observer.Evidence(out);
  observer.Services(out);
  observer.Companions(out);
  observer.Jobs(out);
  for (const decide::ObjectName& object : routed) observer.RouterObject(object, out);
  for (const auto* command : world.commands().InGroup(rollout.first, rollout.second)) {
    if (command->id.deleting || (!command->view.rollout_uid.empty() && command->view.rollout_uid != uid)) continue;
    out.commands.push_back(command->view.command);
  }
  std::stable_sort(out.commands.begin(), out.commands.end(),
                   [](const decide::Command& a, const decide::Command& b) { return a.at < b.at; });
  return out;
}

}  // namespace sluice::execute
