#include "compiler/manifest/manifest.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "compiler/base/hash.h"
#include "compiler/check/data.h"
#include "compiler/graph/json_pointer.h"
#include "compiler/graph/names.h"
#include "compiler/graph/split.h"
#include "compiler/manifest/fields.h"
#include "compiler/manifest/patch.h"
#include "compiler/manifest/workload.h"

namespace sluice::manifest {
namespace {

using graph::List;
using graph::Map;
using graph::Value;

std::string TextOf(const Value& value) {
  const std::string* text = value.as_string();
  return text == nullptr ? std::string() : *text;
}

Manifest MakeManifest(Value object, source::Span span) {
  Manifest manifest;
  manifest.api_version = TextOf(object.Field("apiVersion"));
  manifest.kind = TextOf(object.Field("kind"));
  manifest.namespace_ = TextOf(object.Path({"metadata", "namespace"}));
  manifest.name = TextOf(object.Path({"metadata", "name"}));
  manifest.object = std::move(object);
  manifest.span = span;
  return manifest;
}

// About the bytes of an object's YAML, without writing it.
std::size_t SizeOf(const Value& value, std::size_t indent) {
  std::size_t size = 1;
  if (const Map* map = value.as_map()) {
    for (const auto& [key, item] : map->entries()) {
      size += indent + key.size() + 3 + SizeOf(item, indent + 2);
    }
  } else if (const List* list = value.as_list()) {
    for (const Value& item : *list) {
      size += indent + 2 + SizeOf(item, indent + 2);
    }
  } else if (const std::string* text = value.as_string()) {
    size += text->size();
  } else {
    size += 8;
  }
  return size;
}

// Service NAME as it stands while nothing rolls out: with the revision's label where it points at stable.
Value SteadyService(const graph::Graph& graph) {
  if (graph.router.address != graph::Router::Address::kStable || graph.stable_service.as_map() == nullptr) {
    return graph.stable_service;
  }
  Map object = *graph.stable_service.as_map();
  Map spec = *object.Find("spec")->as_map();
  Map selector = *spec.Find("selector")->as_map();
  selector.Set(graph::kRevisionLabel, graph.workload.revision);
  spec.Set("selector", Value(std::move(selector)));
  object.Set("spec", Value(std::move(spec)));
  return Value(std::move(object));
}

class Collector {
 public:
  explicit Collector(diagnostics::Emitter& emitter) : emitter_(emitter) {}

  void Add(Value object, source::Span span, std::vector<check::FieldSpan> fields, bool executor_only,
           bool keep = false) {
    if (object.is_none()) {
      return;
    }
    std::erase_if(fields, [&](const check::FieldSpan& field) { return !graph::HasField(object, field.pointer); });
    Manifest manifest = MakeManifest(std::move(object), span);
    manifest.fields = std::move(fields);
    manifest.executor_only = executor_only;
    manifest.keep = keep;
    if (Claim(manifest)) {
      CheckSize(manifest);
      manifests_.push_back(std::move(manifest));
    }
  }

  // What the router writes while stable has all of the traffic. Failing ones are reported by lowering.
  void AddRouterObjects(const graph::Graph& graph, source::Span span, const check::RouterInstance& router) {
    const Value split = SplitValue(graph, {{"stable", &graph.workload, Number(1)}}, {}, Number(0));
    const graph::Roots roots{{"split", split}};
    for (const graph::RouterObject& object : graph.router.objects) {
      if (object.when) {
        const graph::Evaluation when = graph::Evaluate(*object.when, graph.functions, roots);
        if (when.value.as_bool() == nullptr || !*when.value.as_bool()) {
          continue;
        }
      }
      const graph::Evaluation evaluation = graph::Evaluate(*object.manifest, graph.functions, roots);
      if (evaluation.kind == graph::Evaluation::Kind::kValue) {
        std::vector<check::FieldSpan> fields;
        if (const auto written = router.fields.find(object.name); written != router.fields.end()) {
          fields = written->second;
        }
        Add(check::WithoutUnits(evaluation.value), span, std::move(fields), true);
      }
    }
  }

