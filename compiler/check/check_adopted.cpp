#include "compiler/check/check_adopted.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/container.h"
#include "compiler/check/manifest_files.h"
#include "compiler/graph/names.h"

namespace sluice::check {
namespace {

using diagnostics::kAdoptionRefused;
using graph::Map;
using graph::Value;

bool Is(const StaticObject& object, std::string_view group, std::string_view kind) {
  return TextAt(object.value, {"kind"}) == kind && graph::GroupOf(TextAt(object.value, {"apiVersion"})) == group;
}

std::string NameOf(const StaticObject& object) { return TextAt(object.value, {"metadata", "name"}); }
std::string KindOf(const StaticObject& object) { return TextAt(object.value, {"kind"}); }
// "StatefulSet `orders`"
std::string Called(const StaticObject& object) { return fmt::format("{} `{}`", KindOf(object), NameOf(object)); }
std::string NamespaceOf(const StaticObject& object) {
  const std::string space = TextAt(object.value, {"metadata", "namespace"});
  return space.empty() ? "default" : space;
}

// Where a field stands, or the nearest field above it.
Span SpanAt(const StaticObject& object, std::string pointer) {
  while (!pointer.empty()) {
    const auto found = std::find_if(object.fields.begin(), object.fields.end(),
                                    [&](const FieldSpan& field) { return field.pointer == pointer; });
    if (found != object.fields.end()) {
      return found->span;
    }
    pointer.erase(pointer.rfind('/'));
  }
  return object.span;
}

// Every label that `selector` asks for is among `labels`; it asks for one at least.
bool Selects(const Value& selector, const Value& labels) {
  const Map* map = selector.as_map();
  return map != nullptr && !map->empty() &&
         std::all_of(map->entries().begin(), map->entries().end(),
                     [&](const auto& entry) { return labels.Field(entry.first) == entry.second; });
}

// Finds what belongs to the service, and reads from it what clauses would have said.
class Adoption {
 public:
  Adoption(const Reader& reader, const syntax::FromClause& clause, const std::vector<Checker::YamlObject*>& objects,
           Service& service)
      : reader_(reader), clause_(clause), objects_(objects), service_(service) {}

  void Run() {
    Checker::YamlObject* workload = FindWorkload();
    if (workload == nullptr) {
      return;
    }
    workload_ = workload;
    const StaticObject& object = workload->object;
    adopted_.span = clause_.span;
    Claim(*workload);
    adopted_.deployment = object.value;
    if (const std::string* image = reader_.checker().OtherImage(service_.name, clause_.span)) {
      adopted_.deployment = WithFirstImage(adopted_.deployment, *image);
    }
    adopted_.deployment_fields = object.fields;
    adopted_.deployment_span = object.span;
    adopted_.by_partition = Is(object, "apps", "StatefulSet");
    space_ = NamespaceOf(object);
    labels_ = adopted_.deployment.Path({"spec", "template", "metadata", "labels"});
    ReadWorkload(object);
    for (Checker::YamlObject* other : objects_) {
      if (NamespaceOf(other->object) == space_) {
        Visit(*other);
      }
    }
    service_.namespace_ = space_;
    service_.namespace_span = SpanAt(object, "/metadata/namespace");
    if (well_) {
      service_.adopted = std::move(adopted_);
    }
  }

 private:
  void Refuse(Span span, std::string message, std::string note = "") {
    reader_.Report(kAdoptionRefused, span, std::move(message), std::move(note));
    well_ = false;
  }
  void NotYet(Span span, std::string feature) {
    ReportLater({std::move(feature), span}, reader_.context());
    well_ = false;
  }

  void Claim(Checker::YamlObject& object) {
    if (object.adopted) {
      Refuse(clause_.span, fmt::format("{} belongs to another service already", object.object.name),
             "each Deployment, StatefulSet, Service and disruption budget is one service's");
    }
    object.adopted = true;
  }

  // What is narrowed to these pods, or counts shares by them, must not be there for others, too.
  void CheckAlone(const StaticObject& object, const std::string& at) {
    const Value selector = at == "/spec/selector" ? object.value.Path({"spec", "selector"})
                                                  : object.value.Path({"spec", "selector", "matchLabels"});
    for (const Checker::YamlObject* other : objects_) {
      const Value labels = other->object.value.Path({"spec", "template", "metadata", "labels"});
      if (other != workload_ && NamespaceOf(other->object) == space_ && Selects(selector, labels)) {
        Refuse(SpanAt(object, at), fmt::format("{} selects the pods of {}, too", object.name, other->object.name),
               adopted_.by_partition ? "a revision's share is its part of the pods that the Service selects"
                                     : "while a rollout has it, it selects those of one revision alone");
      }
    }
  }

