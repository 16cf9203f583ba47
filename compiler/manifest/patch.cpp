#include "compiler/manifest/patch.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "compiler/graph/json_pointer.h"
#include "compiler/graph/names.h"

namespace sluice::manifest {
namespace {

using graph::List;
using graph::Map;
using graph::Value;

// One field of a patch.
struct Said {
  std::string patch;       // its pointer in the patch
  std::string object;      // and in the object
  bool replaces = false;   // what the object had there is gone
  std::string wrong = {};  // why it can't be said: nothing is changed
};

const char* MergeKey(std::string_view list) {
  return list == "volumeMounts"    ? "mountPath"
         : list == "volumeDevices" ? "devicePath"
         : list == "hostAliases"   ? "ip"
                                   : "name";
}

bool AllHave(const List& items, const char* key) {
  return std::all_of(items.begin(), items.end(),
                     [&](const Value& item) { return item.Field(key).as_string() != nullptr; });
}

enum class Shape { kNothing, kMap, kList, kScalar };
Shape ShapeOf(const Value& value) {
  return value.is_none()              ? Shape::kNothing
         : value.as_map() != nullptr  ? Shape::kMap
         : value.as_list() != nullptr ? Shape::kList
                                      : Shape::kScalar;
}
const char* Words(Shape shape) {
  return shape == Shape::kMap ? "a map" : shape == Shape::kList ? "a list" : "a single value";
}

class Merger {
 public:
  Value Merge(const Value& base, const Value& patch, const std::string& field, const std::string& in_patch,
              const std::string& in_object) {
    const Shape shape = ShapeOf(patch), before = ShapeOf(base);
    if (before != Shape::kNothing && shape != before) {
      said_.push_back({in_patch, in_object, false, fmt::format("it is {}, not {}", Words(before), Words(shape))});
      return base;
    }
    if (shape == Shape::kMap) {
      return MergeMap(base.as_map() == nullptr ? Map() : *base.as_map(), *patch.as_map(), in_patch, in_object);
    }
    const char* key = MergeKey(field);
    const List *items = patch.as_list(), *old = base.as_list();
    if (items != nullptr && old != nullptr && !old->empty() && AllHave(*old, key)) {
      if (!AllHave(*items, key)) {
        said_.push_back(
            {in_patch, in_object, false, fmt::format("its items are told apart by `{}`: give each one", key)});
        return base;
      }
      return MergeList(*old, *items, key, in_patch, in_object);
    }
    said_.push_back({in_patch, in_object, !base.is_none() && base != patch});
    return patch;
  }

  std::vector<Said> Take() { return std::move(said_); }

 private:
  Value MergeMap(Map result, const Map& patch, const std::string& in_patch, const std::string& in_object) {
    for (const auto& [key, value] : patch.entries()) {
      const std::string from = graph::PointerTo(in_patch, key), to = graph::PointerTo(in_object, key);
      const Value* old = result.Find(key);
      Value merged = Merge(old == nullptr ? Value() : *old, value, key, from, to);
      result.Set(key, std::move(merged));
    }
    return Value(std::move(result));
  }

  Value MergeList(const List& base, const List& patch, const char* key, const std::string& in_patch,
                  const std::string& in_object) {
    List result = base;
    for (std::size_t i = 0; i < patch.size(); ++i) {
      const Value name = patch[i].Field(key);
      std::size_t at = 0;
      while (at < result.size() && result[at].Field(key) != name) {
        ++at;
      }
      if (at == result.size()) {
        result.emplace_back();
      }
      result[at] = Merge(result[at], patch[i], "", graph::PointerTo(in_patch, std::to_string(i)),
                         graph::PointerTo(in_object, std::to_string(at)));
    }
    return Value(std::move(result));
  }

  std::vector<Said> said_;
};

std::vector<Said> FieldsOf(const Value& base, const Value& patch) {
  Merger merger;
  merger.Merge(base, patch, "", "", "");
  return merger.Take();
}

std::string KindOf(const Value& object) {
  const Value kind = object.Field("kind");
  return kind.as_string() == nullptr ? "" : *kind.as_string();
}

bool Under(std::string_view pointer, std::string_view above) {
  return pointer.substr(0, above.size()) == above && (pointer.size() == above.size() || pointer[above.size()] == '/');
}

// The span of the patch's field, or of the nearest one above it.
source::Span SpanOf(const check::Patch& patch, const std::string& pointer) {
  source::Span span = patch.span;
  std::size_t longest = 0;
  for (const check::FieldSpan& field : patch.fields) {
    if (Under(pointer, field.pointer) && field.pointer.size() > longest) {
      longest = field.pointer.size();
      span = field.span;
    }
  }
  return span;
}

struct Rule {
  std::string_view pointer;
  std::string_view why;
};

constexpr std::array<const char*, 4> kHandlers = {"exec", "grpc", "httpGet", "tcpSocket"};

constexpr std::string_view kOurs = "it is what Sluice finds the object by";

// Of any kind.
constexpr std::array<Rule, 6> kEverywhere{{
    {"/apiVersion", kOurs},
    {"/kind", kOurs},
    {"/metadata/name", kOurs},
    {"/metadata/namespace", "`namespace` of the service says it"},
    {"/spec/selector", "it tells one revision's pods from another's"},
    {"/status", "Kubernetes writes it"},
}};
constexpr std::array<Rule, 5> kOfDeployment{{
    {"/spec/replicas", "`replicas` says it, and a rollout's steps"},
    {"/spec/strategy", "`surge` and `unavailable` say it"},
    {"/spec/paused", "a rollout that is to wait is paused by `sluice pause`"},
    {"/spec/progressDeadlineSeconds", "how long pods may take is the rollout's to judge"},
    {"/spec/template/spec/restartPolicy", "a Deployment's pods are always restarted"},
}};
constexpr std::array<Rule, 2> kOfBudget{{
    {"/spec/minAvailable", "`disruption` says how many may go"},
    {"/spec/maxUnavailable", "`disruption` says it"},
}};

constexpr std::array<Rule, 3> kOfAutoscaler{{
    {"/spec/scaleTargetRef", "it is the Deployment that the executor keeps for a revision"},
    {"/spec/minReplicas", "`replicas` says it, and what a rollout's traffic needs"},
    {"/spec/maxReplicas", "`replicas` says it"},
}};

std::string_view WhyRefused(std::string_view kind, const Said& said) {
  const auto why = [&](const auto& rules) {
    const auto found =
        std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) { return Under(said.object, rule.pointer); });
    return found == rules.end() ? std::string_view() : found->why;
  };
  if (!said.wrong.empty()) {
    return said.wrong;
  }
  if (const std::string_view everywhere = why(kEverywhere); !everywhere.empty()) {
    return everywhere;
  }
  for (const char* marks : {"/labels/sluice.dev~1", "/annotations/sluice.dev~1"}) {
    if (said.object.find(marks) != std::string::npos) {
      return kOurs;
    }
  }
  return kind == "Deployment"             ? why(kOfDeployment)
         : kind == graph::kBudgetKind     ? why(kOfBudget)
         : kind == graph::kAutoscalerKind ? why(kOfAutoscaler)
                                          : std::string_view();
}

