#include "reconciler/sync/inventory_store.h"

#include <utility>
#include <vector>

#include "compiler/graph/names.h"

namespace sluice::sync {
namespace {

using cluster::Json;

constexpr const char* kManager = "sluice-inventory";

}  // namespace

InventoryStore::InventoryStore(cluster::Cluster& cluster, std::string in_namespace, std::string hash)
    : cluster_(cluster), namespace_(std::move(in_namespace)), hash_(std::move(hash)) {}

InventoryStore::~InventoryStore() { *alive_ = false; }

void InventoryStore::Load(std::function<void(Result<Loaded>)> done) {
  const cluster::ListObjects list{{"v1", "ConfigMap"}, namespace_, {{kInventoryLabel, hash_}}};
  cluster_.Send(list, [this, alive = alive_, done = std::move(done)](Result<cluster::SharedJson> answer) {
    if (!*alive) return;
    if (!answer) return done(std::move(answer).error());
    std::vector<Json> chunks;
    Loaded loaded;
    for (const Json& object : (*answer)->at("items")) {
      if (object.at("metadata").value("name", "") != "sluice-source-" + hash_) {
        chunks.push_back(object);
        continue;
      }
      const auto text = [&](const char* name) { return cluster::Text(object, {"data", name}); };
      loaded.source = {text("commit"), text("tree"),    text("message"),
                       text("since"),  text("trouble"), ReadCount(text("parts")).value_or(0)};
    }
    auto inventory = Inventory::Decode(chunks, hash_, loaded.source.parts);
    if (!inventory) return done(std::move(inventory).error());
    loaded.inventory = std::move(inventory).value();
    done(std::move(loaded));
  });
}

void InventoryStore::Save(Inventory& inventory, std::function<void(Result<void>)> done) {
  const auto chunk = inventory.NextToStore();
  if (!chunk) return done({});
  cluster_.Send(cluster::Apply{inventory.Encode(*chunk, namespace_, hash_), kManager, false},
                [this, alive = alive_, &inventory, chunk = *chunk,
                 done = std::move(done)](const Result<cluster::SharedJson>& answer) {
                  if (!*alive) return;
                  if (!answer) return done(answer.error());
                  inventory.Stored(chunk, (*answer)->at("metadata").value("resourceVersion", ""));
                  Save(inventory, done);
                });
}

void InventoryStore::SaveSource(const StoredSource& source, const Json& description,
                                std::function<void(Result<void>)> done) {
  Json data = description;
  data["commit"] = source.commit;
  data["tree"] = source.tree;
  data["message"] = source.message;
  data["since"] = source.since;
  data["trouble"] = source.trouble;
  data["parts"] = std::to_string(source.parts);
  const Json object = {{"apiVersion", "v1"},
                       {"kind", "ConfigMap"},
                       {"metadata",
                        {{"name", "sluice-source-" + hash_},
                         {"namespace", namespace_},
                         {"labels", {{kInventoryLabel, hash_}, {graph::kSourceLabel, "true"}}}}},
                       {"data", std::move(data)}};
  cluster_.Send(cluster::Apply{object, kManager, true},
                [alive = alive_, done = std::move(done)](const Result<cluster::SharedJson>& answer) {
                  if (!*alive) return;
                  if (!answer) return done(answer.error());
                  done({});
                });
}

}  // namespace sluice::sync
