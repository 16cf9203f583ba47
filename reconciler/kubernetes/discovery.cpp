#include "reconciler/kubernetes/discovery.h"

#include <utility>

#include "compiler/graph/names.h"

namespace sluice::kubernetes {
namespace {

using cluster::Json;
using cluster::Text;

constexpr Duration kAskAgain{5'000};

std::string CollectionOf(const std::string& api_version) {
  return (graph::GroupOf(api_version).empty() ? "/api/" : "/apis/") + api_version;
}

}  // namespace

std::string Resource::Path(const std::string& namespace_, const std::string& name) const {
  std::string path = collection;
  if (namespaced && !namespace_.empty()) path += "/namespaces/" + namespace_;
  path += "/" + plural;
  return name.empty() ? path : path + "/" + name;
}

void Discovery::Find(const cluster::Kind& kind, Found found) {
  Version& version = versions_[kind.api_version];
  if (version.known) {
    const auto resource = version.kinds.find(kind.kind);
    if (resource != version.kinds.end()) return found(std::optional(resource->second));
    // A kind that is defined by an object may have come meanwhile.
    if (client_.loop().Now() - version.asked_at < kAskAgain) return found(std::optional<Resource>());
  }
  version.waiting.emplace_back(kind, std::move(found));
  if (version.waiting.size() > 1) return;
  Ask(kind.api_version);
}

void Discovery::Ask(const std::string& api_version) {
  client_.Send({"GET", CollectionOf(api_version), "", ""}, [this, alive = alive_, api_version](const Answer& answer) {
    if (*alive) Learn(api_version, answer);
  });
}

void Discovery::Forget(const std::string& api_version) {
  const auto found = versions_.find(api_version);
  if (found == versions_.end() || client_.loop().Now() - found->second.asked_at < kAskAgain) return;
  found->second.known = false;
}

void Discovery::Learn(const std::string& api_version, const Answer& answer) {
  if (!answer.result) {
    if (answer.no_resource && !graph::GroupOf(api_version).empty()) return Confirm(api_version);
    return Settle(api_version, answer.result.error());
  }
  Version& version = versions_[api_version];
  version.kinds.clear();
  for (const Json& resource : cluster::List(*answer.result, {"resources"})) {
    const std::string plural = Text(resource, {"name"});
    if (plural.find('/') != std::string::npos) continue;  // a subresource
    version.kinds[Text(resource, {"kind"})] = {CollectionOf(api_version), plural,
                                               cluster::Flag(resource, {"namespaced"})};
  }
  Settle(api_version, std::nullopt);
}

void Discovery::Confirm(const std::string& api_version) {
  client_.Send({"GET", "/apis", "", ""}, [this, alive = alive_, api_version](const Answer& answer) {
    if (!*alive) return;
    if (!answer.result) return Settle(api_version, answer.result.error());
    for (const Json& group : cluster::List(*answer.result, {"groups"})) {
      for (const Json& version : cluster::List(group, {"versions"})) {
        if (!cluster::Says(version, {"groupVersion"}, api_version)) continue;
        return Settle(api_version, Error{ErrorCode::kUnavailable, "the server has the group and doesn't serve it"});
      }
    }
    const bool is_list = cluster::Says(*answer.result, {"kind"}, "APIGroupList");
    if (!is_list) return Settle(api_version, Error{ErrorCode::kUnavailable, "the server doesn't tell its groups"});
    versions_[api_version].kinds.clear();
    Settle(api_version, std::nullopt);
  });
}

void Discovery::Settle(const std::string& api_version, const std::optional<Error>& error) {
  const auto alive = alive_;
  Version& version = versions_[api_version];
  const auto waiting = std::exchange(version.waiting, {});
  if (!error) {
    version.known = true;
    version.asked_at = client_.loop().Now();
  }
  for (const auto& [kind, found] : waiting) {
    if (error) {
      found(Error(*error).Within("the kinds of " + api_version));
    } else {
      const auto resource = versions_[api_version].kinds.find(kind.kind);
      const bool there = resource != versions_[api_version].kinds.end();
      found(there ? std::optional(resource->second) : std::optional<Resource>());
    }
    if (!*alive) return;
  }
}

}  // namespace sluice::kubernetes
