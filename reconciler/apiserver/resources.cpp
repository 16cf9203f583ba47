#include "reconciler/apiserver/resources.h"

#include <algorithm>
#include <cctype>

#include "compiler/graph/names.h"
#include "reconciler/embedded/kinds.h"

namespace sluice::apiserver {
namespace {

using cluster::Find;
using cluster::Flag;
using cluster::List;
using cluster::Text;

const Kind kDefinition{"apiextensions.k8s.io/v1", "CustomResourceDefinition"};

const std::vector<Resource>& BuiltIn() {
  static const std::vector<Resource> kResources = {
      {.kind = {"v1", "ConfigMap"}, .plural = "configmaps", .short_names = {"cm"}, .status = false},
      {.kind = {"v1", "Event"}, .plural = "events", .short_names = {"ev"}, .status = false},
      {.kind = {"v1", "Namespace"}, .plural = "namespaces", .short_names = {"ns"}, .namespaced = false},
      {.kind = {"v1", "Node"}, .plural = "nodes", .short_names = {"no"}, .namespaced = false},
      {.kind = {"v1", "Pod"}, .plural = "pods", .short_names = {"po"}, .in_all = true, .eviction = true},
      {.kind = {"v1", "ResourceQuota"}, .plural = "resourcequotas", .short_names = {"quota"}},
      {.kind = {"v1", "Secret"}, .plural = "secrets", .status = false},
      {.kind = {"v1", "ServiceAccount"}, .plural = "serviceaccounts", .short_names = {"sa"}, .status = false},
      {.kind = {"v1", "Service"}, .plural = "services", .short_names = {"svc"}, .in_all = true},
      {.kind = {"apps/v1", "ControllerRevision"}, .plural = "controllerrevisions", .status = false},
      {.kind = {"apps/v1", "DaemonSet"}, .plural = "daemonsets", .short_names = {"ds"}, .in_all = true},
      {.kind = {"apps/v1", "Deployment"},
       .plural = "deployments",
       .short_names = {"deploy"},
       .in_all = true,
       .scale = true},
      {.kind = {"apps/v1", "ReplicaSet"},
       .plural = "replicasets",
       .short_names = {"rs"},
       .in_all = true,
       .scale = true},
      {.kind = {"apps/v1", "StatefulSet"},
       .plural = "statefulsets",
       .short_names = {"sts"},
       .in_all = true,
       .scale = true},
      {.kind = {"autoscaling/v2", "HorizontalPodAutoscaler"},
       .plural = "horizontalpodautoscalers",
       .short_names = {"hpa"},
       .in_all = true},
      {.kind = {"batch/v1", "Job"}, .plural = "jobs", .in_all = true},
      {.kind = {"policy/v1", "PodDisruptionBudget"}, .plural = "poddisruptionbudgets", .short_names = {"pdb"}},
      {.kind = {"rbac.authorization.k8s.io/v1", "ClusterRole"},
       .plural = "clusterroles",
       .namespaced = false,
       .status = false},
      {.kind = {"rbac.authorization.k8s.io/v1", "ClusterRoleBinding"},
       .plural = "clusterrolebindings",
       .namespaced = false,
       .status = false},
      {.kind = {"rbac.authorization.k8s.io/v1", "Role"}, .plural = "roles", .status = false},
      {.kind = {"rbac.authorization.k8s.io/v1", "RoleBinding"}, .plural = "rolebindings", .status = false},
      {.kind = kDefinition, .plural = "customresourcedefinitions", .short_names = {"crd", "crds"}, .namespaced = false},
      {.kind = {"coordination.k8s.io/v1", "Lease"}, .plural = "leases", .status = false},
      {.kind = {"discovery.k8s.io/v1", "EndpointSlice"}, .plural = "endpointslices", .status = false},
      {.kind = {"events.k8s.io/v1", "Event"}, .plural = "events", .short_names = {"ev"}, .status = false},
      {.kind = {"gateway.networking.k8s.io/v1", "Gateway"},
       .plural = "gateways",
       .short_names = {"gtw"},
       .custom = true},
      {.kind = {"gateway.networking.k8s.io/v1", "HTTPRoute"}, .plural = "httproutes", .custom = true},
      {.kind = {"sluice.dev/v1alpha1", "RolloutBundle"}, .plural = "rolloutbundles", .custom = true},
      {.kind = {"sluice.dev/v1alpha1", "RolloutCommand"}, .plural = "rolloutcommands", .custom = true},
      {.kind = {"sluice.dev/v1alpha1", "Rollout"}, .plural = "rollouts", .custom = true},
  };
  return kResources;
}

// The resources that one CustomResourceDefinition defines: one a served version.
std::vector<Resource> Defined(const Json& definition) {
  std::vector<Resource> resources;
  const Json* spec = Find(definition, {"spec"});
  if (spec == nullptr) return resources;
  for (const Json& version : List(*spec, {"versions"})) {
    if (!Flag(version, {"served"})) continue;
    Resource resource;
    resource.kind = {Text(*spec, {"group"}) + "/" + Text(version, {"name"}), Text(*spec, {"names", "kind"})};
    resource.plural = Text(*spec, {"names", "plural"});
    for (const Json& name : List(*spec, {"names", "shortNames"})) {
      if (name.is_string()) resource.short_names.push_back(name.get<std::string>());
    }
    resource.namespaced = Text(*spec, {"scope"}) != "Cluster";
    resource.status = Find(version, {"subresources", "status"}) != nullptr;
    resource.custom = true;
    resource.columns = List(version, {"additionalPrinterColumns"});
    resources.push_back(std::move(resource));
  }
  return resources;
}

}  // namespace

std::string Resource::group() const { return std::string(graph::GroupOf(kind.api_version)); }

std::string Resource::version() const {
  const std::size_t slash = kind.api_version.find('/');
  return slash == std::string::npos ? kind.api_version : kind.api_version.substr(slash + 1);
}

std::string Resource::singular() const {
  std::string name = kind.kind;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

std::string Resource::group_resource() const {
  const std::string of = group();
  return of.empty() ? plural : plural + "." + of;
}

Kind Resource::stored() const { return kind.kind == "Event" ? Kind{"events.k8s.io/v1", "Event"} : kind; }

std::vector<Resource> Resources(const embedded::Store& store) {
  std::vector<Resource> all = BuiltIn();
  for (const embedded::Object& definition : store.List(kDefinition, "", {})) {
    for (Resource& resource : Defined(*definition)) {
      const auto same = std::find_if(all.begin(), all.end(), [&](const Resource& each) {
        return each.kind.api_version == resource.kind.api_version && each.plural == resource.plural;
      });
      if (same == all.end()) {
        all.push_back(std::move(resource));
      } else if (same->custom) {
        same->columns = std::move(resource.columns);
        same->short_names = std::move(resource.short_names);
      }
    }
  }
  return all;
}

std::optional<Resource> FindResource(const embedded::Store& store, std::string_view api_version,
                                     std::string_view plural) {
  for (const Resource& resource : BuiltIn()) {
    if (!resource.custom && resource.kind.api_version == api_version && resource.plural == plural) return resource;
  }
  for (Resource& resource : Resources(store)) {
    if (resource.kind.api_version == api_version && resource.plural == plural) return std::move(resource);
  }
  return std::nullopt;
}

const Resource* BuiltInResource(const Kind& kind) {
  const auto found =
      std::find_if(BuiltIn().begin(), BuiltIn().end(), [&](const Resource& resource) { return resource.kind == kind; });
  return found == BuiltIn().end() ? nullptr : &*found;
}

std::string WrongDefinition(const Json& definition) {
  const std::string group = Text(definition, {"spec", "group"});
  const std::string plural = Text(definition, {"spec", "names", "plural"});
  if (group.find('.') == std::string::npos) return "spec.group: Invalid value: \"" + group + "\": should be a domain";
  if (plural.empty()) return "spec.names.plural: Required value";
  if (Text(definition, {"spec", "names", "kind"}).empty()) return "spec.names.kind: Required value";
  if (Text(definition, {"metadata", "name"}) != plural + "." + group) {
    return "metadata.name: Invalid value: must be spec.names.plural+\".\"+spec.group";
  }
  if (List(definition, {"spec", "versions"}).empty()) return "spec.versions: Required value";
  const std::string scope = Text(definition, {"spec", "scope"});
  if (scope != "Namespaced" && scope != "Cluster")
    return "spec.scope: Unsupported value: must be Cluster or Namespaced";
  if (scope == "Cluster" && !embedded::ClusterScoped({"", Text(definition, {"spec", "names", "kind"})})) {
    return "spec.scope: Unsupported value: custom resources of this cluster are Namespaced";
  }
  return "";
}

}  // namespace sluice::apiserver
