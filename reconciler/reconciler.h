// The whole reconciler of one source, put together: git, syncer, executor, port.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "reconciler/execute/executor.h"
#include "reconciler/git/repository.h"
#include "reconciler/serve/server.h"
#include "reconciler/sync/syncer.h"

namespace sluice {

// How a run with `once` ended.
enum class ReconcileOutcome {
  kSettled,  // the commit is applied as a whole and every rollout is settled
  kHeld,     // a rollout waits for someone
  kFailed,   // git, the plan set or an object: it could not be applied as a whole
};

struct ReconcilerOptions {
  sync::SourceOptions source;
  bool once = false;
};

// Everything it is given outlives it. `cluster` and `http` are used on the loop only.
class Reconciler {
 public:
  Reconciler(cluster::Cluster& cluster, http::Http& http, loop::Loop& loop, sync::Worker& worker,
             git::Repository& repository, sync::CompileFunction compile, telemetry::Metrics& metrics,
             ReconcilerOptions options);
  ~Reconciler();

  void Start();
  // With `once`: called once, when there is nothing left to do by itself.
  std::function<void(ReconcileOutcome)> on_end;

  const sync::Syncer& syncer() const { return syncer_; }
  sync::Syncer& syncer() { return syncer_; }
  const execute::Executor& executor() const { return executor_; }

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
  execute::Executor executor_;
  sync::Syncer syncer_;
  bool looking_ = false, ended_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sluice
