#include "reconciler/apiserver/call.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "reconciler/apiserver/yaml.h"

namespace sluice::apiserver {
namespace {

using cluster::Text;

constexpr std::size_t kMaxManager = 128;

Refusal BadRequest(const std::string& message) { return {FailureStatus(400, "BadRequest", message)}; }

Refusal NoResource() { return {FailureStatus(404, "NotFound", "the server could not find the requested resource")}; }

std::vector<std::string> Segments(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const std::size_t begin = std::min(path.find_first_not_of('/'), path.size());
    path.remove_prefix(begin);
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) segments.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

bool HasSubresource(const Resource& resource, const std::string& name) {
  return name.empty() || (name == "status" && resource.status) || (name == "scale" && resource.scale) ||
         (name == "eviction" && resource.eviction);
}

bool IsYaml(const std::string& type) { return type == "application/yaml" || type == "application/apply-patch+yaml"; }

// JSON at once where it is JSON: that is what clients send as YAML, too.
OrRefusal<Json> Parse(const Call& call) {
  Json object = cluster::ParseJson(call.request.body);
  if (!object.is_discarded()) return object;
  if (!IsYaml(call.content_type())) return BadRequest("the body of the request is no JSON, or nests too deep");
  Result<Json> read = ReadYaml(call.request.body);
  if (!read) return BadRequest(read.error().message);
  return *std::move(read);
}

// What the body must say, or may leave to the path.
std::string Complete(Json& object, const Call& call) {
  const Kind& kind = call.resource.kind;
  const std::string given_kind = Text(object, {"kind"});
  const std::string given_version = Text(object, {"apiVersion"});
  if (given_kind.empty()) return "Object 'Kind' is missing in the body";
  if (given_version != kind.api_version || given_kind != kind.kind) {
    return fmt::format(
        "the API version in the data ({}, Kind={}) does not match the expected API version ({}, Kind={})",
        given_version, given_kind, kind.api_version, kind.kind);
  }
  Json& metadata = object["metadata"];
  if (metadata.is_null()) metadata = Json::object();
  if (!metadata.is_object()) return "metadata: must be an object";
  const std::string namespace_ = Text(metadata, {"namespace"});
  if (!namespace_.empty() && namespace_ != call.namespace_) {
    return "the namespace of the provided object does not match the namespace sent on the request";
  }
  if (!call.namespace_.empty()) {
    metadata["namespace"] = call.namespace_;
  } else {
    metadata.erase("namespace");
  }
  const std::string name = Text(metadata, {"name"});
  if (call.name.empty()) return "";
  if (name.empty()) metadata["name"] = call.name;
  if (name.empty() || name == call.name) return "";
  return fmt::format("the name of the object ({}) does not match the name on the URL ({})", name, call.name);
}

}  // namespace

std::string Call::Query(const std::string& parameter) const {
  const auto found = request.query.find(parameter);
  return found == request.query.end() ? "" : found->second;
}

bool Call::Asks(const std::string& parameter) const {
  const std::string value = Query(parameter);
  return value == "true" || value == "1";
}

std::string Call::manager() const {
  std::string given = Query("fieldManager");
  if (!given.empty()) return given;
  const auto agent = request.headers.find("user-agent");
  const std::string program = agent == request.headers.end() ? "" : agent->second.substr(0, agent->second.find('/'));
  return program.empty() ? "unknown" : program.substr(0, kMaxManager);
}

std::string Call::content_type() const {
  const auto found = request.headers.find("content-type");
  if (found == request.headers.end()) return "";
  std::string type = found->second.substr(0, found->second.find(';'));
  while (type.ends_with(' ')) type.pop_back();
  return type;
}

OrRefusal<Call> Understand(const serve::Request& request, const embedded::Store& store) {
  const std::vector<std::string> segments = Segments(request.path);
  const std::size_t version_length = !segments.empty() && segments[0] == "apis" ? 2 : 1;
  if (segments.size() < 2 + version_length) return NoResource();
  std::size_t at = 1 + version_length;
  const std::string version = version_length == 1 ? segments[1] : segments[1] + "/" + segments[2];
  Call call;
  call.request = request;
  if (segments[at] == "namespaces" && segments.size() >= at + 3) {
    // "namespaces/shop/status" is the subresource of a Namespace.
    const bool subresource = version == "v1" && segments.size() == at + 3 && segments[at + 2] == "status";
    if (!subresource) {
      call.namespace_ = segments[at + 1];
      at += 2;
    }
  }
  std::optional<Resource> resource = FindResource(store, version, segments[at++]);
  if (!resource) return NoResource();
  call.resource = *std::move(resource);
  if (at < segments.size()) call.name = segments[at++];
  if (at < segments.size()) call.subresource = segments[at++];
  if (at != segments.size() || !HasSubresource(call.resource, call.subresource)) return NoResource();
  if (!call.resource.namespaced && !call.namespace_.empty()) return NoResource();
  if (call.resource.namespaced && call.namespace_.empty() && !call.name.empty()) return NoResource();
  const auto accept = request.headers.find("accept");
  const auto view = Negotiate(accept == request.headers.end() ? "" : accept->second, call.Query("includeObject"));
  if (!view) {
    return Refusal{FailureStatus(406, "NotAcceptable",
                                 "only the following media types are accepted: application/json, "
                                 "application/json;as=Table;v=v1;g=meta.k8s.io, "
                                 "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")};
  }
  call.view = *view;
  if (call.dry_run() && call.Query("dryRun") != "All") {
    return BadRequest(
        fmt::format("dryRun: Unsupported value: \"{}\": supported values: \"All\"", call.Query("dryRun")));
  }
  if (call.Query("fieldManager").size() > kMaxManager) return BadRequest("fieldManager: at most 128 characters");
  return call;
}

OrRefusal<Json> ReadBody(const Call& call) {
  OrRefusal<Json> parsed = Parse(call);
  auto* object = std::get_if<Json>(&parsed);
  if (object == nullptr) return parsed;
  if (!object->is_object()) return BadRequest("the body of the request is no object");
  const std::string wrong = Complete(*object, call);
  if (!wrong.empty()) return BadRequest(wrong);
  return parsed;
}

OrRefusal<Selection> ReadSelection(const Call& call) {
  Result<LabelSelector> labels = LabelSelector::Parse(call.Query("labelSelector"));
  if (!labels) return BadRequest(labels.error().message);
  std::string field_selector = call.Query("fieldSelector");
  if (!call.name.empty()) {
    field_selector = "metadata.name=" + call.name + (field_selector.empty() ? "" : "," + field_selector);
  }
  Result<FieldSelector> fields = FieldSelector::Parse(call.resource.kind, field_selector);
  if (!fields) return BadRequest(fields.error().message);
  return Selection{*std::move(labels), *std::move(fields)};
}

OrRefusal<std::optional<std::uint64_t>> ReadVersion(const Call& call) {
  const std::string text = call.Query("resourceVersion");
  if (text.empty()) return std::optional<std::uint64_t>();
  std::uint64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size()) {
    return BadRequest(fmt::format("resourceVersion: Invalid value: \"{}\": must be a number", text));
  }
  return std::optional(version);
}

}  // namespace sluice::apiserver
