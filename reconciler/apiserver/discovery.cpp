#include "reconciler/apiserver/discovery.h"

#include <algorithm>
#include <utility>

namespace sluice::apiserver {
namespace {

// Resources of one API version, in the table's order.
std::vector<Resource> Of(const std::vector<Resource>& resources, const std::string& api_version) {
  std::vector<Resource> found;
  for (const Resource& resource : resources) {
    if (resource.kind.api_version == api_version) found.push_back(resource);
  }
  return found;
}

// Each once, in the table's order.
std::vector<std::string> ApiVersions(const std::vector<Resource>& resources) {
  std::vector<std::string> versions;
  for (const Resource& resource : resources) {
    const std::string& version = resource.kind.api_version;
    if (std::find(versions.begin(), versions.end(), version) == versions.end()) versions.push_back(version);
  }
  return versions;
}

std::string PathOf(const std::string& api_version) {
  return (api_version.find('/') == std::string::npos ? "/api/" : "/apis/") + api_version;
}

Json Verbs(bool collection) {
  if (!collection) return {"get", "patch", "update"};
  return {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
}

Json ApiResource(const Resource& resource) {
  Json json = {{"name", resource.plural},
               {"singularName", resource.singular()},
               {"namespaced", resource.namespaced},
               {"kind", resource.kind.kind},
               {"verbs", Verbs(true)}};
  if (!resource.short_names.empty()) json["shortNames"] = resource.short_names;
  if (resource.in_all) json["categories"] = Json::array({"all"});
  return json;
}

Json Subresource(const Resource& resource, const char* name) {
  Json json = {{"name", resource.plural + "/" + name},
               {"singularName", ""},
               {"namespaced", resource.namespaced},
               {"kind", resource.kind.kind},
               {"verbs", Verbs(false)}};
  if (std::string_view(name) == "scale") {
    json["kind"] = "Scale";
    json["group"] = "autoscaling";
    json["version"] = "v1";
  } else if (std::string_view(name) == "eviction") {
    json["kind"] = "Eviction";
    json["group"] = "policy";
    json["version"] = "v1";
    json["verbs"] = Json::array({"create"});
  }
  return json;
}

Json ResourceList(const std::vector<Resource>& resources, const std::string& api_version) {
  Json list = Json::array();
  for (const Resource& resource : Of(resources, api_version)) {
    list.push_back(ApiResource(resource));
    if (resource.status) list.push_back(Subresource(resource, "status"));
    if (resource.scale) list.push_back(Subresource(resource, "scale"));
    if (resource.eviction) list.push_back(Subresource(resource, "eviction"));
  }
  return {{"kind", "APIResourceList"}, {"apiVersion", "v1"}, {"groupVersion", api_version}, {"resources", list}};
}

// Groups with their versions: the first is the preferred one.
Json Groups(const std::vector<Resource>& resources) {
  Json groups = Json::array();
  for (const std::string& version : ApiVersions(resources)) {
    const std::size_t slash = version.find('/');
    if (slash == std::string::npos) continue;
    const std::string name = version.substr(0, slash);
    const Json entry = {{"groupVersion", version}, {"version", version.substr(slash + 1)}};
    Json::array_t& known = cluster::Items(groups);
    const auto same = std::find_if(known.begin(), known.end(), [&](const Json& each) { return each["name"] == name; });
    if (same == known.end()) {
      groups.push_back({{"name", name}, {"versions", Json::array({entry})}, {"preferredVersion", entry}});
    } else {
      (*same)["versions"].push_back(entry);
    }
  }
  return groups;
}

Json Aggregated(const Resource& resource) {
  const auto response = [](const Resource& of) {
    return Json{{"group", of.group()}, {"version", of.version()}, {"kind", of.kind.kind}};
  };
  Json json = {{"resource", resource.plural},
               {"responseKind", response(resource)},
               {"scope", resource.namespaced ? "Namespaced" : "Cluster"},
               {"singularResource", resource.singular()},
               {"verbs", Verbs(true)}};
  if (!resource.short_names.empty()) json["shortNames"] = resource.short_names;
  if (resource.in_all) json["categories"] = Json::array({"all"});
  Json below = Json::array();
  if (resource.status) {
    below.push_back({{"subresource", "status"}, {"responseKind", response(resource)}, {"verbs", Verbs(false)}});
  }
  if (resource.scale) {
    below.push_back({{"subresource", "scale"},
                     {"responseKind", {{"group", "autoscaling"}, {"version", "v1"}, {"kind", "Scale"}}},
                     {"verbs", Verbs(false)}});
  }
  if (resource.eviction) {
    below.push_back({{"subresource", "eviction"},
                     {"responseKind", {{"group", "policy"}, {"version", "v1"}, {"kind", "Eviction"}}},
                     {"verbs", Json::array({"create"})}});
  }
  if (!below.empty()) json["subresources"] = std::move(below);
  return json;
}

// What of one API version kubectl reads before it applies or creates: that a PATCH takes `fieldValidation`.
Json OpenApiPaths(const std::vector<Resource>& resources, const std::string& api_version) {
  Json paths = Json::object();
  for (const Resource& resource : Of(resources, api_version)) {
    const Json kind = {{"group", resource.group()}, {"version", resource.version()}, {"kind", resource.kind.kind}};
    const Json parameters =
        Json::array({{{"name", "dryRun"}, {"in", "query"}, {"schema", {{"type", "string"}}}},
                     {{"name", "fieldManager"}, {"in", "query"}, {"schema", {{"type", "string"}}}},
                     {{"name", "fieldValidation"}, {"in", "query"}, {"schema", {{"type", "string"}}}},
                     {{"name", "force"}, {"in", "query"}, {"schema", {{"type", "boolean"}}}}});
    Json patch = {{"x-kubernetes-action", "patch"},
                  {"x-kubernetes-group-version-kind", kind},
                  {"parameters", parameters},
                  {"responses", {{"200", {{"description", "OK"}}}}}};
    const std::string where = resource.namespaced ? "/namespaces/{namespace}/" : "/";
    paths[PathOf(api_version) + where + resource.plural + "/{name}"] = {{"patch", std::move(patch)}};
  }
  return paths;
}

}  // namespace

std::optional<Json> DiscoveryDocument(const std::vector<Resource>& resources, const std::string& path) {
  if (path == "/api") {
    return Json{
        {"kind", "APIVersions"}, {"versions", Json::array({"v1"})}, {"serverAddressByClientCIDRs", Json::array()}};
  }
  const Json groups = Groups(resources);
  if (path == "/apis") return Json{{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", groups}};
  for (const Json& group : groups) {
    if (path != "/apis/" + group["name"].get<std::string>()) continue;
    Json document = group;
    document["kind"] = "APIGroup";
    document["apiVersion"] = "v1";
    return document;
  }
  for (const std::string& version : ApiVersions(resources)) {
    if (path == PathOf(version)) return ResourceList(resources, version);
  }
  return std::nullopt;
}

Json AggregatedDiscovery(const std::vector<Resource>& resources, bool core) {
  Json items = Json::array();
  for (const std::string& version : ApiVersions(resources)) {
    const std::size_t slash = version.find('/');
    if ((slash == std::string::npos) != core) continue;
    const std::string name = core ? "" : version.substr(0, slash);
    Json list = Json::array();
    for (const Resource& resource : Of(resources, version)) list.push_back(Aggregated(resource));
    Json entry = {{"version", core ? version : version.substr(slash + 1)},
                  {"resources", std::move(list)},
                  {"freshness", "Current"}};
    Json::array_t& known = cluster::Items(items);
    const auto same = std::find_if(known.begin(), known.end(),
                                   [&](const Json& each) { return each["metadata"].value("name", "") == name; });
    if (same != known.end()) {
      (*same)["versions"].push_back(std::move(entry));
      continue;
    }
    Json metadata = Json::object();
    if (!core) metadata["name"] = name;
    items.push_back({{"metadata", std::move(metadata)}, {"versions", Json::array({std::move(entry)})}});
  }
  return {{"kind", "APIGroupDiscoveryList"},
          {"apiVersion", "apidiscovery.k8s.io/v2"},
          {"metadata", Json::object()},
          {"items", std::move(items)}};
}

std::optional<Json> OpenApiDocument(const std::vector<Resource>& resources, const std::string& path) {
  static const std::string kRoot = "/openapi/v3";
  if (path == kRoot) {
    Json paths = Json::object();
    for (const std::string& version : ApiVersions(resources)) {
      const std::string at = PathOf(version);
      paths[at.substr(1)] = {{"serverRelativeURL", kRoot + at}};
    }
    return Json{{"paths", std::move(paths)}};
  }
  for (const std::string& version : ApiVersions(resources)) {
    if (path != kRoot + PathOf(version)) continue;
    return Json{{"openapi", "3.0.0"},
                {"info", {{"title", "Sluice's embedded cluster"}, {"version", "v1.35"}}},
                {"paths", OpenApiPaths(resources, version)},
                {"components", {{"schemas", Json::object()}}}};
  }
  return std::nullopt;
}

Json VersionDocument() {
  return {{"major", "1"},    {"minor", "35"},           {"gitVersion", "v1.35.0+sluice"},
          {"gitCommit", ""}, {"gitTreeState", "clean"}, {"buildDate", "1970-01-01T00:00:00Z"},
          {"goVersion", ""}, {"compiler", "g++"},       {"platform", "linux/amd64"}};
}

}  // namespace sluice::apiserver
