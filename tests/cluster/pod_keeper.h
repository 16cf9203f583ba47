// Stands in for a node and its kubelet: pods become ready, or crash, by their image, and end when they are
// deleted; those that are run to an end come to it at once.
// And for a Gateway's controller: HTTPRoutes are accepted as they are.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <thread>

#include "reconciler/http/curl_http.h"
#include "reconciler/kubernetes/kubernetes_cluster.h"
#include "reconciler/loop/real_loop.h"

namespace sluice::cluster {

// Works in a thread of its own, from its construction to its end.
class PodKeeper {
 public:
  explicit PodKeeper(const std::string& kubeconfig);
  ~PodKeeper();
  PodKeeper(const PodKeeper&) = delete;
  PodKeeper& operator=(const PodKeeper&) = delete;

 private:
  void Register();
  void Beat();
  void Keep(const Json& pod);
  void Accept(const Json& route);
  void KeepAgain(std::set<std::string>& done, const Json& pod);

  loop::RealLoop loop_;
  http::CurlHttp http_{loop_};
  std::unique_ptr<kubernetes::KubernetesCluster> cluster_;
  kubernetes::Access access_;
  kubernetes::Client client_{http_, loop_, access_, kubernetes::ClientOptions{.user_agent = "test"}};
  std::set<std::string> kept_, ended_;  // uids
  std::thread thread_;
};

// The port on the API server of a kubeconfig.
std::unique_ptr<kubernetes::KubernetesCluster> Connect(const std::string& kubeconfig, http::StreamingHttp& http,
                                                       loop::Loop& loop);

}  // namespace sluice::cluster
