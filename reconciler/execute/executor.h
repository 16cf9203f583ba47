// All rollouts of a cluster: who is to look again, and what is known of each.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "reconciler/execute/runner.h"

namespace sluice::execute {

// Whether a rollout is to be walked here; others are seen, and left alone. Empty: all are.
using Owns = std::function<bool(const Name&)>;

class Executor {
 public:
  Executor(cluster::Cluster& cluster, http::Http& http, loop::Loop& loop, telemetry::Metrics& metrics,
           std::string identity, Owns owns);
  ~Executor();

  // What is owned is so no more, or more is: what is not ours any more is dropped where it stands.
  void OwnershipChanged();

  // The first lists are complete and every rollout of ours is settled or in a named state.
  bool at_rest() const;
  bool synced() const { return world_->synced(); }
  const std::map<Name, std::unique_ptr<Runner>>& runners() const { return runners_; }
  const World& world() const { return *world_; }

  // What of a rollout stands in no object: what it waits for, until when, the newest samples of its gates.
  // null for one that isn't known.
  cluster::Json Explain(const Name& name) const;

  // From now on `on_decision` sees each decision before anything of it is done; empty for nobody.
  void Attend(std::function<void(const Decided&)> on_decision) { shared_.on_decision = std::move(on_decision); }

  // Called after each round of any rollout.
  std::function<void()> on_round;

 private:
  void Stirred(const Stir& stir);
  void WakeAll();
  void Update(const Name& name, const Stir& stir);
  void Drop(const Name& name);
  bool IsOurs(const Name& name) const { return owns_ == nullptr || owns_(name); }
  void CountPhase(const Name& name, const decide::Status* status);

  std::unique_ptr<World> world_;
  Shared shared_;
  loop::Loop& loop_;
  const Owns owns_;
  std::map<Name, std::unique_ptr<Runner>> runners_;
  std::map<Name, Name> by_service_;  // namespace and service → rollout
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  using PhaseLabels = std::pair<std::string, std::string>;  // phase and hold
  std::map<Name, PhaseLabels> phase_of_;
  std::map<PhaseLabels, int> phases_;
  mutable const Runner* restless_ = nullptr;  // whom at_rest found at work when it was last asked: most likely still
};

}  // namespace sluice::execute
