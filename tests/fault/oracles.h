// What must hold of a cluster whoever wrote it, whatever went wrong: read from what an API server committed, which no
// fault touches. The API server may be the embedded cluster's or a real one.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "reconciler/cluster/cluster.h"
#include "reconciler/decide/status.h"

namespace sluice::execute {

// Whether objects of that kind are made by the cluster's own controllers, or are Events and leases: nothing that a plan
// set wants.
bool IsOfControllers(const cluster::Kind& kind);

// The object as a person wants it: without versions, times, and counters of writes.
std::string Wanted(const cluster::Json& object);

// Lines that only one of both has; "" if they are equal.
std::string LinesDiffer(const std::string& wanted, const std::string& found);

// Where the inventory and the cluster differ in the end: an entry without its object, an object of the plan set without
// an entry; "" if nowhere.
std::string InventoryDiffers(const std::vector<cluster::Json>& objects);

// A rollout's status without times, epochs and run numbers of what nobody looks at.
std::string Summary(const decide::Status& status);

// Sees each write as the API server commits it, in their order.
class Witness {
 public:
  // From here on: what is there already.
  void Begin(const std::vector<cluster::Json>& objects);
  // A deleted object as it was last, any other as it is now.
  void See(cluster::EventType type, const cluster::Json& object);
  // Somebody else is about to delete it.
  void Excuse(const std::string& uid) { excused_.insert(uid); }

  // How often an object of this name came into being, and how often one went; without what controllers make, commands
  // and bundles: those are named by their content, and one that nothing names may go and come back.
  std::map<std::string, int> made, gone;
  // Sentences: an object of the plan set that no inventory named when it was made, an entry that left the inventory
  // before its object, a write of a process that another had followed, stable's pods deleted.
  std::vector<std::string> broken;

 private:
  struct There {
    std::string uid;
    bool listed = false, of_service = false;
    std::int64_t epoch = 0;
  };
  struct Rollout {
    std::string uid, stable;
    bool ends = false;
  };

  void SeeInventory(const std::string& name, const cluster::Json& chunk);
  void SeeRollout(const std::string& name, const cluster::Json& rollout);
  void SeeGone(const std::string& name, const cluster::Json& object);
  void SeeEpoch(const std::string& name, const cluster::Json& object, There& there);

  std::map<std::string, There> there_;
  std::map<std::string, Rollout> rollouts_;
  std::map<std::string, std::map<std::string, std::string>> inventory_;  // by chunk: uids by key
  std::set<std::string> excused_;                                        // uids
};

}  // namespace sluice::execute
