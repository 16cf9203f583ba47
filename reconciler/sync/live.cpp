#include "reconciler/sync/live.h"

#include <algorithm>
#include <utility>

#include "compiler/graph/names.h"

namespace sluice::sync {

using cluster::Json;

LiveObjects::LiveObjects(cluster::Cluster& cluster, loop::Loop& loop, std::string plan_set,
                         std::function<void()> changed)
    : cluster_(cluster), loop_(loop), plan_set_(std::move(plan_set)), changed_(std::move(changed)) {}

void LiveObjects::Watch(const cluster::Kind& kind) {
  if (watches(kind)) return;
  const auto project = [](const Json& object) -> std::optional<View> {
    auto lean = std::make_shared<Json>(object);
    (*lean)["metadata"].erase("managedFields");
    if (object.value("apiVersion", "") == graph::kApiVersion) {
      lean->erase("status");
      // The graph is immutable and named by its digest: no reason to keep it in memory.
      if (lean->contains("spec")) (*lean)["spec"].erase("graph");
      if (lean->contains("spec")) (*lean)["spec"].erase("spans");
    }
    return View{"", std::move(lean)};
  };
  const auto changed = [this, kind](const execute::Name& name, const View& view) {
    if (view.object == nullptr) return changed_();  // synced
    const cluster::ObjectKey key{kind, name.first, name.second};
    if (Find(key) == nullptr) {
      fingerprints_.erase(key);
      return changed_();
    }
    Json content = *view.object;
    content["metadata"].erase("resourceVersion");
    const std::size_t fingerprint = std::hash<Json>()(content);
    const auto [known, fresh] = fingerprints_.try_emplace(key, fingerprint);
    if (!fresh && known->second == fingerprint) return;
    known->second = fingerprint;
    changed_();
  };
  caches_[kind] = std::make_unique<execute::WatchCache<View>>(
      cluster_, loop_, cluster::ListObjects{kind, "", {{graph::kPlanSetLabel, plan_set_}}}, project, changed);
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

void LiveObjects::Learn(const Json& object) {
  const auto cache = caches_.find(cluster::KeyOf(object).kind);
  if (cache != caches_.end()) cache->second->Learn(object);
}

void LiveObjects::MarkMissing(const cluster::ObjectKey& key) {
  const auto cache = caches_.find(key.kind);
  if (cache != caches_.end()) cache->second->MarkMissing({key.namespace_, key.name});
}

}  // namespace sluice::sync
