// What the API tells of itself: groups, versions, resources, and as much of OpenAPI as kubectl asks for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconciler/apiserver/resources.h"

namespace sluice::apiserver {

// "/api", "/apis", "/api/v1", "/apis/GROUP", "/apis/GROUP/VERSION": the unaggregated documents. nullopt if it is none
// of those.
std::optional<Json> DiscoveryDocument(const std::vector<Resource>& resources, const std::string& path);
// apidiscovery.k8s.io/v2 APIGroupDiscoveryList: of the core group ("/api") or of all others ("/apis").
Json AggregatedDiscovery(const std::vector<Resource>& resources, bool core);

// "/openapi/v3" and the documents below it. kubectl looks there whether the server validates fields, before it applies
// anything; there are no schemas of the kinds.
std::optional<Json> OpenApiDocument(const std::vector<Resource>& resources, const std::string& path);

// "/version".
Json VersionDocument();

}  // namespace sluice::apiserver
