#include "reconciler/kubernetes/kubernetes_cluster.h"

#include <utility>

#include "reconciler/kubernetes/request.h"

namespace sluice::kubernetes {

using cluster::Json;
using cluster::Reply;
using cluster::Request;

// A list that is read page by page: complete or an error, never a part.
struct KubernetesCluster::Listing {
  cluster::ListObjects what;
  Resource resource;
  Reply reply;
  Json items = Json::array();
  bool begun_anew = false;
};

KubernetesCluster::KubernetesCluster(http::StreamingHttp& http, loop::Loop& loop, Access access, ClusterOptions options)
    : access_(std::move(access)),
      client_(http, loop, access_, std::move(options.client)),
      discovery_(client_),
      trouble_(std::move(options.trouble)) {}

KubernetesCluster::~KubernetesCluster() {
  *alive_ = false;
  for (const auto& [id, reflector] : watches_) reflector->Stop();
}

void KubernetesCluster::Send(Request request, Reply reply) {
  const cluster::Kind kind = KindOf(request);
  // Later: what is known already would be answered from within the call.
  client_.loop().Post([this, alive = alive_, kind, request = std::move(request), reply = std::move(reply)]() mutable {
    if (!*alive) return;
    discovery_.Find(kind, [this, kind, request = std::move(request),
                           reply = std::move(reply)](const Result<std::optional<Resource>>& resource) mutable {
      if (!resource) return reply(resource.error());
      if (*resource) return SendTo(**resource, std::move(request), std::move(reply));
      const bool writes =
          std::holds_alternative<cluster::Create>(request) || std::holds_alternative<cluster::Apply>(request) ||
          std::holds_alternative<cluster::Replace>(request) || std::holds_alternative<cluster::ReplaceStatus>(request);
      reply(
          Error{writes ? ErrorCode::kUnavailable : ErrorCode::kNotFound,
                "the cluster has no kind " + kind.kind + " of " + kind.api_version + ": is its definition installed?"});
    });
  });
}

void KubernetesCluster::SendTo(const Resource& resource, Request request, Reply reply) {
  if (const auto* what = std::get_if<cluster::ListObjects>(&request)) {
    auto listing = std::make_shared<Listing>();
    listing->what = *what;
    listing->resource = resource;
    listing->reply = std::move(reply);
    return ListFrom(listing, "");
  }
  const bool deletes = std::holds_alternative<cluster::Delete>(request);
  const bool creates =
      std::holds_alternative<cluster::Create>(request) || std::holds_alternative<cluster::Apply>(request);
  client_.Send(Build(request, resource), [this, alive = alive_, reply = std::move(reply), deletes, creates,
                                          version = KindOf(request).api_version](Answer answer) {
    if (!answer.result) {
      // Of what is to be made, only the kind or the namespace can be missing.
      if (*alive && answer.no_resource && creates) discovery_.Forget(version);
      return reply(std::move(answer.result).error());
    }
    reply(cluster::Share(deletes ? Json() : std::move(answer.result).value()));
  });
}

void KubernetesCluster::ListFrom(const std::shared_ptr<Listing>& listing, const std::string& continue_) {
  client_.Send(Build(listing->what, listing->resource, continue_), [this, alive = alive_, listing](Answer answer) {
    if (!*alive) return;
    if (!answer.result) {
      const bool expired = answer.result.error().code == ErrorCode::kGone;
      // Pages of two states are no list: from the beginning, once.
      if (!expired || std::exchange(listing->begun_anew, true)) return listing->reply(answer.result.error());
      listing->items = Json::array();
      return ListFrom(listing, "");
    }
    Json page = std::move(answer.result).value();
    if (!page.is_object() || !page.contains("items") || !page["items"].is_array()) {
      return listing->reply(Error{ErrorCode::kUnavailable, "the answer is no list"});
    }
    for (Json& item : cluster::Items(page["items"])) {
      item["apiVersion"] = listing->what.kind.api_version;
      item["kind"] = listing->what.kind.kind;
      listing->items.push_back(std::move(item));
    }
    const std::string next = cluster::Text(page, {"metadata", "continue"});
    if (!next.empty()) return ListFrom(listing, next);
    listing->reply(cluster::Share({{"items", std::move(listing->items)},
                                   {"resourceVersion", cluster::Text(page, {"metadata", "resourceVersion"})}}));
  });
}

cluster::WatchId KubernetesCluster::Watch(cluster::ListObjects what, cluster::EventHandler handler) {
  const auto id = static_cast<cluster::WatchId>(next_++);
  const auto trouble = [this, id](const cluster::Kind& kind, const std::string& message) {
    if (message.empty()) {
      troubles_.erase(id);
    } else {
      troubles_[id] = {kind, message};
    }
    if (trouble_) trouble_(kind, message);
  };
  auto reflector = std::make_shared<Reflector>(client_, discovery_, std::move(what), std::move(handler), trouble);
  watches_[id] = reflector;
  // Never from within the call.
  client_.loop().Post([reflector] { reflector->Start(); });
  return id;
}

void KubernetesCluster::Cancel(cluster::WatchId watch) {
  const auto found = watches_.find(watch);
  if (found == watches_.end()) return;
  found->second->Stop();
  watches_.erase(found);
  troubles_.erase(watch);
}

std::map<cluster::Kind, std::string> KubernetesCluster::Unwatched() const {
  std::map<cluster::Kind, std::string> unwatched;
  for (const auto& [watch, trouble] : troubles_) unwatched.insert(trouble);
  return unwatched;
}

}  // namespace sluice::kubernetes
