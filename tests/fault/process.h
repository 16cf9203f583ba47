// One process of the reconciler among others: it dies at a write, it is stopped and goes on, it asks an API server of
// its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/execute/scene.h"
#include "tests/fault/lens.h"

namespace sluice::execute {

// The loop as one process sees it: while it is stopped (SIGSTOP) nothing of it runs, and time goes on.
class ProcessLoop : public loop::Loop {
 public:
  explicit ProcessLoop(loop::Loop& outer) : outer_(outer) {}
  ~ProcessLoop() override { state_->dead = true; }

  TimePoint Now() const override { return outer_.Now(); }
  void Post(std::function<void()> task) override { outer_.Post(Held(0, std::move(task))); }
  loop::TimerId At(TimePoint time, std::function<void()> task) override;
  void Cancel(loop::TimerId timer) override;

  void Stop() { state_->stopped = true; }
  void Continue();
  bool stopped() const { return state_->stopped; }

 private:
  struct State {
    bool stopped = false, dead = false;
    std::vector<std::pair<std::uint64_t, std::function<void()>>> held;  // by number of the timer; 0: posted
  };
  // `task` as it runs once the process may.
  std::function<void()> Held(std::uint64_t timer, std::function<void()> task);

  loop::Loop& outer_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
  std::map<std::uint64_t, loop::TimerId> timers_;  // the outer ones
  std::uint64_t next_ = 1;
};

class Process {
 public:
  // `shares`: others may reconcile, and leases say who does what. Requests go by `way`, watches come through `lens`;
  // both outlive it.
  Process(Scene& scene, cluster::Cluster& way, Lens& lens, const std::string& name, bool shares);
  ~Process();
  // Without a word. What it has sent is on its way, and is answered to nobody.
  void Kill();

  // Outlives what was sent by it. Its own writes; dead() once it died of one.
  cluster::FailingCluster& way() { return way_; }
  ProcessLoop& loop() { return loop_; }
  // A lease was lost, of which a process ends.
  bool ended() const { return ended_; }
  const Reconciler& reconciler() const { return *reconciler_; }

 private:
  class Client;
  class Web;

  ProcessLoop loop_;
  cluster::FailingCluster way_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<Web> web_;
  telemetry::Metrics metrics_;
  sync::LoopWorker worker_;
  bool ended_ = false;
  std::unique_ptr<Reconciler> reconciler_;
};

}  // namespace sluice::execute
