// The port for one who may write only while he holds a lease.
#pragma once

#include <functional>
#include <utility>

#include "reconciler/cluster/cluster.h"
#include "reconciler/loop/loop.h"

namespace sluice::lease {

class LeasedCluster : public cluster::Cluster {
 public:
  // Both outlive it. `may_write` is asked before each write; refused, it is kUnavailable.
  LeasedCluster(cluster::Cluster& inner, loop::Loop& loop, std::function<bool()> may_write)
      : inner_(inner), loop_(loop), may_write_(std::move(may_write)) {}

  void Send(cluster::Request request, cluster::Reply reply) override {
    const bool reads =
        std::holds_alternative<cluster::Get>(request) || std::holds_alternative<cluster::ListObjects>(request);
    if (reads || may_write_()) return inner_.Send(std::move(request), std::move(reply));
    loop_.Post([reply = std::move(reply)] {
      reply(Error{ErrorCode::kUnavailable, "the lease was not renewed in time: nothing is written"});
    });
  }
  cluster::WatchId Watch(cluster::ListObjects what, cluster::EventHandler handler) override {
    return inner_.Watch(std::move(what), std::move(handler));
  }
  void Cancel(cluster::WatchId watch) override { inner_.Cancel(watch); }
  std::map<cluster::Kind, std::string> Unwatched() const override { return inner_.Unwatched(); }

 private:
  cluster::Cluster& inner_;
  loop::Loop& loop_;
  std::function<bool()> may_write_;
};

}  // namespace sluice::lease
