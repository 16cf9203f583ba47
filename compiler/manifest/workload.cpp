#include "compiler/manifest/workload.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "compiler/base/base64.h"
#include "compiler/base/text.h"
#include "compiler/graph/names.h"
#include "compiler/kubernetes/image.h"
#include "compiler/kubernetes/quantity_fields.h"
#include "compiler/manifest/patch.h"
#include "compiler/manifest/pod_template.h"
#include "compiler/manifest/revision.h"

namespace sluice::manifest {
namespace {

using graph::List;
using graph::Map;
using graph::Value;

// A pod that does not become ready within this time is a failure of its Deployment (Kubernetes' default is
// 600 s as well; written out because the executor's bound for pods rests on it).
constexpr std::int64_t kProgressDeadlineSeconds = 600;

Value Metadata(const check::Service& service, const std::string& name, const std::string& revision,
               const std::string& rollout) {
  Map labels;
  labels.Set(graph::kServiceLabel, service.name);
  if (!revision.empty()) {
    labels.Set(graph::kRevisionLabel, revision);
  }
  if (!rollout.empty()) {
    labels.Set(graph::kRolloutLabel, rollout);
  }
  Map metadata;
  metadata.Set("name", name);
  metadata.Set("namespace", service.namespace_);
  metadata.Set("labels", Value(std::move(labels)));
  return Value(std::move(metadata));
}

Value Selector(const check::Service& service, const std::string& revision) {
  Map labels;
  labels.Set(graph::kServiceLabel, service.name);
  if (!revision.empty()) {
    labels.Set(graph::kRevisionLabel, revision);
  }
  return Value(std::move(labels));
}

// What the files of a service `from` files say of an object beyond what Sluice says: labels, annotations, fields of its
// spec.
Value WithWritten(const Value& written, const Value& made) {
  static constexpr const char* kKubectl = "kubectl.kubernetes.io/last-applied-configuration";
  static constexpr const char* kCount = "deployment.kubernetes.io/revision";
  const auto with = [](const Value& base, const Value& over) {
    Map result = base.as_map() == nullptr ? Map() : *base.as_map();
    if (over.as_map() != nullptr) {
      for (const auto& [key, value] : over.as_map()->entries()) {
        result.Set(key, value);
      }
    }
    return result;
  };
  Map object = *made.as_map();
  Map metadata = *object.Find("metadata")->as_map();
  metadata.Set("labels", Value(with(written.Path({"metadata", "labels"}), *metadata.Find("labels"))));
  Map annotations = with(written.Path({"metadata", "annotations"}), Value());
  annotations.Erase(kKubectl);
  annotations.Erase(kCount);
  if (!annotations.empty()) {
    metadata.Set("annotations", Value(std::move(annotations)));
  }
  object.Set("metadata", Value(std::move(metadata)));
  object.Set("spec", Value(with(written.Field("spec"), *object.Find("spec"))));
  return Value(std::move(object));
}

Value MakeDeployment(const check::Service& service, const std::string& name, const std::string& revision,
                     const std::string& rollout, Value pod_template) {
  const graph::Allowance allowance = AllowanceOf(service);
  Map rolling;
  rolling.Set("maxSurge", allowance.surge);
  rolling.Set("maxUnavailable", allowance.unavailable);
  Map strategy;
  strategy.Set("type", "RollingUpdate");
  strategy.Set("rollingUpdate", Value(std::move(rolling)));
  Map selector;
  selector.Set("matchLabels", Selector(service, revision));

  Map spec;
  spec.Set("replicas", service.replicas.value);
  // A revision is a Deployment of its own: earlier ReplicaSets of one are of no use.
  spec.Set("revisionHistoryLimit", revision.empty() ? 10 : 0);
  spec.Set("progressDeadlineSeconds", kProgressDeadlineSeconds);
  spec.Set("selector", Value(std::move(selector)));
  spec.Set("strategy", Value(std::move(strategy)));

  Map object;
  object.Set("apiVersion", "apps/v1");
  object.Set("kind", "Deployment");
  object.Set("metadata", Metadata(service, name, revision, rollout));
  object.Set("spec", Value(std::move(spec)));
  // The template has its part of the patch already: the revision is computed over it.
  const Value bare(std::move(object));
  Map patched = *(service.adopted ? WithWritten(service.adopted->deployment, bare) : WithPatch(service, bare)).as_map();
  Map whole = *patched.Find("spec")->as_map();
  whole.Set("template", std::move(pod_template));
  patched.Set("spec", Value(std::move(whole)));
  return Value(std::move(patched));
}

// What tells one revision's pods from the others of `selector`; all of them for "".
Value Narrowed(const Value& selector, const std::string& revision) {
  Map labels = *selector.as_map();
  if (!revision.empty()) {
    labels.Set(graph::kRevisionLabel, revision);
  }
  return Value(std::move(labels));
}

std::string NameOf(const Value& object) {
  return object.is_none() ? std::string() : object.Path({"metadata", "name"}).ToText();
}

// An object of a service `from` files under another name, with our labels.
Map Renamed(const check::Service& service, const Value& written, const std::string& name, const std::string& revision,
            const std::string& rollout) {
  Map object;
  object.Set("apiVersion", written.Field("apiVersion"));
  object.Set("kind", written.Field("kind"));
  object.Set("metadata", Metadata(service, name, revision, rollout));
  object.Set("spec", Value(Map()));
  return *WithWritten(written, Value(std::move(object))).as_map();
}

// A StatefulSet's `updateStrategy` without the partition, which the executor sets; none where nothing is left.
Value WithoutPartition(const Value& update_strategy) {
  if (update_strategy.as_map() == nullptr) {
    return Value();
  }
  Map strategy = *update_strategy.as_map();
  if (const Map* written = update_strategy.Field("rollingUpdate").as_map()) {
    Map rolling = *written;
    rolling.Erase("partition");
    if (rolling.empty()) {
      strategy.Erase("rollingUpdate");
    } else {
      strategy.Set("rollingUpdate", Value(std::move(rolling)));
    }
  }
  return strategy.empty() ? Value() : Value(std::move(strategy));
}

// The StatefulSet of all revisions as one of them asks for it. Its selector can't be changed, so that our labels are on
// its pods alone.
Value MakeStatefulSet(const check::Service& service, const std::string& revision, const std::string& rollout,
                      Value pod_template) {
  const Value& written = service.adopted->deployment;
  Map object = Renamed(service, written, NameOf(written), revision, rollout);
  Map spec = *object.Find("spec")->as_map();
  spec.Erase("replicas");
  if (Value strategy = WithoutPartition(written.Path({"spec", "updateStrategy"})); strategy.is_none()) {
    spec.Erase("updateStrategy");
  } else {
    spec.Set("updateStrategy", std::move(strategy));
  }
  spec.Set("template", std::move(pod_template));
  object.Set("spec", Value(std::move(spec)));
  return Value(std::move(object));
}

Value AdoptedService(const check::Service& service, const std::string& name, const std::string& revision,
                     const std::string& rollout) {
  const Value& written = service.adopted->service;
  if (written.is_none()) {
    return Value();
  }
  Map object = Renamed(service, written, name, revision, rollout);
  Map spec = *object.Find("spec")->as_map();
  spec.Set("selector", Narrowed(*spec.Find("selector"), revision));
  object.Set("spec", Value(std::move(spec)));
  if (revision.empty()) {
    return Value(std::move(object));
  }
  // What annotations ask for (a host name, a load balancer) is asked for once.
  object.Set("metadata", Metadata(service, name, revision, rollout));
  return service.ports.empty() ? Value() : WithoutExposure(Value(std::move(object)));
}

// A budget for each revision: a number of pods that must stay is one of all of them, so that as many may go.
Value AdoptedBudget(const check::Service& service, const std::string& name, const std::string& revision,
                    const std::string& rollout) {
  const Value& written = service.adopted->budget;
  if (written.is_none()) {
    return Value();
  }
  Map object = Renamed(service, written, name, revision, rollout);
  Map spec = *object.Find("spec")->as_map();
  const Value least = written.Path({"spec", "minAvailable"});
  if (least.as_quantity() != nullptr) {
    spec.Erase("minAvailable");
    spec.Set("maxUnavailable", std::max<std::int64_t>(1, service.replicas.value - least.as_quantity()->number.Floor()));
  }
  if (spec.Find("unhealthyPodEvictionPolicy") == nullptr) {
    spec.Set("unhealthyPodEvictionPolicy", "AlwaysAllow");
  }
  Map selector;
  selector.Set("matchLabels", Narrowed(written.Path({"spec", "selector", "matchLabels"}), revision));
  spec.Set("selector", Value(std::move(selector)));
  object.Set("spec", Value(std::move(spec)));
  return Value(std::move(object));
}

Value MakeService(const check::Service& service, const std::string& name, const std::string& revision,
                  const std::string& rollout) {
  if (service.adopted) {
    return AdoptedService(service, name, revision, rollout);
  }
  List ports;
  for (const check::Port& port : service.ports) {
    Map entry;
    entry.Set("name", port.name);
    entry.Set("port", port.number);
    entry.Set("targetPort", port.name);
    ports.emplace_back(std::move(entry));
  }
  if (ports.empty()) {
    return Value();
  }
  Map spec;
  spec.Set("selector", Selector(service, revision));
  spec.Set("ports", Value(std::move(ports)));
  Map object;
  object.Set("apiVersion", "v1");
  object.Set("kind", "Service");
  object.Set("metadata", Metadata(service, name, revision, rollout));
  object.Set("spec", Value(std::move(spec)));
  Value made = WithPatch(service, Value(std::move(object)));
  return revision.empty() ? made : WithoutExposure(made);
}

// An unready pod never holds up a node's drain: evicting it makes nothing worse (KEP-3017).
Value MakeBudget(const check::Service& service, const std::string& name, const std::string& revision,
                 const std::string& rollout) {
  if (service.adopted) {
    return AdoptedBudget(service, name, revision, rollout);
  }
  if (!service.disruption) {
    return Value();
  }
  const check::Amount& amount = service.disruption->value;
  Map selector;
  selector.Set("matchLabels", Selector(service, revision));
  Map spec;
  spec.Set("maxUnavailable", amount.percent ? Value(amount.number.ToPercent()) : Value(amount.number.Floor()));
  spec.Set("selector", Value(std::move(selector)));
  spec.Set("unhealthyPodEvictionPolicy", "AlwaysAllow");
  Map object;
  object.Set("apiVersion", graph::kBudgetApiVersion);
  object.Set("kind", graph::kBudgetKind);
  object.Set("metadata", Metadata(service, name, revision, rollout));
  object.Set("spec", Value(std::move(spec)));
  return WithPatch(service, Value(std::move(object)));
}

// Of Deployment `name`. By the use of one resource, the least and the most pods; a patch says the rest (`behavior`,
// other metrics).
Value MakeAutoscaler(const check::Service& service, const std::string& name, const std::string& revision,
                     const std::string& rollout) {
  if (!service.autoscaling) {
    return Value();
  }
  const check::Autoscaling& autoscaling = *service.autoscaling;
  Map goal, resource, metric, deployment, spec, object;
  goal.Set("type", "Utilization");
  goal.Set("averageUtilization", autoscaling.percent);
  resource.Set("name", autoscaling.resource);
  resource.Set("target", Value(std::move(goal)));
  metric.Set("type", "Resource");
  metric.Set("resource", Value(std::move(resource)));
  deployment.Set("apiVersion", "apps/v1");
  deployment.Set("kind", "Deployment");
  deployment.Set("name", name);
  spec.Set("scaleTargetRef", Value(std::move(deployment)));
  spec.Set("minReplicas", service.replicas.value);
  spec.Set("maxReplicas", autoscaling.max.value);
  spec.Set("metrics", Value(List{Value(std::move(metric))}));
  object.Set("apiVersion", graph::kAutoscalerApiVersion);
  object.Set("kind", graph::kAutoscalerKind);
  object.Set("metadata", Metadata(service, name, revision, rollout));
  object.Set("spec", Value(std::move(spec)));
  Map patched = *WithPatch(service, Value(std::move(object))).as_map();
  patched.Set("spec", kubernetes::WithCanonicalQuantities(*patched.Find("spec")));
  return Value(std::move(patched));
}

// A ConfigMap's `data` and `binaryData`.
Map DataOf(const check::Config& config) {
  Map text, binary, data;
  for (const auto& [name, bytes] : config.files) {
    if (FirstInvalidUtf8(bytes)) {
      binary.Set(name, ToBase64(bytes));
    } else {
      text.Set(name, bytes);
    }
  }
  if (!text.empty()) {
    data.Set("data", Value(std::move(text)));
  }
  if (!binary.empty()) {
    data.Set("binaryData", Value(std::move(binary)));
  }
  return data;
}

// What the pods read besides their template; none for a service without `config`.
Value ContentOf(const check::Service& service) {
  if (service.configs.empty()) {
    return Value();
  }
  List content;
  for (const check::Config& config : service.configs) {
    content.emplace_back(DataOf(config));
  }
  return Value(std::move(content));
}

// Immutable: another content is another revision's (KEP-1412; kubelets then need not watch them either).
std::vector<Value> MakeConfigMaps(const check::Service& service, const std::string& first, const std::string& revision,
                                  const std::string& rollout) {
  std::vector<Value> config_maps;
  for (std::size_t i = 0; i < service.configs.size(); ++i) {
    Map object;
    object.Set("apiVersion", "v1");
    object.Set("kind", graph::kConfigMapKind);
    object.Set("metadata", Metadata(service, NumberedName(first, i), revision, rollout));
    object.Set("immutable", true);
    const Map data = DataOf(service.configs[i]);
    for (const auto& [field, value] : data.entries()) {
      object.Set(field, value);
    }
    config_maps.emplace_back(std::move(object));
  }
  return config_maps;
}

}  // namespace

graph::Amount SurgeOf(const check::Service& service) {
  return service.surge ? service.surge->value : graph::Amount{true, Number::Ratio(1, 4)};
}

graph::Amount UnavailableOf(const check::Service& service) {
  return service.unavailable ? service.unavailable->value : graph::Amount{};
}

graph::Allowance AllowanceOf(const check::Service& service) {
  return graph::AllowanceOf(SurgeOf(service), UnavailableOf(service), service.replicas.value);
}

graph::Workload MakeWorkload(const check::Service& service, const WorkloadOptions& options) {
  const Value bare = MakePodTemplate(service, options.shares_by_pods ? std::optional(options.drain) : std::nullopt);
  graph::Workload workload;
  workload.revision_digest = RevisionDigest(bare, ContentOf(service));
  workload.revision = RevisionName(workload.revision_digest);
  workload.image = service.image.value;
  workload.version = kubernetes::VersionOf(service.image.value);
  workload.replicas = service.replicas.value;
  const std::string name = service.name + "-" + workload.revision;
  Value pods = WithConfigNames(WithRevisionLabel(bare, workload.revision), name + "-config");
  workload.deployment = service.adopted && service.adopted->by_partition
                            ? MakeStatefulSet(service, workload.revision, options.rollout, std::move(pods))
                            : MakeDeployment(service, name, workload.revision, options.rollout, std::move(pods));
  if (!options.shares_by_pods) {
    workload.service = MakeService(service, name, workload.revision, options.rollout);
  }
  workload.companions = MakeConfigMaps(service, name + "-config", workload.revision, options.rollout);
  if (Value budget = MakeBudget(service, name, workload.revision, options.rollout); !budget.is_none()) {
    workload.companions.push_back(std::move(budget));
  }
  if (Value autoscaler = MakeAutoscaler(service, name, workload.revision, options.rollout); !autoscaler.is_none()) {
    workload.companions.push_back(std::move(autoscaler));
  }
  return workload;
}

Value MakeStableService(const check::Service& service, const std::string& rollout) {
  return MakeService(service, service.name, "", rollout);
}

std::optional<graph::Adoption> MakeAdoption(const check::Service& service) {
  if (!service.adopted) {
    return std::nullopt;
  }
  const check::Adopted& adopted = *service.adopted;
  return graph::Adoption{NameOf(adopted.deployment), adopted.by_partition, AsWritten(adopted), NameOf(adopted.budget)};
}

PlainWorkload MakePlainWorkload(const check::Service& service) {
  Value pods = MakePodTemplate(service, std::nullopt);
  PlainWorkload workload;
  if (!service.configs.empty()) {
    // Another name than a revision's: who takes a service into a rollout, or out of one, has both for a while.
    const std::string first = service.name + "-config-" + RevisionName(RevisionDigest(pods, ContentOf(service)));
    workload.config_maps = MakeConfigMaps(service, first, "", "");
    pods = WithConfigNames(pods, first);
  }
  workload.deployment = MakeDeployment(service, service.name, "", "", std::move(pods));
  workload.disruption_budget = MakeBudget(service, service.name, "", "");
  workload.autoscaler = MakeAutoscaler(service, service.name, "", "");
  return workload;
}

}  // namespace sluice::manifest
