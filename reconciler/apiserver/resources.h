// What the API serves: the resources of each group, as discovery tells them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/cluster/cluster.h"
#include "reconciler/embedded/store.h"

namespace sluice::apiserver {

using cluster::Json;
using cluster::Kind;
using cluster::ObjectKey;

struct Resource {
  Kind kind;                // as it is served
  std::string plural = {};  // "deployments"
  std::vector<std::string> short_names = {};
  bool namespaced = true;
  bool in_all = false;  // `kubectl get all` shows it
  bool status = true;   // has the subresource
  bool scale = false;   // has the subresource
  bool eviction = false;
  bool custom = false;  // strategic merge patches are for the built-in ones
  Json columns = {};    // of a custom one: additionalPrinterColumns, or null

  std::string group() const;
  std::string version() const;
  std::string singular() const;
  // "deployments.apps", "pods": as messages name it.
  std::string group_resource() const;
  // As it is stored: Events are the same objects in two groups.
  Kind stored() const;
};

// The built-in ones and those that CustomResourceDefinitions in `store` define, in the order of discovery.
std::vector<Resource> Resources(const embedded::Store& store);
// By what stands in a path: API version ("v1", "apps/v1") and plural.
std::optional<Resource> FindResource(const embedded::Store& store, std::string_view api_version,
                                     std::string_view plural);
// nullptr if it isn't one of the built-in kinds.
const Resource* BuiltInResource(const Kind& kind);

// What is wrong with a CustomResourceDefinition that is to be stored, "" if nothing is.
std::string WrongDefinition(const Json& definition);

}  // namespace sluice::apiserver
