#include "reconciler/execute/adoption.h"

#include <utility>

#include <fmt/format.h>

#include "compiler/base/hash.h"
#include "compiler/graph/names.h"
#include "compiler/kubernetes/image.h"
#include "compiler/kubernetes/quantity_fields.h"
#include "reconciler/cluster/value_json.h"
#include "reconciler/decide/objects.h"

namespace sluice::execute {
namespace {

using cluster::Json;
using cluster::SharedJson;
using decide::ObservedAdoption;
using decide::With;
using graph::Value;

class Finder : public std::enable_shared_from_this<Finder> {
 public:
  Finder(cluster::Cluster& cluster, std::shared_ptr<const graph::Graph> graph, std::shared_ptr<bool> alive,
         std::function<void(Result<Adoptee>)> done)
      : cluster_(cluster), graph_(std::move(graph)), alive_(std::move(alive)), done_(std::move(done)) {}

  void Run() {
    const bool sets = !graph_->adopts->by_partition;
    Get({"apps/v1", sets ? "Deployment" : "StatefulSet"}, graph_->adopts->deployment, &Adoptee::deployment,
        [sets](Finder& self) { sets&& self.found_.deployment != nullptr ? self.ListSets() : self.GetService(); });
  }

 private:
  void Get(const cluster::Kind& kind, const std::string& name, SharedJson Adoptee::*slot,
           std::function<void(Finder&)> next) {
    cluster_.Send(cluster::Get{{kind, graph_->rollout_namespace, name}},
                  [self = shared_from_this(), slot, next = std::move(next)](Result<SharedJson> answer) {
                    if (!*self->alive_) return;
                    if (!answer && answer.error().code != ErrorCode::kNotFound) return self->done_(answer.error());
                    if (answer.ok()) self->found_.*slot = *answer;
                    next(*self);
                  });
  }

  void ListSets() {
    cluster::LabelSelector labels;
    const Json* selector = cluster::Find(*found_.deployment, {"spec", "selector", "matchLabels"});
    if (selector != nullptr) {
      for (const auto& [name, value] : selector->items()) labels[name] = value.get<std::string>();
    }
    cluster_.Send(cluster::ListObjects{{"apps/v1", "ReplicaSet"}, graph_->rollout_namespace, std::move(labels)},
                  [self = shared_from_this()](Result<SharedJson> answer) {
                    if (!*self->alive_) return;
                    if (!answer) return self->done_(answer.error());
                    self->found_.replica_sets = *answer;
                    self->GetService();
                  });
  }

  void GetService() {
    if (graph_->stable_service.is_none()) return GetBudget();
    Get({"v1", "Service"}, graph_->service, &Adoptee::service, [](Finder& self) { self.GetBudget(); });
  }

  void GetBudget() {
    if (graph_->adopts->budget.empty()) return done_(found_);
    Get({graph::kBudgetApiVersion, graph::kBudgetKind}, graph_->adopts->budget, &Adoptee::budget,
        [](Finder& self) { self.done_(self.found_); });
  }

