#include "reconciler/embedded/gateway.h"

#include <algorithm>

#include <fmt/format.h>

#include "reconciler/embedded/kinds.h"

namespace sluice::embedded {
namespace {

constexpr const char* kControllerName = "sluice.dev/embedded-gateway";

bool HasPort(const Json& service, const Json& backend) {
  const Json* wanted = Find(backend, {"port"});
  if (wanted == nullptr) return false;  // HTTPRoute v1: required where the backend is a Service
  const Json& ports = List(service, {"spec", "ports"});
  return std::any_of(ports.begin(), ports.end(),
                     [&](const Json& port) { return port.value("port", Json()) == *wanted; });
}

template <typename Visit>
void ForEachBackend(const Json& route, Visit visit) {
  for (const Json& rule : List(route, {"spec", "rules"})) {
    for (const Json& backend : List(rule, {"backendRefs"})) visit(backend);
    for (const Json& filter : List(rule, {"filters"})) {
      const Json* mirrored = Find(filter, {"requestMirror", "backendRef"});
      if (mirrored != nullptr) visit(*mirrored);
    }
  }
}

const Json* ParentStatus(const Json& route, const Json& parent) {
  for (const Json& status : List(route, {"status", "parents"})) {
    const Json* reference = Find(status, {"parentRef"});
    if (reference != nullptr && *reference == parent) return &status;
  }
  return nullptr;
}

}  // namespace

ObjectKey BackendKey(const Json& backend, const std::string& namespace_) {
  return {kService, Text(backend, {"namespace"}, namespace_), Text(backend, {"name"})};
}

std::set<ObjectKey> BackendsOf(const Json& route) {
  std::set<ObjectKey> services;
  std::string namespace_ = cluster::KeyOf(route).namespace_;
  ForEachBackend(route, [&](const Json& backend) { services.insert(BackendKey(backend, namespace_)); });
  return services;
}

Gateway::Gateway(loop::Loop& loop, Store& store, Watches& watches, const Lag& lag, std::uint64_t seed)
    : loop_(loop),
      store_(store),
      view_(watches, {kHttpRoute, kService}, View::FindBy::kKey,
            [this](const ObjectKey& key, const Object& before, const Object& now) { OnChange(key, before, now); }),
      queue_(loop, lag, seed, "gateway", [this](const ObjectKey& key) { Reconcile(key); }) {}

void Gateway::OnChange(const ObjectKey& key, const Object& before, const Object& now) {
  if (key.kind == kHttpRoute) {
    if (before != nullptr) {
      for (const ObjectKey& service : BackendsOf(*before)) routes_of_[service].erase(key);
    }
    if (now == nullptr) return;
    for (const ObjectKey& service : BackendsOf(*now)) routes_of_[service].insert(key);
    queue_.Add(key);
    return;
  }
  auto routes = routes_of_.find(key);
  if (routes == routes_of_.end()) return;
  for (const ObjectKey& route : routes->second) queue_.Add(route);
}

std::pair<std::string, std::string> Gateway::Resolve(const Json& route) const {
  std::string namespace_ = cluster::KeyOf(route).namespace_;
  std::pair<std::string, std::string> answer{"ResolvedRefs", ""};
  ForEachBackend(route, [&](const Json& backend) {
    if (!answer.second.empty()) return;
    ObjectKey key = BackendKey(backend, namespace_);
    if (Text(backend, {"kind"}, "Service") != "Service") {
      answer = {"InvalidKind", fmt::format("backend {} is no Service", key.name)};
      return;
    }
    if (key.namespace_ != namespace_) {
      answer = {"RefNotPermitted", fmt::format("no ReferenceGrant for Service {}/{}", key.namespace_, key.name)};
      return;
    }
    Object service = view_.Find(key);
    if (service == nullptr) {
      answer = {"BackendNotFound", fmt::format("Service {}/{} not found", key.namespace_, key.name)};
    } else if (!HasPort(*service, backend)) {
      answer = {"BackendNotFound", fmt::format("Service {}/{} has no such port", key.namespace_, key.name)};
    }
  });
  return answer;
}

void Gateway::Reconcile(const ObjectKey& key) {
  Object route = view_.Find(key);
  if (route == nullptr || route.terminating()) return;
  std::int64_t generation = Integer(*route, {"metadata", "generation"});
  auto [reason, message] = Resolve(*route);
  Json parents = Json::array();
  for (const Json& parent : List(*route, {"spec", "parentRefs"})) {
    const Json* before = ParentStatus(*route, parent);
    Json conditions = before == nullptr ? Json::array() : List(*before, {"conditions"});
    SetCondition(conditions,
                 {{"type", "Accepted"},
                  {"status", "True"},
                  {"reason", "Accepted"},
                  {"message", ""},
                  {"observedGeneration", generation}},
                 loop_.Now());
    SetCondition(conditions,
                 {{"type", "ResolvedRefs"},
                  {"status", message.empty() ? "True" : "False"},
                  {"reason", reason},
                  {"message", message},
                  {"observedGeneration", generation}},
                 loop_.Now());
    parents.push_back(
        {{"parentRef", parent}, {"controllerName", kControllerName}, {"conditions", std::move(conditions)}});
  }
  Json status = route->value("status", Json::object());
  status["parents"] = std::move(parents);
  auto written = store_.SetStatus(*route, std::move(status));
  if (written.ok()) view_.Assume(*written);
}

}  // namespace sluice::embedded