// Whether Kubernetes would refuse what the patch adds below what a clause wrote: of these there is one alone.
bool IsSecond(const Said& said, const std::string& clause, const Value& bare) {
  if (!Under(said.object, clause)) {
    return false;
  }
  if (clause.find("/env/") != std::string::npos || clause.find("/volumes/") != std::string::npos) {
    return true;
  }
  const bool probe = clause.ends_with("Probe");
  return probe && std::any_of(kHandlers.begin(), kHandlers.end(), [&](const char* handler) {
           const std::string pointer = graph::PointerTo(clause, handler);
           return Under(said.object, pointer) && !graph::HasField(bare, pointer);
         });
}

// "spec.template.spec": as people write a field.
std::string Dotted(const std::string& pointer) {
  std::string text = pointer.substr(std::min<std::size_t>(1, pointer.size()));
  std::replace(text.begin(), text.end(), '/', '.');
  for (std::size_t at = 0; (at = text.find("~1", at)) != std::string::npos;) {
    text.replace(at, 2, "/");
  }
  return text;
}

}  // namespace

const check::Patch* FindPatch(const check::Service& service, std::string_view kind) {
  const auto found = std::find_if(service.patches.begin(), service.patches.end(),
                                  [&](const check::Patch& patch) { return patch.kind == kind; });
  return found == service.patches.end() ? nullptr : &*found;
}

Value Patched(const Value& base, const Value& patch) {
  return patch.is_none() ? base : Merger().Merge(base, patch, "", "", "");
}

Value WithPatch(const check::Service& service, const Value& object) {
  const check::Patch* patch = FindPatch(service, KindOf(object));
  return patch == nullptr ? object : Patched(object, patch->value);
}

Value WithoutExposure(const Value& service) {
  Map object = *service.as_map();
  Map spec = *object.Find("spec")->as_map();
  for (const char* field : {"type", "clusterIP", "clusterIPs", "externalIPs", "externalTrafficPolicy", "externalName",
                            "allocateLoadBalancerNodePorts", "healthCheckNodePort", "loadBalancerClass",
                            "loadBalancerIP", "loadBalancerSourceRanges"}) {
    spec.Erase(field);
  }
  List ports;
  for (const Value& port : *spec.Find("ports")->as_list()) {
    Map inner = *port.as_map();
    inner.Erase("nodePort");
    ports.emplace_back(std::move(inner));
  }
  spec.Set("ports", Value(std::move(ports)));
  object.Set("spec", Value(std::move(spec)));
  return Value(std::move(object));
}

std::vector<check::FieldSpan> PatchFields(const check::Service& service, const Value& object) {
  const check::Patch* patch = FindPatch(service, KindOf(object));
  std::vector<check::FieldSpan> fields;
  if (patch == nullptr) {
    return fields;
  }
  // Merged into itself nothing moves but list items, to where they are.
  for (const Said& said : FieldsOf(object, patch->value)) {
    fields.push_back({said.object, SpanOf(*patch, said.patch)});
  }
  return fields;
}

void CheckPatch(const check::Service& service, const Value& bare, const std::vector<check::FieldSpan>& written,
                diagnostics::Emitter& emitter) {
  const check::Patch* patch = FindPatch(service, KindOf(bare));
  if (patch == nullptr) {
    return;
  }
  for (const Said& said : FieldsOf(bare, patch->value)) {
    const source::Span span = SpanOf(*patch, said.patch);
    const std::string what = fmt::format("`patch {}` sets `{}`", patch->kind, Dotted(said.object));
    if (const std::string_view why = WhyRefused(patch->kind, said); !why.empty()) {
      emitter.Report(diagnostics::kPatchRefused, span, what + ", which is not the plan's to patch")
          .Note(std::string(why));
      continue;
    }
    const auto clause = std::find_if(written.begin(), written.end(), [&](const check::FieldSpan& field) {
      const bool over = Under(said.object, field.pointer) || Under(field.pointer, said.object);
      return (said.replaces && over) || IsSecond(said, field.pointer, bare);
    });
    if (clause != written.end()) {
      emitter.Report(diagnostics::kPatchRefused, span, what + ", which a clause says already")
          .Label(clause->span, "this one")
          .Note("a patch is for what the clauses don't cover: change the clause");
    }
  }
}

}  // namespace sluice::manifest
