// The embedded cluster by Kubernetes' REST API, as kubectl and every other client know it.
#pragma once

#include <memory>

#include "reconciler/apiserver/call.h"
#include "reconciler/apiserver/history.h"
#include "reconciler/apiserver/watch_hub.h"
#include "reconciler/embedded/embedded_cluster.h"
#include "reconciler/embedded/random.h"
#include "reconciler/loop/loop.h"
#include "reconciler/serve/server.h"

namespace sluice::apiserver {

// There is no authentication: who reaches the server may do everything.
struct ApiOptions {
  // Requests that a web page made a browser send are refused: those whose Host or Origin is not this machine. For a
  // server that listens on a loopback address.
  bool local_only = true;
  std::uint64_t seed = 1;  // of the times at which watches end
};

// All on the loop's thread. `cluster` outlives it; it outlives the loop's last turn, as what it observes does.
class ApiServer {
 public:
  ApiServer(loop::Loop& loop, embedded::EmbeddedCluster& cluster, ApiOptions options);
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  // Answers /api, /apis, /openapi, /version and /livez. Before the server starts, which ends before this does.
  void Register(serve::Server& server);
  // Answers /healthz and /readyz, too: for a server that has nothing else to tell of its health.
  void RegisterHealth(serve::Server& server);
  // What every cluster has and the embedded one does not need: the namespaces `default` and `kube-…`, and nodes.
  void Furnish();

  // One request; what Register hands on.
  void Handle(const serve::Request& request, const serve::Answer& answer);
  std::size_t watches() const { return hub_.size(); }

 private:
  void Serve(const Call& call, const serve::Answer& answer);
  void Watch(const Call& call, const serve::Answer& answer);
  serve::Response Perform(const Call& call, embedded::Store& store, TimePoint now);

  loop::Loop& loop_;
  embedded::EmbeddedCluster& cluster_;
  const ApiOptions options_;
  // The store's observer can't be taken back: it holds this, not the server.
  std::shared_ptr<ApiServer*> self_;
  embedded::Random random_;
  History history_;
  WatchHub hub_;
};

}  // namespace sluice::apiserver
