#include "reconciler/serve/object_api.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "reconciler/cluster/resources.h"

namespace sluice::serve {
namespace {

using cluster::Json;
using cluster::ResourceAddress;

struct StatusCode {
  int code;
  const char* reason;
};

// Kubernetes API conventions, "Response Status Kind".
StatusCode StatusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return {422, "Invalid"};
    case ErrorCode::kNotFound:
      return {404, "NotFound"};
    case ErrorCode::kExists:
      return {409, "AlreadyExists"};
    case ErrorCode::kConflict:
      return {409, "Conflict"};
    case ErrorCode::kGone:
      return {410, "Expired"};
    case ErrorCode::kForbidden:
      return {403, "Forbidden"};
    case ErrorCode::kUnauthorized:
      return {401, "Unauthorized"};
    case ErrorCode::kTooLarge:
      return {413, "RequestEntityTooLarge"};
    case ErrorCode::kUnavailable:
    case ErrorCode::kAmbiguous:
    case ErrorCode::kCancelled:
      return {503, "ServiceUnavailable"};
  }
  return {500, "InternalError"};
}

Response Failure(const Error& error) {
  const StatusCode status = StatusOf(error.code);
  const Json body = {{"apiVersion", "v1"},      {"kind", "Status"},         {"status", "Failure"},
                     {"reason", status.reason}, {"message", error.message}, {"code", status.code}};
  return {status.code, "application/json", body.dump()};
}

std::map<std::string, std::string> ParseSelector(const std::string& text) {
  std::map<std::string, std::string> labels;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string one = text.substr(at, end - at);
    const std::size_t equals = one.find('=');
    if (equals != std::string::npos) {
      labels[one.substr(0, equals)] = one.substr(one.find_first_not_of('=', equals));
    }
    at = end + 1;
  }
  return labels;
}

std::string Query(const Request& request, const std::string& name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? "" : found->second;
}

// The object of a request, named as the path names it; nullopt if they contradict each other.
std::optional<Json> ReadObject(const Request& request, const ResourceAddress& address) {
  Json object = cluster::ParseJson(request.body);
  if (!object.is_object()) {
    return std::nullopt;
  }
  const cluster::ObjectKey key = cluster::KeyOf(object);
  const bool same_name = address.name.empty() || key.name == address.name;
  if (key.kind != address.resource->kind || key.namespace_ != address.namespace_ || !same_name) {
    return std::nullopt;
  }
  return object;
}

Result<cluster::Request> ParseDelete(const Request& request, const cluster::ObjectKey& key) {
  const Json options = cluster::ParseJson(request.body);
  const std::string uid = cluster::Text(options, {"preconditions", "uid"});
  // One that can't be read is no reason to delete without it.
  const Json* version = cluster::Find(options, {"preconditions", "resourceVersion"});
  if (version != nullptr && !version->is_string()) {
    return Error{ErrorCode::kInvalid, "preconditions.resourceVersion: must be a string"};
  }
  if (uid.empty()) {
    return Error{ErrorCode::kInvalid, "a delete needs preconditions.uid"};
  }
  return cluster::Request(cluster::Delete{key, uid, cluster::Text(options, {"preconditions", "resourceVersion"})});
}

Result<cluster::Request> ParseWrite(const Request& request, const ResourceAddress& address) {
  std::optional<Json> object = ReadObject(request, address);
  if (!object) {
    return Error{ErrorCode::kInvalid, "the body is no object of that kind, namespace and name"};
  }
  const std::string manager = Query(request, "fieldManager");
  if (request.method == "POST" && address.name.empty()) {
    return cluster::Request(cluster::Create{*std::move(object), manager.empty() ? "unknown" : manager});
  }
  if (request.method == "PATCH" && !address.name.empty() && !manager.empty()) {
    return cluster::Request(cluster::Apply{*std::move(object), manager, Query(request, "force") == "true"});
  }
  if (request.method == "PUT" && address.subresource == "status") {
    return cluster::Request(cluster::ReplaceStatus{*std::move(object)});
  }
  return Error{ErrorCode::kInvalid, "no such request on that path; a PATCH needs fieldManager"};
}

Result<cluster::Request> Parse(const Request& request) {
  const std::optional<ResourceAddress> address = cluster::ParseResourcePath(request.path);
  if (!address) {
    return Error{ErrorCode::kNotFound, "the server could not find the requested resource"};
  }
  const cluster::ObjectKey key{address->resource->kind, address->namespace_, address->name};
  if (request.method == "GET" && address->name.empty()) {
    return cluster::Request(
        cluster::ListObjects{key.kind, key.namespace_, ParseSelector(Query(request, "labelSelector"))});
  }
  if (request.method == "GET") {
    return cluster::Request(cluster::Get{key});
  }
  return request.method == "DELETE" ? ParseDelete(request, key) : ParseWrite(request, *address);
}

}  // namespace

Handler ObjectApi(cluster::Cluster& cluster) {
  return [&cluster](const Request& request, const Answer& answer) {
    Result<cluster::Request> parsed = Parse(request);
    if (!parsed) {
      answer(Failure(parsed.error()));
      return;
    }
    const bool creates = request.method == "POST";
    cluster.Send(*std::move(parsed), [answer, creates](const Result<cluster::SharedJson>& result) {
      answer(result ? Response{creates ? 201 : 200, "application/json", (*result)->dump()} : Failure(result.error()));
    });
  };
}

}  // namespace sluice::serve
