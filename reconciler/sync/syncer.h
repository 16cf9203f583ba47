// Follows one plan set: fetch, compile, record, apply, wait, prune; again when git or the cluster moved.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/git/repository.h"
#include "reconciler/sync/apply.h"
#include "reconciler/sync/inventory_store.h"
#include "reconciler/sync/plan_set.h"
#include "reconciler/sync/proofs.h"
#include "reconciler/sync/prune.h"
#include "reconciler/sync/worker.h"
#include "reconciler/telemetry/metrics.h"

namespace sluice::sync {

struct SourceOptions {
  PlanSetId id;
  Duration interval{60'000};                 // between two looks at the repository; ± 10%
  bool accept_rewritten = false;             // a commit that doesn't follow the one in use is taken all the same
  std::string namespace_ = "sluice-system";  // the reconciler's own: inventory and state
  std::string identity;                      // who reports events
};

// What is known of the source, for status, metrics and people.
struct SourceState {
  std::string seen_commit;           // what the ref named at the last look that succeeded
  std::string wanted_commit;         // the one in use: compiled, and being applied or applied
  std::string applied_commit;        // the last one that was applied as a whole
  std::string problem;               // why seen and wanted differ, or nothing could be seen: "fetch", "rewritten",
                                     // "empty", "compile", "store"; ""
  std::string message;               // of the problem, for people
  std::optional<TimePoint> since;    // of the problem
  std::vector<Mistake> mistakes;     // problem "compile"
  std::vector<std::string> trouble;  // what keeps the commit in use from being applied as a whole
  std::optional<TimePoint> fetched_at, applied_at;
};

class Syncer {
 public:
  Syncer(cluster::Cluster& cluster, loop::Loop& loop, Worker& worker, git::Repository& repository,
         CompileFunction compile, telemetry::Metrics& metrics, SourceOptions options);
  ~Syncer();
  Syncer(const Syncer&) = delete;
  Syncer& operator=(const Syncer&) = delete;

  void Start();
  // Looks at the repository now (a hook was called).
  void FetchNow();

  const SourceState& state() const { return state_; }
  // No work is under way, and none but the next look at the repository is due: the commit in use is applied as
  // a whole, or a problem stands.
  bool at_rest() const;
  // Called whenever the state may have changed.
  std::function<void()> on_change;

 private:
  struct Job;

  void Load();
  void Tick();
  void Compiled(const std::shared_ptr<Job>& job);
  void Refuse(const std::string& what, const std::string& message, std::vector<Mistake> mistakes = {});
  void Clear();
  void Accept(const std::shared_ptr<Job>& job);
  void ScheduleTick();

  // One pass over the plan set's objects; each step is called by the one before.
  void Dirty();
  void Pass();
  void Record();
  void Apply();
  void Applied(const ApplyOutcome& outcome);
  void RecordUids();
  void PruneStep();
  std::vector<WantedObject> NotHeld() const;
  void Pruned(const PruneOutcome& outcome);
  void EndPass(std::optional<Duration> retry_after);
  void Trouble(const std::vector<sync::Problem>& problems);
  void StoreFailed(const Error& error);

  void SaveSource();
  void Emit(bool warning, const std::string& reason, const std::string& note);
  void Changed() {
    if (on_change) on_change();
  }

  template <typename F>
  auto Safe(F function) {
    return [alive = alive_, function = std::move(function)](auto&&... arguments) mutable {
      if (*alive) function(std::forward<decltype(arguments)>(arguments)...);
    };
  }

  cluster::Cluster& cluster_;
  loop::Loop& loop_;
  Worker& worker_;
  git::Repository& repository_;
  const std::shared_ptr<const CompileFunction> compile_;
  telemetry::Metrics& metrics_;
  const SourceOptions options_;
  const std::string hash_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  SourceState state_;
  InventoryStore store_;
  std::shared_ptr<LiveObjects> live_;
  Inventory inventory_;
  StoredSource stored_;        // as it was last sent
  bool source_stored_ = true;  // false: it did not arrive
  bool saving_source_ = false, save_source_again_ = false;
  bool loaded_ = false, fetching_ = false, fetch_again_ = false;
  bool passing_ = false, dirty_ = false, whole_ = false;
  std::vector<cluster::ObjectKey> held_;  // of the last pass: ApplyOutcome::held
  std::optional<Duration> replaced_in_;   // of the last pass: PruneOutcome::next_in
  int failures_ = 0, source_failures_ = 0;
  std::uint64_t ticks_ = 0;
  std::string wanted_tree_;
  std::shared_ptr<const std::vector<WantedObject>> wanted_;  // null before the first that compiles
  std::optional<CompleteCompile> compiled_;
  loop::TimerId tick_ = loop::TimerId::kNone, retry_ = loop::TimerId::kNone;
};

}  // namespace sluice::sync
