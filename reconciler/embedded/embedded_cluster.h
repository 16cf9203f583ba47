// A Kubernetes cluster in memory, behind the port: its API server, its controllers, its nodes. One
// implementation for real and virtual time; README.md says what differs from Kubernetes.
//
// All of it runs on the loop's thread. Every delay is a timer of the loop, every choice comes from
// Options::seed: equal options, requests and times give equal answers and events.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "reconciler/cluster/cluster.h"
#include "reconciler/embedded/embedded_http.h"
#include "reconciler/embedded/options.h"
#include "reconciler/embedded/store.h"
#include "reconciler/loop/loop.h"

namespace sluice::embedded {

class EmbeddedCluster : public cluster::Cluster {
 public:
  // kInvalid if the state file is damaged, kUnavailable if it can't be read or written. Should it fail later,
  // writes are answered with kAmbiguous, reads with kUnavailable, and no event leaves any more.
  static Result<std::unique_ptr<EmbeddedCluster>> Open(loop::Loop& loop, Options options);
  ~EmbeddedCluster() override;

  void Send(cluster::Request request, cluster::Reply reply) override;
  cluster::WatchId Watch(cluster::ListObjects what, cluster::EventHandler handler) override;
  void Cancel(cluster::WatchId watch) override;
  std::map<cluster::Kind, std::string> Unwatched() const override { return {}; }

  // For what serves this cluster to others. Carries `work` out as a request to the API server is, in one turn and
  // after the lag of requests. `done` is called after the lag of answers, once what was written is durable; with
  // kUnavailable if it isn't.
  void Transact(std::function<void(Store& store, TimePoint now)> work, std::function<void(Result<void>)> done);
  // Every committed write from now on, within the commit: `observer` must not write, and tells nobody before Durable.
  void Observe(std::function<void(const Change&)> observer);
  Result<void> Durable();
  const Store& store() const;

  // HTTP as it is inside this cluster; see EmbeddedHttp. Both must outlive the answer.
  std::unique_ptr<EmbeddedHttp> Http(http::Http& outside);
  // Where requests went so far.
  const Ledger& ledger() const;
  // Whether the state file held a cluster already.
  bool resumed() const;

  // What a test does to the world.
  void SetWorld(World world);              // from now on images and callers do this
  void ExpireWatches();                    // every watch gets 410 and lists again
  void LoseNode(const std::string& node);  // "node-1" … "node-3": its pods are gone
  void RestoreNode(const std::string& node);
  // As of now, without lag or trace: for assertions.
  cluster::Json Peek(const cluster::ObjectKey& key) const;  // null if there is none
  std::vector<cluster::Json> PeekAll(const cluster::Kind& kind, const std::string& namespace_ = "") const;

 private:
  struct Parts;
  EmbeddedCluster(loop::Loop& loop, Options options);

  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice::embedded
