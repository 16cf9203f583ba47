#include "reconciler/sync/live.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "compiler/graph/names.h"

namespace sluice::sync {

using cluster::Json;

namespace {

using Names = std::initializer_list<std::string_view>;

// A copy without these members: large ones, that would only be copied to be thrown away.
Json Without(const Json& object, Names names) {
  if (!object.is_object()) return object;
  Json::object_t kept;
  for (const auto& [name, member] : object.get_ref<const Json::object_t&>()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) kept.emplace_hint(kept.end(), name, member);
  }
  return kept;
}

}  // namespace

LiveObjects::LiveObjects(cluster::Cluster& cluster, loop::Loop& loop, std::string plan_set,
                         std::function<void()> changed)
    : cluster_(cluster), loop_(loop), plan_set_(std::move(plan_set)), changed_(std::move(changed)) {}

void LiveObjects::Watch(const cluster::Kind& kind) {
  if (watches(kind)) return;
  const auto project = [](const cluster::SharedJson& shared) -> std::optional<View> {
    const Json& object = *shared;
    // The graph is immutable and named by its digest: no reason to keep it in memory.
    const bool ours = cluster::Says(object, {"apiVersion"}, graph::kApiVersion);
    Json lean = ours ? Without(object, {"metadata", "spec", "status"}) : Without(object, {"metadata"});
    lean["metadata"] = Without(object.at("metadata"), {"managedFields", "resourceVersion"});
    if (ours && object.contains("spec")) lean["spec"] = Without(object.at("spec"), {"graph", "spans"});
    // Who asks for nothing but this is not woken by each step of a rollout.
    for (const char* field : {"stable", "promotedAt"}) {
      if (const Json* said = ours ? cluster::Find(object, {"status", field}) : nullptr) lean["status"][field] = *said;
    }
    return View{"", std::make_shared<const Json>(std::move(lean))};
  };
  caches_[kind] = std::make_unique<execute::WatchCache<View>>(
      cluster_, loop_, cluster::ListObjects{kind, "", {{graph::kPlanSetLabel, plan_set_}}}, project,
      [this](const execute::Name&, const View&) { changed_(); }, [this] { changed_(); });
}

bool LiveObjects::synced() const {
  return std::all_of(caches_.begin(), caches_.end(), [](const auto& cache) { return cache.second->synced(); });
}

const Json* LiveObjects::Find(const cluster::ObjectKey& key) const {
  const auto cache = caches_.find(key.kind);
  if (cache == caches_.end() || cache->second == nullptr) return nullptr;
  const auto* entry = cache->second->Find({key.namespace_, key.name});
  return entry == nullptr ? nullptr : entry->view.object.get();
}

const execute::Identity* LiveObjects::FindIdentity(const cluster::ObjectKey& key) const {
  const auto cache = caches_.find(key.kind);
  if (cache == caches_.end() || cache->second == nullptr) return nullptr;
  const auto* entry = cache->second->Find({key.namespace_, key.name});
  return entry == nullptr ? nullptr : &entry->id;
}

void LiveObjects::Learn(const cluster::SharedJson& object) {
  const auto cache = caches_.find(cluster::KeyOf(*object).kind);
  if (cache != caches_.end()) cache->second->Learn(object);
}

void LiveObjects::MarkMissing(const cluster::ObjectKey& key) {
  const auto cache = caches_.find(key.kind);
  if (cache != caches_.end()) cache->second->MarkMissing({key.namespace_, key.name});
}

}  // namespace sluice::sync
