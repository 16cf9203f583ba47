#include "reconciler/cluster/resources.h"

#include <algorithm>
#include <vector>

#include "compiler/graph/names.h"

namespace sluice::cluster {
namespace {

const std::vector<Resource>& Resources() {
  static const std::vector<Resource> kResources = {
      {{"v1", "Namespace"}, "namespaces", false},
      {{"v1", "Pod"}, "pods"},
      {{"v1", "Service"}, "services"},
      {{"v1", "ConfigMap"}, "configmaps"},
      {{"v1", "Secret"}, "secrets"},
      {{"v1", "ServiceAccount"}, "serviceaccounts"},
      {{"v1", "ResourceQuota"}, "resourcequotas"},
      {{"apps/v1", "Deployment"}, "deployments"},
      {{"apps/v1", "ReplicaSet"}, "replicasets"},
      {{"discovery.k8s.io/v1", "EndpointSlice"}, "endpointslices"},
      {{"events.k8s.io/v1", "Event"}, "events"},
      {{"gateway.networking.k8s.io/v1", "Gateway"}, "gateways"},
      {{"gateway.networking.k8s.io/v1", "HTTPRoute"}, "httproutes"},
      {{"sluice.dev/v1alpha1", "Rollout"}, "rollouts"},
      {{"sluice.dev/v1alpha1", "RolloutBundle"}, "rolloutbundles"},
      {{"sluice.dev/v1alpha1", "RolloutCommand"}, "rolloutcommands"},
  };
  return kResources;
}

std::vector<std::string> Segments(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const std::size_t begin = path.find_first_not_of('/');
    if (begin == std::string_view::npos) {
      break;
    }
    path.remove_prefix(begin);
    const std::size_t end = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

}  // namespace

const Resource* FindResource(const Kind& kind) {
  for (const Resource& resource : Resources()) {
    if (resource.kind == kind) {
      return &resource;
    }
  }
  return nullptr;
}

const Resource* FindResource(std::string_view api_version, std::string_view plural) {
  for (const Resource& resource : Resources()) {
    if (resource.kind.api_version == api_version && resource.plural == plural) {
      return &resource;
    }
  }
  return nullptr;
}

std::string ResourcePath(const Resource& resource, const std::string& namespace_, const std::string& name) {
  const std::string& version = resource.kind.api_version;
  std::string path = (graph::GroupOf(version).empty() ? "/api/" : "/apis/") + version;
  if (resource.namespaced && !namespace_.empty()) {
    path += "/namespaces/" + namespace_;
  }
  return path + "/" + resource.plural + (name.empty() ? "" : "/" + name);
}

std::optional<ResourceAddress> ParseResourcePath(std::string_view path) {
  const std::vector<std::string> segments = Segments(path);
  if (segments.empty() || (segments[0] != "api" && segments[0] != "apis")) {
    return std::nullopt;
  }
  const std::size_t version_length = segments[0] == "api" ? 1 : 2;
  if (segments.size() < 2 + version_length) {
    return std::nullopt;
  }
  std::size_t at = 1 + version_length;
  const std::string version = version_length == 1 ? segments[1] : segments[1] + "/" + segments[2];
  ResourceAddress address;
  if (segments[at] == "namespaces" && segments.size() >= at + 3) {
    address.namespace_ = segments[at + 1];
    at += 2;
  }
  address.resource = FindResource(version, segments[at++]);
  if (at < segments.size()) {
    address.name = segments[at++];
  }
  if (at < segments.size()) {
    address.subresource = segments[at++];
  }
  if (address.resource == nullptr || at != segments.size()) {
    return std::nullopt;
  }
  return address;
}

}  // namespace sluice::cluster
