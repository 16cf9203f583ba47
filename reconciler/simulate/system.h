// A whole reconciler in virtual time: commits in memory, a compiler, the embedded cluster, nobody else.
//
// Single-threaded: all of it runs while its loop does. Equal options and equal calls at equal times give equal
// requests, events and answers.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/cluster/failing_cluster.h"
#include "reconciler/embedded/embedded_cluster.h"
#include "reconciler/embedded/embedded_http.h"
#include "reconciler/git/memory_repository.h"
#include "reconciler/loop/virtual_loop.h"
#include "reconciler/reconciler.h"

namespace sluice::simulate {

struct SystemOptions {
  TimePoint start{Duration(1'800'000'000'000)};
  embedded::Options cluster;
  sync::CompileFunction compile;
  Duration interval{10'000};  // between two looks at the repository
  // HTTP beyond the cluster; empty: nothing may go out.
  std::function<std::unique_ptr<http::Http>(loop::Loop& loop)> outside;
};

class System {
 public:
  // What a process asks instead of `cluster`: made anew for each.
  using Between = std::function<std::unique_ptr<cluster::Cluster>(System& system)>;

  explicit System(SystemOptions options, Between between = {});
  ~System();
  System(const System&) = delete;
  System& operator=(const System&) = delete;

  // A process of the reconciler begins; one that runs dies without a word.
  void Start(bool once = false);
  void Kill();

  void RunFor(Duration duration) { loop.RunFor(duration); }
  // Until `done` says so; whether it did in that time.
  bool RunUntil(const std::function<bool()>& done, Duration at_most);
  // Until git was looked at once more and nothing is under way.
  bool RunUntilAtRest(Duration at_most);

  loop::VirtualLoop loop;
  std::unique_ptr<embedded::EmbeddedCluster> embedded;
  std::unique_ptr<cluster::FailingCluster> cluster;  // between reconciler and `embedded`
  std::unique_ptr<http::Http> outside;
  std::unique_ptr<embedded::EmbeddedHttp> http;
  git::MemoryRepository repository;
  telemetry::Metrics metrics;
  std::unique_ptr<sync::LoopWorker> worker;
  std::unique_ptr<Reconciler> reconciler;  // null: none runs
  std::optional<ReconcileOutcome> outcome;
  // Promises of the core that a decision broke (decide/invariants.h): each a sentence. Every decision is looked at.
  std::vector<std::string> broken;

 private:
  const SystemOptions options_;
  const Between between_;
  std::unique_ptr<cluster::Cluster> asked_;  // of the process; null: `cluster` itself
  int starts_ = 0;
};

}  // namespace sluice::simulate
