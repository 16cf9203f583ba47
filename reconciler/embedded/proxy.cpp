#include "reconciler/embedded/proxy.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "reconciler/embedded/gateway.h"
#include "reconciler/embedded/kinds.h"
#include "reconciler/embedded/options.h"

namespace sluice::embedded {
namespace {

constexpr const char* kServiceNameLabel = "kubernetes.io/service-name";
constexpr const char* kRevisionLabel = "sluice.dev/revision";
constexpr const char* kServiceLabel = "sluice.dev/service";

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

bool ValueFits(const Json& match, const std::string* value) {
  if (value == nullptr) return false;
  std::string wanted = Text(match, {"value"});
  if (Text(match, {"type"}, "Exact") != "RegularExpression") return *value == wanted;
  auto pattern = Pattern::Parse(wanted);
  return pattern.ok() && pattern->Matches(*value);
}

const std::string* ValueOf(const std::map<std::string, std::string>& values, const std::string& name) {
  auto found = values.find(name);
  return found == values.end() ? nullptr : &found->second;
}

// (exact, length of a prefix), or nothing.
std::optional<std::pair<std::int64_t, std::int64_t>> PathRank(const Json& match, const std::string& path) {
  const Json* wanted = Find(match, {"path"});
  if (wanted == nullptr) return std::pair<std::int64_t, std::int64_t>{0, 1};
  std::string value = Text(*wanted, {"value"}, "/");
  std::string type = Text(*wanted, {"type"}, "PathPrefix");
  auto length = static_cast<std::int64_t>(value.size());
  if (type == "Exact") {
    if (path != value) return std::nullopt;
    return std::pair<std::int64_t, std::int64_t>{1, length};
  }
  if (type == "RegularExpression") {
    auto pattern = Pattern::Parse(value);
    if (!pattern.ok() || !pattern->Matches(path)) return std::nullopt;
    return std::pair<std::int64_t, std::int64_t>{0, length};
  }
  while (value.size() > 1 && value.back() == '/') value.pop_back();
  // A prefix is of whole path elements.
  bool fits = value == "/" || path == value || path.starts_with(value + "/");
  if (!fits) return std::nullopt;
  return std::pair<std::int64_t, std::int64_t>{0, length};
}

// Of a route's rules that take the request the most specific, the first among equals; its rank goes to `best`, above
// which it must be.
const Json* BestRule(const Json& route, const RequestShape& request, std::optional<std::vector<std::int64_t>>& best) {
  static const Json kAny = Json::object();
  const Json& hosts = List(route, {"spec", "hostnames"});
  std::int64_t host_length = hosts.empty() ? 0 : -1;
  for (const Json& host : hosts) {
    if (host.is_string() && HostFits(host.get<std::string>(), request.host)) {
      host_length = std::max(host_length, static_cast<std::int64_t>(host.get<std::string>().size()));
    }
  }
  if (host_length < 0) return nullptr;
  const Json* found = nullptr;
  for (const Json& rule : List(route, {"spec", "rules"})) {
    auto consider = [&](const Json& match) {
      auto rank = MatchRank(match, request);
      if (!rank) return;
      rank->insert(rank->begin(), host_length);
      if (best && *rank <= *best) return;
      best = std::move(rank);
      found = &rule;
    };
    const Json& matches = List(rule, {"matches"});
    if (matches.empty()) consider(kAny);
    for (const Json& match : matches) consider(match);
  }
  return found;
}

}  // namespace

bool HostFits(const std::string& pattern, const std::string& host) {
  if (pattern.starts_with("*.")) return host.size() >= pattern.size() && host.ends_with(pattern.substr(1));
  return pattern == host;
}

std::optional<std::vector<std::int64_t>> MatchRank(const Json& match, const RequestShape& request) {
  auto path = PathRank(match, request.path);
  if (!path) return std::nullopt;
  std::string method = Text(match, {"method"});
  if (!method.empty() && method != request.method) return std::nullopt;
  for (const Json& header : List(match, {"headers"})) {
    if (!ValueFits(header, ValueOf(request.headers, Lower(Text(header, {"name"}))))) return std::nullopt;
  }
  for (const Json& parameter : List(match, {"queryParams"})) {
    if (!ValueFits(parameter, ValueOf(request.query, Text(parameter, {"name"})))) return std::nullopt;
  }
  return std::vector<std::int64_t>{path->first, path->second, method.empty() ? 0 : 1,
                                   static_cast<std::int64_t>(List(match, {"headers"}).size()),
                                   static_cast<std::int64_t>(List(match, {"queryParams"}).size())};
}

Proxy::Proxy(loop::Loop& loop, Watches& watches, Duration half)
    : loop_(loop),
      half_(half),
      view_(watches, {kHttpRoute, kService, kEndpointSlice}, View::FindBy::kLabels,
            [this](const ObjectKey& key, const Object&, const Object& now) { OnChange(key, now); }) {}

Proxy::~Proxy() {
  for (auto& [key, halfway] : halfway_) loop_.Cancel(halfway.over);
}

void Proxy::GoHalfway(const ObjectKey& key, const Object& now) {
  auto before = routes_.find(key);
  auto found = halfway_.find(key);
  Object known = found != halfway_.end() ? found->second.before : before == routes_.end() ? nullptr : before->second;
  if (found != halfway_.end()) loop_.Cancel(found->second.over);
  halfway_.erase(key);
  if (known == nullptr || now == nullptr || BackendsOf(*known) == BackendsOf(*now)) return;
  halfway_[key] = {known, loop_.After(half_, [this, key] {
                     halfway_.erase(key);
                     Move();
                   })};
}

void Proxy::OnChange(const ObjectKey& key, const Object& now) {
  Move();
  if (key.kind == kEndpointSlice) return;
  if (key.kind == kHttpRoute) GoHalfway(key, now);
  std::map<ObjectKey, Object>& of_kind = key.kind == kHttpRoute ? routes_ : services_;
  if (now == nullptr) {
    of_kind.erase(key);
  } else {
    of_kind.insert_or_assign(key, now);
  }
}

std::vector<Destination> Proxy::ReadyEndpoints(const ObjectKey& service) const {
  std::vector<Destination> ready;
  Json selector = {{kServiceNameLabel, service.name}};
  for (const Object& slice : view_.Selected(kEndpointSlice, service.namespace_, selector)) {
    for (const Json& endpoint : List(*slice, {"endpoints"})) {
      if (!Flag(endpoint, {"conditions", "ready"}, true)) continue;
      ready.push_back(
          {{kPod, service.namespace_, Text(endpoint, {"targetRef", "name"})}, Text(endpoint, {"targetRef", "uid"}), 1});
    }
  }
  return ready;
}

// A backend's weight is shared evenly by its endpoints: all weights are scaled so that this needs no fraction.
void Proxy::AddBackend(const Json& backend, const std::string& namespace_, std::int64_t weight,
                       const std::optional<std::set<ObjectKey>>& known, TrafficPlan& plan) const {
  if (weight == 0) return;
  ObjectKey key = BackendKey(backend, namespace_);
  std::vector<Destination> ready;
  if (view_.Find(key) != nullptr && (!known || known->contains(key))) ready = ReadyEndpoints(key);
  if (ready.empty()) {
    plan.lost_weight += weight * kMillion;
    return;
  }
  auto count = static_cast<std::int64_t>(ready.size());
  for (std::int64_t i = 0; i < count; ++i) {
    Destination& each = ready[static_cast<std::size_t>(i)];
    each.weight = weight * kMillion / count + (i < weight * kMillion % count ? 1 : 0);
    plan.destinations.push_back(each);
  }
}

TrafficPlan Proxy::PlanOf(const Json& rule, const std::string& namespace_,
                          const std::optional<std::set<ObjectKey>>& known) const {
  TrafficPlan plan;
  plan.found = true;
  for (const Json& backend : List(rule, {"backendRefs"})) {
    AddBackend(backend, namespace_, Integer(backend, {"weight"}, 1), known, plan);
  }
  if (plan.destinations.empty() && plan.lost_weight == 0) plan.lost_weight = 1;
  for (const Json& filter : List(rule, {"filters"})) {
    const Json* mirrored = Find(filter, {"requestMirror", "backendRef"});
    if (mirrored == nullptr) continue;
    plan.mirrors = ReadyEndpoints(BackendKey(*mirrored, namespace_));
    std::int64_t percent = Integer(filter, {"requestMirror", "percent"}, 100);
    std::int64_t whole = Integer(filter, {"requestMirror", "fraction", "denominator"}, 100);
    std::int64_t part = Integer(filter, {"requestMirror", "fraction", "numerator"}, percent);
    plan.mirror_per_million = whole > 0 ? part * kMillion / whole : 0;
  }
  return plan;
}

TrafficPlan Proxy::Route(const RequestShape& request) const {
  const Json* rule = nullptr;
  ObjectKey of;
  std::optional<std::vector<std::int64_t>> best;
  for (const auto& [key, route] : routes_) {
    // Ties go to the first route by name.
    if (const Json* better = BestRule(*route, request, best)) {
      rule = better;
      of = key;
    }
  }
  if (rule == nullptr) return {};
  auto halfway = halfway_.find(of);
  if (halfway == halfway_.end()) return PlanOf(*rule, of.namespace_, {});
  const Json& before = *halfway->second.before;
  TrafficPlan plan = PlanOf(*rule, of.namespace_, BackendsOf(before));
  best.reset();
  const Json* followed = BestRule(before, request, best);
  std::set<ObjectKey> named = BackendsOf(*routes_.at(of));
  for (const Json& backend : followed == nullptr ? Json::array() : List(*followed, {"backendRefs"})) {
    if (!named.contains(BackendKey(backend, of.namespace_))) {
      plan.lost_weight += Integer(backend, {"weight"}, 1) * kMillion;
    }
  }
  return plan;
}

TrafficPlan Proxy::Service(const std::string& namespace_, const std::string& name) const {
  TrafficPlan plan;
  ObjectKey key{kService, namespace_, name};
  plan.found = view_.Find(key) != nullptr;
  if (!plan.found) return plan;
  plan.destinations = ReadyEndpoints(key);
  if (plan.destinations.empty()) plan.lost_weight = 1;
  return plan;
}

std::vector<std::pair<std::string, std::string>> Proxy::Hosts() const {
  std::set<std::pair<std::string, std::string>> hosts;
  for (const auto& [key, route] : routes_) {
    std::set<std::string> paths;
    for (const Json& rule : List(*route, {"spec", "rules"})) {
      if (List(rule, {"matches"}).empty()) paths.insert("/");
      for (const Json& match : List(rule, {"matches"})) {
        if (Text(match, {"path", "type"}, "PathPrefix") != "RegularExpression") {
          paths.insert(Text(match, {"path", "value"}, "/"));
        }
      }
    }
    for (const Json& host : List(*route, {"spec", "hostnames"})) {
      std::string name = host.is_string() ? host.get<std::string>() : "";
      if (name.starts_with("*.")) name = "any" + name.substr(1);
      for (const std::string& path : paths) hosts.insert({name, path});
    }
  }
  return {hosts.begin(), hosts.end()};
}

std::vector<ObjectKey> Proxy::PlainServices() const {
  std::set<ObjectKey> routed;
  std::vector<ObjectKey> services;
  for (const auto& [key, route] : routes_) routed.merge(BackendsOf(*route));
  // What a route reaches under one revision's name is reached: its other Services get no second load.
  std::set<std::pair<std::string, std::string>> reached;
  for (const ObjectKey& key : routed) {
    Object service = view_.Find(key);
    std::string of = service == nullptr ? "" : Text(*service, {"spec", "selector", kServiceLabel});
    if (!of.empty()) reached.insert({key.namespace_, of});
  }
  for (const auto& [key, object] : services_) {
    if (routed.contains(key)) continue;
    if (LabelsOf(*object).contains(kRevisionLabel) || Find(*object, {"spec", "selector"}) == nullptr) continue;
    if (reached.contains({key.namespace_, Text(*object, {"spec", "selector", kServiceLabel})})) continue;
    services.push_back(key);
  }
  return services;
}

}  // namespace sluice::embedded
