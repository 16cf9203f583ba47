// The inventory and the source's state, kept in the cluster.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "reconciler/cluster/cluster.h"
#include "reconciler/sync/inventory.h"

namespace sluice::sync {

// What has to outlive a restart: which commit is in use.
struct StoredSource {
  std::string commit, tree;  // of the last plan set that was accepted
  std::string message;       // why the newest commit is not in use; ""
  std::string since;         // of `message`; RFC 3339
  std::string trouble;       // what could not be applied of the commit in use, a line each; ""
  std::size_t parts = 0;     // of the inventory that are known to be stored: a later start has to find them
  friend bool operator==(const StoredSource&, const StoredSource&) = default;
};

// All replies come on the loop, never from within a call.
class InventoryStore {
 public:
  InventoryStore(cluster::Cluster& cluster, std::string in_namespace, std::string hash);
  ~InventoryStore();

  struct Loaded {
    Inventory inventory;
    StoredSource source;
  };
  // kInvalid if what is stored is damaged.
  void Load(std::function<void(Result<Loaded>)> done);

  // Stores the chunks that changed, one after the other. On an error the rest is not stored; kConflict: someone
  // else wrote, load again. `inventory` outlives the call.
  void Save(Inventory& inventory, std::function<void(Result<void>)> done);
  // The description is for people.
  void SaveSource(const StoredSource& source, const cluster::Json& description, std::function<void(Result<void>)> done);

 private:
  cluster::Cluster& cluster_;
  const std::string namespace_, hash_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sluice::sync
