// All that an API server committed in some namespaces, in its order: told by watches of our own, which no fault
// touches.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "reconciler/cluster/cluster.h"
#include "reconciler/http/curl_http.h"
#include "reconciler/kubernetes/kubernetes_cluster.h"
#include "reconciler/loop/real_loop.h"
#include "tests/proxy/view.h"

namespace sluice::proxy {

struct Write {
  std::uint64_t version = 0;  // one order for objects of all kinds
  cluster::EventType type = cluster::EventType::kAdded;
  cluster::Json object;
};

// Listens in a thread of its own, from its construction to its end.
class Chronicle {
 public:
  // Listens to all kinds once it is there.
  explicit Chronicle(const std::string& kubeconfig);
  ~Chronicle();
  Chronicle(const Chronicle&) = delete;
  Chronicle& operator=(const Chronicle&) = delete;

  // Of one namespace so far, by the names that the view shows. What was deleted is there as it was last.
  std::vector<Write> Of(const View& view) const;

 private:
  void Hear(const cluster::Event& event);

  loop::RealLoop loop_;
  http::CurlHttp http_{loop_};
  std::unique_ptr<kubernetes::KubernetesCluster> cluster_;
  mutable std::mutex mutex_;
  std::condition_variable listens_;
  std::size_t synced_ = 0;                           // kinds; behind mutex_, as all below
  std::map<std::string, std::vector<Write>> heard_;  // by namespace
  std::thread thread_;
};

}  // namespace sluice::proxy
