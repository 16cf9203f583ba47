// How the kinds that Sluice deals with are addressed in Kubernetes' REST API.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reconciler/cluster/cluster.h"

namespace sluice::cluster {

struct Resource {
  Kind kind;
  std::string plural;
  bool namespaced = true;
};

// Of the kinds that Sluice reads or writes by itself; nullptr for another.
const Resource* FindResource(const Kind& kind);
// By what stands in a path: API version ("v1", "apps/v1") and plural.
const Resource* FindResource(std::string_view api_version, std::string_view plural);

// "/api/v1/namespaces/shop/services/checkout", "/apis/apps/v1/deployments"; without a name: the collection.
std::string ResourcePath(const Resource& resource, const std::string& namespace_, const std::string& name = "");

// What a path names; nullopt if it is none of the API's. `subresource` is "status" or "".
struct ResourceAddress {
  const Resource* resource = nullptr;
  std::string namespace_, name, subresource;
};
std::optional<ResourceAddress> ParseResourcePath(std::string_view path);

}  // namespace sluice::cluster
