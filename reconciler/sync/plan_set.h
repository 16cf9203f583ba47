// A compiled plan set, and the objects that the syncer writes for it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compiler/base/shared_list.h"
#include "compiler/graph/graph.h"
#include "compiler/source/file_tree.h"
#include "reconciler/cluster/cluster.h"

namespace sluice::sync {

// An error of the compiler, as it is shown.
struct Mistake {
  std::string file;
  std::uint32_t line = 0, column = 0;
  std::string code, message;
};
std::string ToString(const Mistake& mistake);  // "checkout.plan:31:12: SL2104: …"

// A static object of the plan set.
struct StaticObject {
  cluster::Json object;
  bool keep = false;  // never pruned
};

struct Compiled {
  std::size_t plan_files = 0;
  std::vector<Mistake> mistakes;  // empty: it compiles
  SharedList<graph::Graph> graphs;
  std::vector<StaticObject> objects;  // without those that only the executor writes
};
// Runs on the worker, one call at a time; keeps what it likes between calls.
using CompileFunction = std::function<Compiled(const source::FileTree&)>;

// The compiler, with its cache.
CompileFunction MakeCompiler();

// The order in which objects are written. What is pruned goes the other way.
enum class Wave { kNamespaces, kDefinitions, kObjects, kBundles, kRollouts };

struct WantedObject {
  cluster::ObjectKey key;
  cluster::Json object;
  Wave wave = Wave::kObjects;
  bool keep = false;
  // An autoscaler of the plan set counts its pods: `spec.replicas` is what it begins with.
  bool counted = false;
  // Of a Rollout: what its executor goes on with where the plan set had it before.
  std::vector<cluster::ObjectKey> takes = {};
  // Of a Rollout: the service whose pods it makes. What the plan set made for that service before serves until the
  // rollout's own pods do, and for so long after that: requests are still on their way.
  std::string service = {};
  Duration drain{};
};

// Who asks for the objects.
struct PlanSetId {
  std::string repository;  // redacted
  std::string ref, path;

  // 12 digits over all of it: in labels, names and the field manager.
  std::string Hash() const;
  std::string Manager() const { return "sluice-sync-" + Hash(); }
};

// Everything of the plan set, in the order in which it is to be written, labelled with the plan set.
// kTooLarge if a graph doesn't fit into an object, kInvalid if two parts name one object.
Result<std::vector<WantedObject>> WantedObjects(const Compiled& compiled, const PlanSetId& id,
                                                const std::string& commit);

Wave WaveOf(const cluster::Kind& kind);

// Whether all that `wanted` says is in `live` as said. Maps field by field, lists item by item; what is empty
// may be absent; numbers are compared as numbers.
bool Holds(const cluster::Json& live, const cluster::Json& wanted);

}  // namespace sluice::sync