  Checker::YamlObject* FindWorkload() {
    std::optional<std::string> name;
    if (clause_.workload != nullptr && !(name = reader_.Text(clause_.workload, "`workload`"))) {
      return nullptr;
    }
    std::vector<Checker::YamlObject*> found;
    std::vector<std::string> names;
    for (Checker::YamlObject* object : objects_) {
      const bool meant = !name || NameOf(object->object) == *name;
      if (name && meant && Is(object->object, "apps", "DaemonSet")) {
        ReportLater({"a rollout of a DaemonSet", object->object.span}, reader_.context());
        return nullptr;
      }
      if (Is(object->object, "apps", "Deployment") || Is(object->object, "apps", "StatefulSet")) {
        names.push_back(Called(object->object));
        if (meant) {
          found.push_back(object);
        }
      }
    }
    // A StatefulSet beside it is most often its store.
    const auto deployments = std::stable_partition(found.begin(), found.end(), [](const Checker::YamlObject* object) {
      return Is(object->object, "apps", "Deployment");
    });
    if (found.size() == 1 || (!name && deployments - found.begin() == 1)) {
      return found.front();
    }
    ReportNotOne(found.size(), name, names);
    return nullptr;
  }

  // `found`: how many of `names` the clause means.
  void ReportNotOne(std::size_t found, const std::optional<std::string>& name, const std::vector<std::string>& names) {
    const Span span = clause_.workload != nullptr ? clause_.workload->span : clause_.files->span;
    const std::string one = "Deployment or StatefulSet";
    const std::string of_name = name ? fmt::format(" `{}`", *name) : "";
    const std::string all = names.empty() ? "" : fmt::format("what they describe is {}", JoinWords(names));
    if (found == 0) {
      reader_.Report(kAdoptionRefused, span, fmt::format("the files describe no {}{}", one, of_name), all);
    } else {
      reader_.Report(kAdoptionRefused, span, fmt::format("the files describe more than one {}{}", one, of_name),
                     all + (name ? "" : "; say which one: `workload \"NAME\"`"));
    }
  }

