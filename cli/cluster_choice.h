// The cluster that `--cluster` names: the embedded one, or a real one by its API server.
#pragma once

#include <memory>
#include <string>

#include "cli/service.h"
#include "compiler/base/result.h"
#include "reconciler/embedded/embedded_cluster.h"
#include "reconciler/embedded/embedded_http.h"
#include "reconciler/http/http.h"
#include "reconciler/kubernetes/kubernetes_cluster.h"
#include "reconciler/loop/loop.h"

namespace CLI {
class App;
}

namespace sluice::cli {

struct ClusterChoice {
  std::string name = "memory";  // "memory", "in-cluster", or the path of a kubeconfig
  std::string context;          // of the kubeconfig; "": its current one
  EmbeddedOptions embedded;

  void AddTo(CLI::App& command);
  // Why options contradict each other; "" if they don't.
  std::string Contradiction() const;
  bool is_embedded() const { return name == "memory"; }
};

// An opened cluster and the way to what is outside of it: measurements and notifications go through `http`.
class ChosenCluster {
 public:
  // `outside` and `loop` outlive it.
  // `write_deadline`: of requests to a real one that change something.
  static Result<ChosenCluster> Open(const ClusterChoice& choice, http::StreamingHttp& outside, loop::Loop& loop,
                                    Duration write_deadline);

  cluster::Cluster& cluster() { return embedded_ ? static_cast<cluster::Cluster&>(*embedded_) : *kubernetes_; }
  http::Http& http() { return embedded_http_ ? static_cast<http::Http&>(*embedded_http_) : *outside_; }
  // A second way to a real one that waits for no other request's connection; its requests end by `deadline`.
  Result<std::unique_ptr<cluster::Cluster>> OpenApart(const ClusterChoice& choice, loop::Loop& loop,
                                                      Duration deadline) const;
  // nullptr where it is a real one.
  embedded::EmbeddedCluster* embedded() { return embedded_.get(); }

 private:
  ChosenCluster() = default;

  http::StreamingHttp* outside_ = nullptr;
  std::unique_ptr<embedded::EmbeddedCluster> embedded_;
  std::unique_ptr<embedded::EmbeddedHttp> embedded_http_;
  std::unique_ptr<kubernetes::KubernetesCluster> kubernetes_;
};

}  // namespace sluice::cli
