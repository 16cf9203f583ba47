// The port on a real API server.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reconciler/cluster/cluster.h"
#include "reconciler/kubernetes/access.h"
#include "reconciler/kubernetes/client.h"
#include "reconciler/kubernetes/discovery.h"
#include "reconciler/kubernetes/reflector.h"

namespace sluice::kubernetes {

struct ClusterOptions {
  ClientOptions client;
  // Why a watch fails, and "" once it works again.
  Reflector::Trouble trouble;
};

// `http` and `loop` outlive it.
class KubernetesCluster : public cluster::Cluster {
 public:
  KubernetesCluster(http::StreamingHttp& http, loop::Loop& loop, Access access, ClusterOptions options);
  ~KubernetesCluster() override;

  // A kind that the server is sure not to have is kNotFound where something is read or deleted, and kUnavailable
  // where something is to be written: it may be defined at any time.
  void Send(cluster::Request request, cluster::Reply reply) override;
  cluster::WatchId Watch(cluster::ListObjects what, cluster::EventHandler handler) override;
  void Cancel(cluster::WatchId watch) override;
  std::map<cluster::Kind, std::string> Unwatched() const override;

 private:
  struct Listing;

  void SendTo(const Resource& resource, cluster::Request request, cluster::Reply reply);
  void ListFrom(const std::shared_ptr<Listing>& listing, const std::string& continue_);

  Access access_;
  Client client_;
  Discovery discovery_;
  Reflector::Trouble trouble_;
  std::uint64_t next_ = 1;
  std::map<cluster::WatchId, std::shared_ptr<Reflector>> watches_;
  std::map<cluster::WatchId, std::pair<cluster::Kind, std::string>> troubles_;  // of those that fail
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sluice::kubernetes