  std::vector<Manifest> Take() {
    std::sort(manifests_.begin(), manifests_.end(), [](const Manifest& a, const Manifest& b) {
      return std::tie(a.namespace_, a.kind, a.name, a.api_version) <
             std::tie(b.namespace_, b.kind, b.name, b.api_version);
    });
    if (manifests_.size() > kMaxObjects) {
      emitter_
          .Report(diagnostics::kTooManyObjects, {},
                  fmt::format("the plan set comes to {} objects, more than {}", manifests_.size(), kMaxObjects))
          .Emit();
    }
    if (total_ > kMaxOutputBytes) {
      emitter_
          .Report(diagnostics::kManifestsTooLarge, {},
                  fmt::format("the plan set's objects have {} MiB, more than {}", total_ >> 20, kMaxOutputBytes >> 20))
          .Emit();
    }
    return std::move(manifests_);
  }

 private:
  bool Claim(const Manifest& manifest) {
    const auto key = std::make_tuple(std::string(graph::GroupOf(manifest.api_version)), manifest.kind,
                                     manifest.namespace_, manifest.name);
    const auto [found, inserted] = owners_.try_emplace(key, manifest.span);
    if (inserted) {
      return true;
    }
    auto report = emitter_.Report(diagnostics::kObjectWrittenTwice, manifest.span,
                                  manifest.namespace_.empty()
                                      ? fmt::format("{} `{}` is written twice", manifest.kind, manifest.name)
                                      : fmt::format("{} `{}` in namespace `{}` is written twice", manifest.kind,
                                                    manifest.name, manifest.namespace_));
    if (found->second.known()) {
      report.Label(found->second, "also by this");
    }
    return false;
  }

  void CheckSize(const Manifest& manifest) {
    const std::size_t size = SizeOf(manifest.object, 0);
    total_ += size;
    if (size > kMaxObjectBytes) {
      emitter_
          .Report(diagnostics::kObjectTooLarge, manifest.span,
                  fmt::format("{} `{}` has {} KiB, more than {}", manifest.kind, manifest.name, size >> 10,
                              kMaxObjectBytes >> 10))
          .Emit();
    }
  }

  diagnostics::Emitter& emitter_;
  std::vector<Manifest> manifests_;
  std::map<std::tuple<std::string, std::string, std::string, std::string>, source::Span> owners_;
  std::size_t total_ = 0;
};

// The objects of one service, with where the service's clauses and patches say their fields.
class ObjectsOf {
 public:
  ObjectsOf(Collector& collector, const check::Service& service, bool executor_only)
      : collector_(collector), service_(service), executor_only_(executor_only) {}

  void Add(Value object, std::vector<check::FieldSpan> fields) const {
    if (object.is_none()) {
      return;
    }
    for (check::FieldSpan& field : PatchFields(service_, object)) {
      fields.push_back(std::move(field));
    }
    collector_.Add(std::move(object), service_.span, std::move(fields), executor_only_);
  }

  // As graph::Workload::companions: the ConfigMaps are the first of them.
  void AddCompanions(const std::vector<Value>& companions) const {
    for (std::size_t i = 0; i < companions.size(); ++i) {
      const bool config = i < service_.configs.size();
      const bool budget = companions[i].Field("kind") == Value(graph::kBudgetKind);
      Add(companions[i], config   ? ConfigFields(service_, service_.configs[i])
                         : budget ? BudgetFields(service_)
                                  : AutoscalerFields(service_));
    }
  }

