// The whole reconciler of one source, put together: git, syncer, executor, port.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "reconciler/execute/executor.h"
#include "reconciler/git/repository.h"
#include "reconciler/lease/leased_cluster.h"
#include "reconciler/lease/membership.h"
#include "reconciler/serve/server.h"
#include "reconciler/sync/syncer.h"

namespace sluice {

// How a run with `once` ended.
enum class ReconcileOutcome {
  kSettled,  // the commit is applied as a whole and every rollout is settled
  kHeld,     // a rollout waits for someone
  kFailed,   // git, the plan set or an object: it could not be applied as a whole
};

// Where others may reconcile the same cluster: leases say who walks which rollout, and who syncs the source.
struct Sharing {
  cluster::Cluster* leases = nullptr;  // outlives it: a way to the cluster that nothing else holds up
  lease::Times times;
  std::string identity;  // see lease::Holder
  lease::Owner owner;
};

struct ReconcilerOptions {
  sync::SourceOptions source;
  bool once = false;
  std::optional<Sharing> sharing;  // nullopt: nobody else is expected
};

// Everything it is given outlives it. `cluster` and `http` are used on the loop only.
class Reconciler {
 public:
  Reconciler(cluster::Cluster& cluster, http::Http& http, loop::Loop& loop, sync::Worker& worker,
             git::Repository& repository, sync::CompileFunction compile, telemetry::Metrics& metrics,
             ReconcilerOptions options);
  ~Reconciler();

  void Start();
  // Lets go of all leases, so that another goes on at once; `done` is called once.
  void Release(std::function<void()> done);
  // A lease is lost: nothing may be done any more, and a new process begins anew.
  std::function<void()> on_loss;
  // With `once`: called once, when there is nothing left to do by itself.
  std::function<void(ReconcileOutcome)> on_end;

  const sync::Syncer& syncer() const { return syncer_; }
  sync::Syncer& syncer() { return syncer_; }
  const execute::Executor& executor() const { return executor_; }
  execute::Executor& executor() { return executor_; }

  // Answers /metrics, /healthz, /readyz, /sluice/v1/source and /sluice/v1/rollouts/NAMESPACE/NAME (what of a
  // rollout stands in no object, see execute::Executor::Explain). Before the server starts, which ends before this
  // does.
  void Register(serve::Server& server);
  // The source's state as /sluice/v1/source gives it.
  cluster::Json DescribeSource() const;

 private:
  class Counting;
  void Look();
  std::optional<ReconcileOutcome> Ended() const;

  loop::Loop& loop_;
  telemetry::Metrics& metrics_;
  const ReconcilerOptions options_;
  std::unique_ptr<Counting> counting_;
  std::unique_ptr<lease::Membership> members_;  // nullptr: nobody else is expected
  lease::LeasedCluster executing_, syncing_;
  execute::Executor executor_;
  sync::Syncer syncer_;
  bool looking_ = false, ended_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sluice