  cluster::Cluster& cluster_;
  std::shared_ptr<const graph::Graph> graph_;
  std::shared_ptr<bool> alive_;
  std::function<void(Result<Adoptee>)> done_;
  Adoptee found_;
};

// Why its own roll is not over: as `kubectl rollout status` says it. "" if it is.
std::string Unfinished(const Json& deployment) {
  const auto count = [&](const char* field) { return cluster::Integer(deployment, {"status", field}); };
  const std::int64_t wanted = cluster::Integer(deployment, {"spec", "replicas"}, 1);
  if (cluster::Integer(deployment, {"metadata", "generation"}) > count("observedGeneration")) {
    return "its last change was not seen by its controller yet";
  }
  if (count("updatedReplicas") < wanted || count("replicas") > count("updatedReplicas")) {
    return fmt::format("its own roll is not over, {} of {} pods are of its present template", count("updatedReplicas"),
                       std::max(wanted, count("replicas")));
  }
  if (count("availableReplicas") < wanted) {
    return fmt::format("{} of its {} pods are available", count("availableReplicas"), wanted);
  }
  return "";
}

// The same of a StatefulSet.
std::string UnfinishedStatefulSet(const Json& stateful_set) {
  const auto count = [&](const char* field) { return cluster::Integer(stateful_set, {"status", field}); };
  const std::int64_t wanted = cluster::Integer(stateful_set, {"spec", "replicas"}, 1);
  if (wanted == 0) {
    return "it has no pods: delete it, or give it those that git says";
  }
  if (cluster::Integer(stateful_set, {"metadata", "generation"}) > count("observedGeneration")) {
    return "its last change was not seen by its controller yet";
  }
  const std::string update = cluster::Text(stateful_set, {"status", "updateRevision"});
  if (update.empty() || update != cluster::Text(stateful_set, {"status", "currentRevision"})) {
    return fmt::format("its own roll is not over, {} of {} pods are of its present template", count("updatedReplicas"),
                       wanted);
  }
  if (count("updatedReplicas") < wanted) {
    return fmt::format("{} of its {} pods are of its present template", count("updatedReplicas"), wanted);
  }
  if (count("readyReplicas") < wanted || count("replicas") > wanted) {
    return fmt::format("{} of its {} pods are ready", count("readyReplicas"), wanted);
  }
  return "";
}

// What would take requests or pods from those that run, were it taken over: "" if nothing would.
std::string Unlike(const graph::Graph& graph, const Adoptee& adoptee) {
  const Json& deployment = *adoptee.deployment;
  const std::string rollout = cluster::Text(deployment, {"metadata", "labels", graph::kRolloutLabel});
  if (!rollout.empty() && rollout != graph.rollout) return fmt::format("rollout {} has it", rollout);
  const std::int64_t pods = cluster::Integer(deployment, {"spec", "replicas"}, 1);
  if (pods > graph.workload.replicas) {
    return fmt::format("it has {} pods, git says {}: say as many there, or scale it down", pods,
                       graph.workload.replicas);
  }
  if (adoptee.service == nullptr) return "";
  const auto differs = [&](const char* field) {
    const Json* found = cluster::Find(*adoptee.service, {"spec", field});
    const Value wanted = graph.stable_service.Path({"spec", field});
    return found == nullptr ? !wanted.is_none() : !decide::Contains(cluster::ToValue(*found), wanted);
  };
  const Json* selector = cluster::Find(*adoptee.service, {"spec", "selector"});
  const graph::Value said = graph.stable_service.Path({"spec", "selector"});
  const bool more = selector != nullptr && said.as_map() != nullptr && selector->size() != said.as_map()->size();
  const bool ours =
      selector != nullptr && (selector->contains(graph::kRevisionLabel) || selector->contains(graph::kPodHashLabel));
  if (differs("selector") || (more && !ours)) {
    return fmt::format("Service {} has another selector than git says: bring one to the other first", graph.service);
  }
  if (differs("ports")) {
    return fmt::format("Service {} has other ports than git says: bring one to the other first", graph.service);
  }
  return "";
}

// `pod-template-hash` of the ReplicaSet that has its pods.
Result<std::string> HashOf(const Json& deployment, const Json& sets) {
  const std::string uid = cluster::Text(deployment, {"metadata", "uid"});
  std::string hash;
  for (const Json& set : cluster::List(sets, {"items"})) {
    const Json& owners = cluster::List(set, {"metadata", "ownerReferences"});
    const bool owned = !owners.empty() && cluster::Says(owners.front(), {"uid"}, uid);
    const bool pods =
        cluster::Integer(set, {"spec", "replicas"}) > 0 || cluster::Integer(set, {"status", "replicas"}) > 0;
    if (!owned || !pods) continue;
    if (!hash.empty()) return Error{ErrorCode::kConflict, "two of its ReplicaSets have pods"};
    hash = cluster::Text(set, {"metadata", "labels", graph::kPodHashLabel});
  }
  if (hash.empty()) return Error{ErrorCode::kNotFound, "none of its ReplicaSets has pods"};
  return hash;
}

Value Labels(const graph::Graph& graph, const decide::Revision& revision) {
  graph::Map labels;
  labels.Set(graph::kServiceLabel, graph.service);
  labels.Set(graph::kRevisionLabel, revision);
  labels.Set(graph::kRolloutLabel, graph.rollout);
  return Value(std::move(labels));
}

// What our field manager owns of the Deployment: not its pod template.
Value OwnPart(const graph::Graph& graph, const std::string& name, const decide::Revision& revision,
              const std::string& hash) {
  Value object = With(Value(), {"apiVersion"}, "apps/v1");
  object = With(object, {"kind"}, "Deployment");
  object = With(object, {"metadata", "name"}, name);
  object = With(object, {"metadata", "namespace"}, graph.rollout_namespace);
  object = With(object, {"metadata", "labels"}, Labels(graph, revision));
  object = With(object, {"metadata", "annotations", graph::kAdoptedAnnotation}, hash);
  return With(object, {"spec", "paused"}, true);
}

// Service NAME-REV as git's revision has it, for these pods.
Value RevisionService(const graph::Graph& graph, const decide::Revision& revision, const std::string& hash) {
  const Value& like = graph.workload.service;
  if (like.is_none()) return like;
  Value service = With(like, {"metadata", "name"}, graph.service + "-" + revision);
  service = With(service, {"metadata", "labels"}, Labels(graph, revision));
  const Value selector = graph.stable_service.Path({"spec", "selector"});
  return With(service, {"spec", "selector"}, With(selector, {graph::kPodHashLabel}, hash));
}

// The budget that is there, for these pods: how many may go is said in it.
std::vector<Value> Companions(const graph::Graph& graph, const decide::Revision& revision, const std::string& hash) {
  std::vector<Value> companions;
  if (!graph.adopts || graph.adopts->budget.empty()) return companions;
  for (const Value& companion : graph.workload.companions) {
    const Value matched = companion.Path({"spec", "selector", "matchLabels"});
    if (companion.Field("kind") != Value(graph::kBudgetKind) || matched.as_map() == nullptr) continue;
    graph::Map selector = *matched.as_map();
    selector.Erase(graph::kRevisionLabel);
    selector.Set(graph::kPodHashLabel, hash);
    Value budget = With(Value(), {"apiVersion"}, companion.Field("apiVersion"));
    budget = With(budget, {"kind"}, companion.Field("kind"));
    budget = With(budget, {"metadata", "name"}, graph.adopts->budget);
    budget = With(budget, {"metadata", "namespace"}, graph.rollout_namespace);
    budget = With(budget, {"metadata", "labels"}, Labels(graph, revision));
    budget = With(budget, {"metadata", "annotations", graph::kAdoptedAnnotation}, hash);
    companions.push_back(With(budget, {"spec", "selector", "matchLabels"}, Value(std::move(selector))));
  }
  return companions;
}

ObservedAdoption Adopted(const graph::Graph& graph, const Json& deployment, bool budget,
                         const decide::Revision& revision, const std::string& hash) {
  auto workload = std::make_shared<graph::Workload>();
  workload->revision = revision;
  const Json& containers = cluster::List(deployment, {"spec", "template", "spec", "containers"});
  workload->image = containers.empty() ? "" : cluster::Text(containers.front(), {"image"});
  workload->version = kubernetes::VersionOf(workload->image);
  workload->replicas = graph.workload.replicas;
  workload->deployment = OwnPart(graph, cluster::Text(deployment, {"metadata", "name"}), revision, hash);
  workload->service = RevisionService(graph, revision, hash);
  if (budget) workload->companions = Companions(graph, revision, hash);
  workload->pod_hash = hash;
  return {revision, std::move(workload), ""};
}

// With its present pod template, which a way back writes.
ObservedAdoption AdoptedStatefulSet(const graph::Graph& graph, const decide::Revision& revision, const Json& pods) {
  auto workload = std::make_shared<graph::Workload>();
  workload->revision = revision;
  const Json& containers = cluster::List(pods, {"spec", "containers"});
  workload->image = containers.empty() ? "" : cluster::Text(containers.front(), {"image"});
  workload->version = kubernetes::VersionOf(workload->image);
  workload->replicas = graph.workload.replicas;
  // Where it is git's, what git says beside the template holds.
  Value object = With(Value(), {"apiVersion"}, "apps/v1");
  object = With(object, {"kind"}, "StatefulSet");
  object = With(object, {"metadata", "name"}, graph.adopts->deployment);
  object = With(object, {"metadata", "namespace"}, graph.rollout_namespace);
  object = With(object, {"metadata", "labels"}, Labels(graph, revision));
  if (revision == graph.workload.revision) object = graph.workload.deployment;
  object = With(object, {"metadata", "annotations", graph::kAdoptedAnnotation}, revision);
  object = With(object, {"metadata", "annotations", graph::kAdoptedTemplateAnnotation}, pods.dump());
  workload->deployment = With(object, {"spec", "template"}, cluster::ToValue(pods));
  return {revision, std::move(workload), ""};
}

// What applying git's template would change nothing of.
bool IsAsGitSays(const graph::Graph& graph, const Json* pods) {
  return pods != nullptr &&
         decide::Contains(kubernetes::WithCanonicalQuantities(cluster::ToValue(*pods)), graph.adopts->pods);
}

decide::Revision OwnRevision(const std::string& hash) { return Sha256("sluice.dev/adopted\n" + hash).substr(0, 8); }

ObservedAdoption Refused(std::string why) { return {"", std::make_shared<graph::Workload>(), std::move(why)}; }

std::optional<ObservedAdoption> StatefulSetAdoption(const graph::Graph& graph, const Adoptee& adoptee) {
  const Json& stateful_set = *adoptee.deployment;
  if (std::string why = UnfinishedStatefulSet(stateful_set); !why.empty()) return Refused(std::move(why));
  const Json* pods = cluster::Find(stateful_set, {"spec", "template"});
  if (pods == nullptr) return Refused("it has no pod template");
  // A label of ours that an earlier rollout left says nothing: the template may have moved on without it.
  const std::string hash = cluster::Text(stateful_set, {"status", "updateRevision"});
  return AdoptedStatefulSet(graph, IsAsGitSays(graph, pods) ? graph.workload.revision : OwnRevision(hash), *pods);
}

}  // namespace

void FindAdoptee(cluster::Cluster& cluster, std::shared_ptr<const graph::Graph> graph, std::shared_ptr<bool> alive,
                 std::function<void(Result<Adoptee>)> done) {
  std::make_shared<Finder>(cluster, std::move(graph), std::move(alive), std::move(done))->Run();
}

std::optional<ObservedAdoption> AdoptionOf(const graph::Graph& graph, const Adoptee& adoptee) {
  if (adoptee.deployment == nullptr) return std::nullopt;
  const Json& deployment = *adoptee.deployment;
  const bool by_partition = graph.adopts->by_partition;
  if (!by_partition && cluster::Integer(deployment, {"spec", "replicas"}, 1) == 0) return std::nullopt;
  if (cluster::Find(deployment, {"metadata", "deletionTimestamp"}) != nullptr) return Refused("it is being deleted");
  if (std::string why = Unlike(graph, adoptee); !why.empty()) return Refused(std::move(why));
  if (by_partition) return StatefulSetAdoption(graph, adoptee);
  if (std::string why = Unfinished(deployment); !why.empty()) return Refused(std::move(why));
  const Result<std::string> hash = HashOf(deployment, *adoptee.replica_sets);
  if (!hash) return Refused(hash.error().message);
  const bool same = IsAsGitSays(graph, cluster::Find(deployment, {"spec", "template"}));
  return Adopted(graph, deployment, adoptee.budget != nullptr, same ? graph.workload.revision : OwnRevision(*hash),
                 *hash);
}

std::optional<ObservedAdoption> AdoptionOf(const graph::Graph& graph, const Json& marked, bool budget) {
  const std::string pods = cluster::Text(marked, {"metadata", "annotations", graph::kAdoptedTemplateAnnotation});
  if (!pods.empty()) {
    const Json read = cluster::ParseJson(pods);
    if (!graph.adopts || !read.is_object()) return std::nullopt;
    return AdoptedStatefulSet(graph, cluster::Text(marked, {"metadata", "annotations", graph::kAdoptedAnnotation}),
                              read);
  }
  return Adopted(graph, marked, budget, cluster::Text(marked, {"metadata", "labels", graph::kRevisionLabel}),
                 cluster::Text(marked, {"metadata", "annotations", graph::kAdoptedAnnotation}));
}

}  // namespace sluice::execute