 private:
  Collector& collector_;
  const check::Service& service_;
  bool executor_only_;
};

// `options`: null for a service that no rollout deploys. `whole`: nothing of the plan set is missing after a mistake.
void CheckPatchesOf(const check::Service& service, const WorkloadOptions* options, bool whole,
                    diagnostics::Emitter& emitter) {
  if (service.patches.empty()) {
    return;
  }
  check::Service bare = service;
  bare.patches.clear();
  const PlainWorkload workload = MakePlainWorkload(bare);
  CheckPatch(service, options == nullptr ? workload.deployment : MakeWorkload(bare, *options).deployment,
             DeploymentFields(service, {}), emitter);
  for (const auto& [kind, object, fields, clause] :
       {std::tuple("Service", MakeStableService(bare, ""), ServiceFields(service), "port"),
        std::tuple(graph::kBudgetKind, workload.disruption_budget, BudgetFields(service), "disruption"),
        std::tuple(graph::kAutoscalerKind, workload.autoscaler, AutoscalerFields(service), "replicas … to …")}) {
    const check::Patch* patch = FindPatch(service, kind);
    if (!object.is_none()) {
      CheckPatch(service, object, fields, emitter);
    } else if (patch != nullptr && whole) {
      emitter.Report(diagnostics::kPatchRefused, patch->span, fmt::format("service `{}` has no {}", service.name, kind))
          .Note(fmt::format("a service has one with a clause `{}`", clause));
    }
  }
}

using RolloutKey = std::pair<std::string, std::string>;  // namespace, name

}  // namespace

void CheckPatches(const check::CheckedPlanSet& plans, diagnostics::Emitter& emitter) {
  const bool whole = !emitter.has_errors();
  std::map<const check::Service*, WorkloadOptions> options;
  for (const auto& rollout : plans.rollouts) {
    if (rollout->service != nullptr && rollout->router != nullptr) {
      options[rollout->service] = {rollout->name, rollout->router->router.shares_by_pods,
                                   rollout->drain ? rollout->drain->value : graph::Policies().drain};
    }
  }
  for (const auto& service : plans.services) {
    const auto own = options.find(service.get());
    CheckPatchesOf(*service, own == options.end() ? nullptr : &own->second, whole, emitter);
  }
}

std::vector<Manifest> Manifests(const check::CheckedPlanSet& plans, const std::vector<graph::Graph>& graphs,
                                diagnostics::Emitter& emitter) {
  Collector collector(emitter);
  std::set<const check::Service*> deployed;
  std::map<RolloutKey, const check::Rollout*> rollouts;
  for (const auto& rollout : plans.rollouts) {
    if (rollout->service != nullptr) {
      deployed.insert(rollout->service);
      rollouts.emplace(RolloutKey{rollout->service->namespace_, rollout->name}, rollout.get());
    }
  }
  for (const check::StaticObject& object : plans.objects) {
    collector.Add(check::WithoutUnits(object.value), object.span, object.fields, false, object.keep);
  }
  for (const auto& service : plans.services) {
    if (deployed.contains(service.get())) {
      continue;
    }
    if (service->adopted) {
      const check::Adopted& adopted = *service->adopted;
      collector.Add(adopted.deployment, adopted.deployment_span, adopted.deployment_fields, /*executor_only=*/false);
      collector.Add(adopted.service, adopted.service_span, adopted.service_fields, /*executor_only=*/false);
      collector.Add(adopted.budget, adopted.budget_span, adopted.budget_fields, /*executor_only=*/false);
      continue;
    }
    const ObjectsOf objects(collector, *service, /*executor_only=*/false);
    PlainWorkload workload = MakePlainWorkload(*service);
    objects.Add(std::move(workload.deployment), DeploymentFields(*service, {}));
    objects.Add(MakeStableService(*service, ""), ServiceFields(*service));
    objects.AddCompanions(workload.config_maps);
    objects.Add(std::move(workload.disruption_budget), BudgetFields(*service));
    objects.Add(std::move(workload.autoscaler), AutoscalerFields(*service));
  }
  for (const graph::Graph& graph : graphs) {
    const auto found = rollouts.find({graph.rollout_namespace, graph.rollout});
    const check::Rollout* rollout = found == rollouts.end() ? nullptr : found->second;
    if (rollout == nullptr || rollout->router == nullptr) {
      continue;
    }
    const check::Service& service = *rollout->service;
    const ObjectsOf objects(collector, service, /*executor_only=*/true);
    objects.Add(graph.workload.deployment,
                DeploymentFields(service, rollout->drain ? rollout->drain->span : source::Span{}));
    objects.Add(graph.workload.service, ServiceFields(service));
    objects.AddCompanions(graph.workload.companions);
    if (graph.router.address != graph::Router::Address::kRouter) {
      objects.Add(SteadyService(graph), ServiceFields(service));
    }
    collector.AddRouterObjects(graph, rollout->route != nullptr ? rollout->route->span : rollout->span,
                               *rollout->router);
  }
  return collector.Take();
}

std::string FileName(const Manifest& manifest) {
  std::string name;
  bool replaced = false;
  const auto append = [&](std::string_view part) {
    for (const char c : part) {
      const bool safe = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.';
      replaced = replaced || !safe;
      name += safe ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : '-';
    }
  };
  append(manifest.namespace_.empty() ? "cluster" : manifest.namespace_);
  name += '_';
  append(manifest.kind);
  const std::string_view group = graph::GroupOf(manifest.api_version);
  if (!group.empty() && group != "apps") {
    name += '.';
    append(group);
  }
  name += '_';
  append(manifest.name);
  if (replaced) {
    name += "-" + Sha256(manifest.name).substr(0, 8);
  }
  return name + ".yaml";
}

}  // namespace sluice::manifest
