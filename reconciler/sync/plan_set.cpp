#include "reconciler/sync/plan_set.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "compiler/base/hash.h"
#include "compiler/graph/codec.h"
#include "compiler/graph/names.h"
#include "reconciler/execute/bundle.h"

namespace sluice::sync {
namespace {

using cluster::Json;

bool IsEmpty(const Json& json) { return json.is_null() || ((json.is_object() || json.is_array()) && json.empty()); }

WantedObject Make(Json object, const std::string& id, bool keep) {
  object["metadata"]["labels"][graph::kPlanSetLabel] = id;
  WantedObject wanted;
  wanted.key = cluster::KeyOf(object);
  wanted.wave = WaveOf(wanted.key.kind);
  wanted.keep = keep;
  wanted.object = std::move(object);
  return wanted;
}

Json RolloutObject(const graph::Graph& graph, const std::string& digest, const PlanSetId& id,
                   const std::string& commit) {
  return {{"apiVersion", graph::kApiVersion},
          {"kind", graph::kRolloutKind},
          {"metadata", {{"name", graph.rollout}, {"namespace", graph.rollout_namespace}}},
          {"spec",
           {{"bundle", execute::BundleName(graph.rollout, digest)},
            {"digest", digest},
            {"revision", graph.workload.revision},
            {"source",
             {{"repository", id.repository},
              {"ref", id.ref},
              {"path", id.path},
              {"commit", commit},
              {"file", graph.source}}},
            {"onRemoval", graph.policies.delete_on_removal ? "delete" : "keep"},
            {"serviceAccount", "default"}}}};
}

// What the plan set's autoscalers count.
void MarkCounted(std::vector<WantedObject>& wanted) {
  std::set<std::tuple<std::string, std::string, std::string, std::string>> counted;
  for (const WantedObject& object : wanted) {
    const Json& autoscaler = object.object;
    if (object.key.kind.kind == graph::kAutoscalerKind && object.key.kind.api_version.starts_with("autoscaling/")) {
      const auto target = [&](const char* field) {
        return cluster::Text(autoscaler, {"spec", "scaleTargetRef", field});
      };
      const std::string version = target("apiVersion");  // may be left out
      counted.emplace(object.key.namespace_, version.empty() ? "apps" : graph::GroupOf(version), target("kind"),
                      target("name"));
    }
  }
  for (WantedObject& object : wanted) {
    object.counted = counted.contains({object.key.namespace_, std::string(graph::GroupOf(object.key.kind.api_version)),
                                       object.key.kind.kind, object.key.name});
  }
}

}  // namespace

std::string ToString(const Mistake& mistake) {
  if (mistake.file.empty()) return fmt::format("{}: {}", mistake.code, mistake.message);
  return fmt::format("{}:{}:{}: {}: {}", mistake.file, mistake.line, mistake.column, mistake.code, mistake.message);
}

std::string PlanSetId::Hash() const { return Sha256(repository + '\n' + ref + '\n' + path).substr(0, 12); }

Wave WaveOf(const cluster::Kind& kind) {
  if (kind.kind == "Namespace" && kind.api_version == "v1") return Wave::kNamespaces;
  if (kind.kind == "CustomResourceDefinition") return Wave::kDefinitions;
  if (kind.api_version == graph::kApiVersion && kind.kind == graph::kBundleKind) return Wave::kBundles;
  if (kind.api_version == graph::kApiVersion && kind.kind == graph::kRolloutKind) return Wave::kRollouts;
  return Wave::kObjects;
}

namespace {

std::vector<cluster::ObjectKey> TakenBy(const graph::Graph& graph) {
  std::vector<cluster::ObjectKey> keys = {{{"v1", "Service"}, graph.rollout_namespace, graph.service}};
  if (!graph.adopts) return keys;
  keys.push_back({{"apps/v1", graph.adopts->by_partition ? "StatefulSet" : "Deployment"},
                  graph.rollout_namespace,
                  graph.adopts->deployment});
  if (!graph.adopts->budget.empty()) {
    keys.push_back({{graph::kBudgetApiVersion, graph::kBudgetKind}, graph.rollout_namespace, graph.adopts->budget});
  }
  return keys;
}

}  // namespace

Result<std::vector<WantedObject>> WantedObjects(const Compiled& compiled, const PlanSetId& id,
                                                const std::string& commit) {
  std::vector<WantedObject> wanted;
  const std::string hash = id.Hash();
  for (const StaticObject& object : compiled.objects) wanted.push_back(Make(object.object, hash, object.keep));
  for (const graph::Graph& graph : compiled.graphs) {
    const std::string digest = graph::GraphDigest(graph);
    auto bundle = execute::MakeBundle(graph, digest);
    if (!bundle) return std::move(bundle).error();
    wanted.push_back(Make(std::move(bundle).value(), hash, false));
    wanted.push_back(Make(RolloutObject(graph, digest, id, commit), hash, false));
    wanted.back().takes = TakenBy(graph);
    wanted.back().service = graph.service;
    wanted.back().drain = graph.policies.drain;
  }
  MarkCounted(wanted);
  std::set<cluster::ObjectKey> seen;
  for (const WantedObject& object : wanted) {
    if (!seen.insert(object.key).second) {
      return Error{ErrorCode::kInvalid, cluster::ToString(object.key) + " is named twice"};
    }
  }
  std::stable_sort(wanted.begin(), wanted.end(),
                   [](const WantedObject& a, const WantedObject& b) { return a.wave < b.wave; });
  return wanted;
}

bool Holds(const Json& live, const Json& wanted) {
  if (IsEmpty(wanted)) return IsEmpty(live);
  if (wanted.is_object()) {
    if (!live.is_object()) return false;
    for (const auto& [key, value] : wanted.items()) {
      const auto found = live.find(key);
      if (!Holds(found == live.end() ? Json() : *found, value)) return false;
    }
    return true;
  }
  if (wanted.is_array()) {
    if (!live.is_array() || live.size() != wanted.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!Holds(live[i], wanted[i])) return false;
    }
    return true;
  }
  return live == wanted;
}

}  // namespace sluice::sync
