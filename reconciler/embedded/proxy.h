// The data plane: routes and slices as the proxies know them, later than everyone else, and where a request
// goes by that.
#pragma once

#include <cstdint>
#include <functional>
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
  // `watches` carries the proxies' own lag. A proxy hears of weights and of the Services that they lead to apart, in no
  // order (Envoy: RDS and CDS). For `half` after a route changed, requests to a Service that only one of its two
  // versions names are lost.
  Proxy(loop::Loop& loop, Watches& watches, Duration half);
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;
  ~Proxy();

  // Moves whenever a plan may differ.
  std::uint64_t epoch() const { return epoch_; }
  // Called when it does.
  std::function<void()> on_change;
  // To a host, by the routes.
  TrafficPlan Route(const RequestShape& request) const;
  // To a Service's address: evenly over its ready endpoints.
  TrafficPlan Service(const std::string& namespace_, const std::string& name) const;

  // What could be called: every host of every route, and every Service that no route reaches and that isn't one
  // revision's.
  std::vector<std::pair<std::string, std::string>> Hosts() const;  // (host, path) of each
  std::vector<ObjectKey> PlainServices() const;

 private:
  struct Halfway {
    Object before;
    loop::TimerId over{};
  };

  void Move() {
    ++epoch_;
    if (on_change) on_change();
  }
  void OnChange(const ObjectKey& key, const Object& now);
  void GoHalfway(const ObjectKey& key, const Object& now);
  std::vector<Destination> ReadyEndpoints(const ObjectKey& service) const;
  // `known`: backends of which the proxies know; all where there is none.
  void AddBackend(const Json& backend, const std::string& namespace_, std::int64_t weight,
                  const std::optional<std::set<ObjectKey>>& known, TrafficPlan& plan) const;
  TrafficPlan PlanOf(const Json& rule, const std::string& namespace_,
                     const std::optional<std::set<ObjectKey>>& known) const;

  loop::Loop& loop_;
  Duration half_;
  std::uint64_t epoch_ = 0;
  std::map<ObjectKey, Halfway> halfway_;
  std::map<ObjectKey, Object> routes_, services_;
  View view_;
};

// HTTPRoute: whether a match accepts a request, and how specific it is (Gateway API v1, precedence of matches).
std::optional<std::vector<std::int64_t>> MatchRank(const Json& match, const RequestShape& request);
bool HostFits(const std::string& pattern, const std::string& host);

}  // namespace sluice::embedded
