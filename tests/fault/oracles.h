// What must hold of a cluster whoever wrote it, whatever went wrong: read from the API server's own memory, which no
// fault touches.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "reconciler/cluster/json.h"
#include "tests/execute/scene.h"

namespace sluice::execute {

// All objects but those that the cluster's own controllers make, Events and leases; by kind, namespace and name.
std::vector<cluster::Json> ObjectsOf(const Scene& scene);

// The object as a person wants it: without versions, times, and counters of writes.
std::string Wanted(const cluster::Json& object);

// Lines that only one of both has; "" if they are equal.
std::string LinesDiffer(const std::string& wanted, const std::string& found);

// Where the inventory and the cluster differ in the end: an entry without its object, an object of the plan set without
// an entry; "" if nowhere.
std::string InventoryDiffers(const std::vector<cluster::Json>& objects);

// A rollout's status without times, epochs and run numbers of what nobody looks at.
std::string Summary(const decide::Status& status);

// Sees each write as the API server commits it.
class Witness {
 public:
  // From now on, for as long as the scene lives, which ends before this does.
  void Attend(Scene& scene);

  // How often an object of this name came into being, and how often one went; as ObjectsOf counts them, without
  // commands and bundles: those are named by their content, and one that nothing names may go and come back.
  std::map<std::string, int> made, gone;
  // Sentences: an object of the plan set that no inventory named when it was made, an entry that left the inventory
  // before its object.
  std::vector<std::string> broken;

 private:
  void See(const Scene& scene, const embedded::Change& change);
  void SeeInventory(const Scene& scene, const cluster::Json& chunk);

  std::map<std::string, std::map<std::string, std::string>> inventory_;  // by chunk: uids by key
};

}  // namespace sluice::execute
