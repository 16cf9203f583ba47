// Which path an API server serves a kind under. Nothing is guessed from a kind's name.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/cluster/cluster.h"
#include "reconciler/kubernetes/client.h"

namespace sluice::kubernetes {

struct Resource {
  std::string collection;  // "/api/v1", "/apis/apps/v1"
  std::string plural;      // "deployments"
  bool namespaced = true;

  // "/apis/apps/v1/namespaces/shop/deployments/checkout"; without a name the collection; "" for all namespaces.
  std::string Path(const std::string& namespace_, const std::string& name = "") const;
};

// One request for a group's version, when one of its kinds is asked for first.
class Discovery {
 public:
  explicit Discovery(Client& client) : client_(client) {}
  ~Discovery() { *alive_ = false; }
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  // nullopt: the server is sure to have no such kind. An error: it is not known (never "there is none"). Called from
  // within or later.
  using Found = std::function<void(const Result<std::optional<Resource>>&)>;
  void Find(const cluster::Kind& kind, Found found);

  // A resource that was found was not there: the next Find asks again, at most once in five seconds.
  void Forget(const std::string& api_version);

 private:
  struct Version {
    bool known = false;
    TimePoint asked_at{};
    std::map<std::string, Resource> kinds;
    std::vector<std::pair<cluster::Kind, Found>> waiting;
  };

  void Ask(const std::string& api_version);
  void Learn(const std::string& api_version, const Answer& answer);
  // There is an answer that has nothing of the version: the list of all groups is to agree.
  void Confirm(const std::string& api_version);
  void Settle(const std::string& api_version, const std::optional<Error>& error);

  Client& client_;
  std::map<std::string, Version> versions_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sluice::kubernetes
