// What every implementation of the port must do, written against the port alone. A program links it with one
// `MakeFixture` and runs it against its own cluster.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/cluster/cluster.h"

namespace sluice::cluster {

// A cluster to try and a namespace of its own to try it in.
class Fixture {
 public:
  virtual ~Fixture() = default;
  virtual Cluster& cluster() = 0;
  virtual std::string namespace_() = 0;
  // Lets the world go on until `done`; false if that takes unreasonably long.
  virtual bool Until(const std::function<bool()>& done) = 0;
  // Whether the cluster runs controllers (a bare API server doesn't).
  virtual bool has_controllers() = 0;
};
std::unique_ptr<Fixture> MakeFixture();

// One request and its answer.
Result<Json> Ask(Fixture& fixture, Request request);

// What a watch told, in order: copies, since an event lives only as long as the call.
struct Told {
  struct Heard {
    EventType type = EventType::kAdded;
    Json object;
  };
  std::vector<Heard> events;
  WatchId id = WatchId::kNone;
  bool synced() const;
};
std::shared_ptr<Told> Listen(Fixture& fixture, ListObjects what);

Json ConfigMap(Fixture& fixture, const std::string& name, Json data = Json::object());
Json DeploymentOf(Fixture& fixture, const std::string& name, const std::string& image, int replicas);
Json ServiceOf(Fixture& fixture, const std::string& name, Json selector);

}  // namespace sluice::cluster
