// The data plane: routes and slices as the proxies know them, later than everyone else, and where a request
// goes by that.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/embedded/controller.h"
#include "reconciler/embedded/pattern.h"

namespace sluice::embedded {

// A pod as a slice names it; the proxy does not know whether it still lives.
struct Destination {
  ObjectKey pod;
  std::string uid;
  std::int64_t weight = 0;  // relative to the others of the plan
};

// Where requests of one kind go.
struct TrafficPlan {
  std::vector<Destination> destinations;
  std::int64_t lost_weight = 0;      // of backends without a ready endpoint or without a Service
  std::vector<Destination> mirrors;  // a copy of `mirror_per_million` of the requests
  std::int64_t mirror_per_million = 0;
  bool found = false;  // some route or Service takes these requests
};

// A request as routes see it.
struct RequestShape {
  std::string host;
  std::string path = "/";
  std::string method = "GET";
  std::map<std::string, std::string> headers;  // names in lower case
  std::map<std::string, std::string> query;
};

class Proxy {
 public:
  // `watches` carries the proxies' own lag.
  explicit Proxy(Watches& watches);

  // Moves whenever a plan may differ.
  std::uint64_t epoch() const { return epoch_; }
  // To a host, by the routes.
  TrafficPlan Route(const RequestShape& request) const;
  // To a Service's address: evenly over its ready endpoints.
  TrafficPlan Service(const std::string& namespace_, const std::string& name) const;

  // What could be called: every host of every route, and every Service that no route reaches and that isn't one
  // revision's.
  std::vector<std::pair<std::string, std::string>> Hosts() const;  // (host, path) of each
  std::vector<ObjectKey> PlainServices() const;

 private:
  void OnChange(const ObjectKey& key, const Object& now);
  std::vector<Destination> ReadyEndpoints(const ObjectKey& service) const;
  void AddBackend(const Json& backend, const std::string& namespace_, std::int64_t weight, TrafficPlan& plan) const;
  TrafficPlan PlanOf(const Json& rule, const std::string& namespace_) const;

  std::uint64_t epoch_ = 0;
  std::map<ObjectKey, Object> routes_, services_;
  View view_;
};

// HTTPRoute: whether a match accepts a request, and how specific it is (Gateway API v1, precedence of matches).
std::optional<std::vector<std::int64_t>> MatchRank(const Json& match, const RequestShape& request);
bool HostFits(const std::string& pattern, const std::string& host);

}  // namespace sluice::embedded