  void ReadWorkload(const StaticObject& object) {
    const Value spec = adopted_.deployment.Field("spec");
    const Value selector = spec.Path({"selector", "matchLabels"});
    const Value expressions = spec.Path({"selector", "matchExpressions"});
    if (!expressions.is_none() || !Selects(selector, labels_)) {
      Refuse(SpanAt(object, "/spec/selector"),
             fmt::format("{} does not select its pods by labels that they have", Called(object)),
             "a rollout tells the pods of two revisions apart by labels: `selector.matchLabels` only");
    }
    RefuseOurLabels(object, labels_, "/spec/template/metadata/labels/");
    const Value replicas = spec.Field("replicas");
    const graph::Quantity* count = replicas.as_quantity();
    if (count == nullptr || !count->number.is_integer() || count->number < Number(0) ||
        count->number > Number(10'000)) {
      Refuse(SpanAt(object, "/spec/replicas"),
             replicas.is_none() ? fmt::format("{} does not say its `replicas`", Called(object))
                                : fmt::format("the `replicas` of {} are `{}`", Called(object), replicas.ToText()),
             "the shares of a rollout are shares of so many pods, from 0 to 10000");
    } else {
      service_.replicas = {static_cast<std::int32_t>(count->number.Floor()), SpanAt(object, "/spec/replicas")};
    }
    if (adopted_.by_partition) {
      ReadUpdateStrategy(object, spec.Field("updateStrategy"));
    } else {
      ReadStrategy(object, spec);
    }
    ReadContainers(object, spec.Path({"template", "spec", "containers"}));
  }

  void RefuseOurLabels(const StaticObject& object, const Value& labels, const std::string& at) {
    for (const char* label : {graph::kServiceLabel, graph::kRevisionLabel, graph::kRolloutLabel}) {
      if (!labels.Field(label).is_none()) {
        std::string escaped = label;
        escaped.replace(escaped.find('/'), 1, "~1");
        Refuse(SpanAt(object, at + escaped), fmt::format("the label `{}` is Sluice's own", label),
               "this looks like what was read from a cluster that Sluice manages: take the label out");
      }
    }
  }

  // Of a Deployment.
  void ReadStrategy(const StaticObject& object, const Value& spec) {
    if (spec.Path({"strategy", "type"}) == Value("Recreate")) {
      Refuse(SpanAt(object, "/spec/strategy/type"),
             fmt::format("{} is never to run two versions at once (`Recreate`)", Called(object)),
             "a rollout runs two: write `RollingUpdate`, or leave the service without a rollout of Sluice's");
    }
    service_.surge = AmountAt(object, "strategy", "maxSurge");
    service_.unavailable = AmountAt(object, "strategy", "maxUnavailable");
    // Kubernetes' own default, unlike the language's.
    if (!service_.unavailable) {
      service_.unavailable = Located<Amount>{{true, Number::Ratio(1, 4)}, object.span};
    }
    if (spec.Field("paused") == Value(true)) {
      Refuse(SpanAt(object, "/spec/paused"), fmt::format("{} is paused", Called(object)));
    }
  }

  // Of a StatefulSet: its pods are replaced in their places, so that there is never one more.
  void ReadUpdateStrategy(const StaticObject& object, const Value& strategy) {
    if (strategy.Field("type") == Value("OnDelete")) {
      Refuse(SpanAt(object, "/spec/updateStrategy/type"),
             fmt::format("{} never replaces its pods by itself (`OnDelete`)", Called(object)),
             "a rollout moves its partition: write `RollingUpdate`, or leave `updateStrategy` out");
    }
    const Value partition = strategy.Path({"rollingUpdate", "partition"});
    if (!partition.is_none() && partition != Value(0)) {
      Refuse(SpanAt(object, "/spec/updateStrategy/rollingUpdate/partition"),
             fmt::format("the `partition` of {} is `{}`", Called(object), partition.ToText()),
             "the partition is the rollout's: leave it out");
    }
    const Span span = SpanAt(object, "/spec/updateStrategy");
    service_.surge = Located<Amount>{{false, Number(0)}, span};
    service_.unavailable = AmountAt(object, "updateStrategy", "maxUnavailable");
    if (!service_.unavailable) {
      service_.unavailable = Located<Amount>{{false, Number(1)}, span};
    } else if (service_.unavailable->value.number == Number(0)) {
      Refuse(
          service_.unavailable->span,
          fmt::format("{} lets none of its pods be unavailable, and has no other way to replace one", Called(object)),
          "leave `maxUnavailable` out: it is 1");
    }
  }

  // A field of `strategy.rollingUpdate`.
  std::optional<Located<Amount>> AmountAt(const StaticObject& object, const char* strategy, const char* field) {
    const Value value = object.value.Path({"spec", strategy, "rollingUpdate", field});
    const Span span = SpanAt(object, fmt::format("/spec/{}/rollingUpdate/{}", strategy, field));
    if (value.is_none()) {
      return std::nullopt;
    }
    const graph::Quantity* count = value.as_quantity();
    const std::string* text = value.as_string();
    std::optional<Number> number = count != nullptr ? std::optional(count->number) : std::nullopt;
    const bool percent = text != nullptr && text->ends_with('%');
    if (percent) {
      number = Number::Parse(std::string_view(*text).substr(0, text->size() - 1));
    }
    if (!number || !number->is_integer() || *number < Number(0) || *number > Number(percent ? 100 : 10'000)) {
      Refuse(span,
             fmt::format("`{}` is `{}`, it must be a number of pods or a whole percentage", field, value.ToText()));
      return std::nullopt;
    }
    return Located<Amount>{{percent, percent ? *number / Number(100) : *number}, span};
  }

  void ReadContainers(const StaticObject& object, const Value& containers) {
    const graph::List* list = containers.as_list();
    if (list == nullptr || list->empty()) {
      return Refuse(SpanAt(object, "/spec/template/spec/containers"),
                    fmt::format("{} has no containers", Called(object)));
    }
    bool probed = false;
    for (std::size_t i = 0; i < list->size(); ++i) {
      const std::string at = fmt::format("/spec/template/spec/containers/{}", i);
      const std::string image = TextAt((*list)[i], {"image"});
      if (image.empty()) {
        Refuse(SpanAt(object, at), fmt::format("container {} of {} has no image", i + 1, Called(object)));
        continue;
      }
      CheckImage(image, SpanAt(object, at + "/image"), reader_);
      probed = probed || !(*list)[i].Field("readinessProbe").is_none();
      if (i == 0) {
        service_.image = {image, SpanAt(object, at + "/image")};
      }
    }
    if (!probed) {
      reader_.Report(diagnostics::kNoReadinessProbe, SpanAt(object, "/spec/template/spec/containers"),
                     fmt::format("no container of {} has a readiness probe", Called(object)),
                     "without one a pod takes traffic as soon as its process runs");
    }
  }

  void Visit(Checker::YamlObject& other) {
    const StaticObject& object = other.object;
    if (Is(object, "", "Service") && NameOf(object) == service_.name) {
      Claim(other);
      ReadService(object);
    } else if (Is(object, "policy", "PodDisruptionBudget") && !adopted_.by_partition &&
               Selects(object.value.Path({"spec", "selector", "matchLabels"}), labels_)) {
      // The pods of a StatefulSet stay one set, and a budget for them the plan set's.
      if (!adopted_.budget.is_none()) {
        Refuse(object.span, fmt::format("two disruption budgets select the pods of `{}`", service_.name),
               "Kubernetes evicts no pod that two of them select");
      }
      Claim(other);
      CheckAlone(object, "/spec/selector/matchLabels");
      adopted_.budget = object.value;
      adopted_.budget_fields = object.fields;
      adopted_.budget_span = object.span;
    } else if (Is(object, "autoscaling", "HorizontalPodAutoscaler") &&
               TextAt(object.value, {"spec", "scaleTargetRef", "kind"}) == KindOf(workload_->object) &&
               TextAt(object.value, {"spec", "scaleTargetRef", "name"}) == NameOf(workload_->object)) {
      NotYet(object.span, "taking over a workload that has an autoscaler");
    }
  }

  void ReadService(const StaticObject& object) {
    adopted_.service = object.value;
    adopted_.service_fields = object.fields;
    adopted_.service_span = object.span;
    if (!Selects(object.value.Path({"spec", "selector"}), labels_)) {
      Refuse(SpanAt(object, "/spec/selector"),
             fmt::format("Service `{}` does not select the pods of {}", service_.name, Called(workload_->object)));
    }
    CheckAlone(object, "/spec/selector");
    const Value ports = object.value.Path({"spec", "ports"});
    for (std::size_t i = 0; ports.as_list() != nullptr && i < ports.as_list()->size(); ++i) {
      const Value& port = (*ports.as_list())[i];
      const Value said = port.Field("port");
      const graph::Quantity* number = said.as_quantity();
      const Span span = SpanAt(object, fmt::format("/spec/ports/{}", i));
      if (number == nullptr || !number->number.is_integer() || number->number < Number(1) ||
          number->number > Number(65535)) {
        Refuse(span, fmt::format("port {} of Service `{}` has no number from 1 to 65535", i + 1, service_.name));
        continue;
      }
      service_.ports.push_back({TextAt(port, {"name"}), static_cast<std::int32_t>(number->number.Floor()), span});
    }
  }

  const Reader& reader_;
  const syntax::FromClause& clause_;
  const std::vector<Checker::YamlObject*>& objects_;
  Service& service_;
  Adopted adopted_;
  const Checker::YamlObject* workload_ = nullptr;
  std::string space_;
  Value labels_;  // of the pods
  bool well_ = true;
};

Span SpanOfItem(const syntax::ServiceItem& item) {
  struct Visitor {
    Span operator()(const syntax::ServiceClause& clause) const { return clause.word.span; }
    Span operator()(const syntax::AutoscalerClause& clause) const { return clause.word.span; }
    Span operator()(const syntax::Require&) const { return {}; }
    Span operator()(const syntax::FromClause&) const { return {}; }
    Span operator()(const syntax::Later&) const { return {}; }
    Span operator()(const syntax::PatchClause& clause) const { return clause.span; }
    Span operator()(const syntax::PortClause& clause) const { return clause.span; }
    Span operator()(const syntax::ProbeClause& clause) const { return clause.span; }
    Span operator()(const syntax::EnvClause& clause) const { return clause.span; }
    Span operator()(const syntax::ConfigClause& clause) const { return clause.span; }
  };
  return std::visit(Visitor(), item);
}

}  // namespace

void ReadAdopted(const syntax::FromClause& clause, const Reader& reader, Service& service) {
  if (const auto objects = ReadManifests(clause.files, reader)) {
    Adoption(reader, clause, *objects, service).Run();
  }
}

bool CheckBesideYaml(const syntax::ServiceItem& item, Context& context) {
  const Span span = SpanOfItem(item);
  if (!span.known()) {
    return false;
  }
  context.Report(kAdoptionRefused, span, "a service `from` files has no such clause")
      .Note("what its objects are is said in the files")
      .Emit();
  return true;
}

}  // namespace sluice::check
