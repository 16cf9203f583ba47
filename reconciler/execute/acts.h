// Performs one decision's actions for a runner. Private to this folder.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/execute/runner.h"

namespace sluice::execute {

class Runner::Acts {
 public:
  explicit Acts(Runner& runner) : runner_(runner) {}

  // `done(wrote, failed)`: whether an object changed, and what stopped the batch.
  using Done = std::function<void(bool wrote, std::optional<Error> failed)>;

  // One after the other; the first write that fails ends the batch, but for a Job that is refused: nothing else of a
  // batch is about Jobs. Measurements, notifications and events
  // are only begun: they answer in a later round.
  void Perform(std::vector<decide::Action> actions, Done done);

  // Deletes an object that nothing needs; nobody waits for it. Tried again for some hours if it fails.
  void Discard(const cluster::ObjectKey& key, const std::string& uid) { Discard(key, uid, 0); }

 private:
  struct Batch {
    std::vector<decide::Action> actions;
    std::size_t next = 0;
    bool wrote = false;
    Done done;
    std::optional<Error> refused = {};  // a Job's
  };
  using BatchPtr = std::shared_ptr<Batch>;

  void Next(const BatchPtr& batch);
  void Start(const BatchPtr& batch, const decide::ApplyObject& action);
  void Start(const BatchPtr& batch, const decide::DeleteObject& action);
  void Start(const BatchPtr& batch, const decide::MeasureGate& action);
  void Start(const BatchPtr& batch, const decide::SendNotification& action);
  void Start(const BatchPtr& batch, const decide::ConsumeCommand& action);
  void Start(const BatchPtr& batch, const decide::EmitEvent& action);

  void Discard(const cluster::ObjectKey& key, const std::string& uid, int failures);
  void FindOwner(const BatchPtr& batch, const cluster::ObjectKey& key);
  void Write(const BatchPtr& batch, cluster::Json object, const std::string& why);
  void ReplaceWhole(const BatchPtr& batch, cluster::Json object, const decide::ApplyObject& action);
  void Failed(const BatchPtr& batch, const cluster::ObjectKey& key, const Error& error);
  void Sampled(const decide::GateKey& key, decide::Sample sample);
  graph::Roots Roots(const std::string& step) const;
  const graph::NotifyNode* FindNotify(const std::string& path, std::string& step) const;

  Runner& runner_;
};

}  // namespace sluice::execute
