#include "reconciler/cluster/http_cluster.h"

#include <utility>

#include <fmt/format.h>

#include "reconciler/cluster/resources.h"

namespace sluice::cluster {
namespace {

using http::HttpRequest;
using http::HttpResponse;

constexpr Duration kPollInterval{1'000};

// Only what needs it: label selectors have "=", "," and "/".
std::string Encode(std::string_view text) {
  constexpr const char* kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

Result<HttpRequest> Address(const std::string& url, const std::string& method, const ObjectKey& key, bool named) {
  const Resource* resource = FindResource(key.kind);
  if (resource == nullptr) {
    return Error{ErrorCode::kInvalid, key.kind.api_version + " " + key.kind.kind + " has no known path"};
  }
  HttpRequest request;
  request.method = method;
  request.url = url + ResourcePath(*resource, key.namespace_, named ? key.name : "");
  return request;
}

struct Build {
  const std::string& url;

  Result<HttpRequest> operator()(const Get& get) const { return Address(url, "GET", get.key, true); }

  Result<HttpRequest> operator()(const ListObjects& list) const {
    Result<HttpRequest> request = Address(url, "GET", ObjectKey{list.kind, list.namespace_, ""}, false);
    if (request && !list.labels.empty()) {
      std::string selector;
      for (const auto& [label, value] : list.labels) {
        selector += fmt::format("{}{}={}", selector.empty() ? "" : ",", label, value);
      }
      request->url += "?labelSelector=" + Encode(selector);
    }
    return request;
  }

  Result<HttpRequest> operator()(const Create& create) const {
    return WithBody(Address(url, "POST", KeyOf(create.object), false), "?fieldManager=" + Encode(create.manager),
                    "application/json", create.object);
  }

  Result<HttpRequest> operator()(const Apply& apply) const {
    return WithBody(Address(url, "PATCH", KeyOf(apply.object), true),
                    "?fieldManager=" + Encode(apply.manager) + (apply.force ? "&force=true" : ""),
                    "application/apply-patch+yaml", apply.object);
  }

  Result<HttpRequest> operator()(const ReplaceStatus& replace) const {
    return WithBody(Address(url, "PUT", KeyOf(replace.object), true), "/status", "application/json", replace.object);
  }

  Result<HttpRequest> operator()(const Delete& remove) const {
    Json preconditions = {{"uid", remove.uid}};
    if (!remove.resource_version.empty()) {
      preconditions["resourceVersion"] = remove.resource_version;
    }
    return WithBody(Address(url, "DELETE", remove.key, true), "", "application/json",
                    {{"kind", "DeleteOptions"},
                     {"apiVersion", "v1"},
                     {"preconditions", std::move(preconditions)},
                     {"propagationPolicy", "Background"}});
  }

  static Result<HttpRequest> WithBody(Result<HttpRequest> request, const std::string& suffix, const char* type,
                                      const Json& body) {
    if (request) {
      request->url += suffix;
      request->headers.emplace_back("Content-Type", type);
      request->body = body.dump();
    }
    return request;
  }
};

// The table of HTTP codes (Kubernetes API conventions, "HTTP Status codes"). 409 is two things: `reason` tells.
ErrorCode CodeOf(int status, const std::string& reason, bool write) {
  switch (status) {
    case 401:
      return ErrorCode::kUnauthorized;
    case 403:
      return ErrorCode::kForbidden;
    case 404:
      return ErrorCode::kNotFound;
    case 409:
      return reason == "AlreadyExists" ? ErrorCode::kExists : ErrorCode::kConflict;
    case 410:
      return ErrorCode::kGone;
    case 413:
      return ErrorCode::kTooLarge;
    case 429:
      return ErrorCode::kUnavailable;
    default:
      break;
  }
  if (status >= 500) {
    return write ? ErrorCode::kAmbiguous : ErrorCode::kUnavailable;
  }
  return ErrorCode::kInvalid;
}

Result<Json> Understand(const Result<HttpResponse>& response, bool write) {
  if (!response) {
    return response.error();
  }
  Json body = ParseJson(response->body);
  if (response->status >= 200 && response->status < 300) {
    return body.is_discarded() ? Result<Json>(Error{ErrorCode::kUnavailable, "the answer is no JSON"})
                               : std::move(body);
  }
  // No Status object where a proxy answers with HTML.
  const std::string message = Text(body, {"message"});
  return Error{CodeOf(response->status, Text(body, {"reason"}), write),
               message.empty() ? "the server answered " + std::to_string(response->status) : message};
}

}  // namespace

HttpCluster::HttpCluster(http::Http& http, loop::Loop& loop, std::string url)
    : http_(http), loop_(loop), url_(std::move(url)) {}

HttpCluster::~HttpCluster() { *alive_ = false; }

void HttpCluster::Send(Request request, Reply reply) {
  Result<HttpRequest> built = std::visit(Build{url_}, request);
  if (!built) {
    loop_.Post([reply = std::move(reply), error = built.error()] { reply(error); });
    return;
  }
  const bool write = built->method != "GET";
  const bool deletes = std::holds_alternative<Delete>(request);
  http_.Send(*std::move(built), [reply = std::move(reply), write, deletes](const Result<HttpResponse>& response) {
    Result<Json> understood = Understand(response, write);
    if (!understood) return reply(std::move(understood).error());
    reply(Share(deletes ? Json() : *std::move(understood)));
  });
}

WatchId HttpCluster::Watch(ListObjects what, EventHandler handler) {
  const auto id = static_cast<WatchId>(next_++);
  watches_[id] = std::make_shared<Watched>(Watched{std::move(what), std::move(handler), {}, false});
  Poll(id);
  return id;
}

void HttpCluster::Cancel(WatchId watch) { watches_.erase(watch); }

void HttpCluster::Poll(WatchId id) {
  const auto found = watches_.find(id);
  if (found == watches_.end()) {
    return;
  }
  Send(found->second->what, [this, id, alive = alive_](const Result<SharedJson>& list) {
    if (!*alive) {
      return;
    }
    const auto watched = watches_.find(id);
    if (watched == watches_.end()) {
      return;
    }
    if (list) {
      const std::shared_ptr<Watched> keep = watched->second;  // the handler may cancel the watch
      Compare(*keep, **list);
    }
    loop_.After(kPollInterval, [this, id, alive] {
      if (*alive) {
        Poll(id);
      }
    });
  });
}

void HttpCluster::Compare(Watched& watched, const Json& list) {
  std::map<ObjectKey, SharedJson> now;
  const auto items = list.is_object() ? list.find("items") : list.end();
  if (items == list.end() || !items->is_array()) {
    return;
  }
  for (const Json& object : *items) {
    now.emplace(KeyOf(object), Share(object));
  }
  for (const auto& [key, object] : watched.objects) {
    if (now.count(key) == 0) {
      watched.handler({EventType::kDeleted, object});
    }
  }
  for (const auto& [key, object] : now) {
    const auto before = watched.objects.find(key);
    if (before == watched.objects.end()) {
      watched.handler({EventType::kAdded, object});
    } else if (*before->second != *object) {
      watched.handler({EventType::kModified, object});
    }
  }
  watched.objects = std::move(now);
  if (!std::exchange(watched.synced, true)) {
    watched.handler({EventType::kSynced, nullptr});
  }
}

}  // namespace sluice::cluster
