// One rollout's loop: observe, decide, persist, act, wait. Strictly serial: a round ends before the next begins.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reconciler/decide/decide.h"
#include "reconciler/execute/adoption.h"
#include "reconciler/execute/bundles.h"
#include "reconciler/execute/observe.h"
#include "reconciler/execute/world.h"
#include "reconciler/http/http.h"
#include "reconciler/telemetry/metrics.h"

namespace sluice::execute {

// A decision about a rollout, and what it was made of.
struct Decided {
  const Name& rollout;
  const graph::Graph& graph;
  const decide::Status& before;
  const decide::Observed& observed;
  TimePoint now;
  const decide::Decision& decision;
};

// What all runners share. All outlive them.
struct Shared {
  cluster::Cluster& cluster;
  http::Http& http;
  loop::Loop& loop;
  World& world;
  telemetry::Metrics& metrics;
  std::string identity;                                  // of this process and start: two are never equal
  std::function<void(const Decided&)> on_decision = {};  // of each, before anything of it is done; may be empty
};

class Runner {
 public:
  Runner(Shared& shared, Name name);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Something changed: a round will follow. Cheap; as often as wanted.
  void Wake();
  // The same a moment later: one pod that becomes ready is told by four watches, one after the other. Where the rollout
  // rests, pods and their endpoints can wait for longer, as they change for long after its last step.
  void WakeSoon(const Stir& stir);

  const Name& name() const { return name_; }
  // The service's name as far as it is known; "" before the first graph was read.
  const std::string& service() const { return service_; }
  // Settled, or in a named state that only someone can end, with no round under way or about to be.
  bool at_rest() const;
  bool holds_graph() const { return graph_ != nullptr; }
  const decide::Status& status() const { return stored_.status; }
  const std::string& summary() const { return summary_; }
  // Why not all that was decided last could be carried out; it is tried again. "": it was.
  const std::string& held_up() const { return held_up_; }
  // Why what is known of pods, endpoints or routes may be old; "" if it isn't.
  std::string Unseen() const;
  const std::string& rejected() const { return rejected_; }
  const std::vector<decide::Reason>& reasons() const { return reasons_; }
  const std::map<decide::GateKey, decide::ObservedGate>& gates() const { return gates_; }
  // Called when the service's name became known, and after each round.
  std::function<void(Runner&)> on_round;

 private:
  class Acts;
  friend class Acts;

  // The steps of a round, each called by the one before.
  void Round();
  void WithFinalizer();
  void WithStatus();
  void WithBundles();
  void WithAdoptee();
  void Decide();
  void Persist(bool changed);
  void Persisted(Result<cluster::SharedJson> answer);
  void Act();
  void Acted(bool wrote);
  void Finish(std::optional<Duration> retry_after);

  std::string OwnedService() const;
  bool ChooseGraph();
  const Bundles::Graph& InForce() const;
  decide::Observed ObserveAll();
  struct TakenOver {
    const Identity& id;
    const DeploymentView& view;
  };
  std::optional<TakenOver> Adopted() const;
  bool ByPartition() const;
  void WithUnlabelledPods();
  bool IsTakingOver() const;
  bool NeedsAdoptee() const;
  std::optional<decide::ObservedAdoption> Adoption();
  void ShowAdoptee(decide::Observed& observed) const;
  std::vector<BundleRef> Refs() const;
  std::vector<BundleRef> RefsToLoad() const;
  bool HasPodsOnTheirWayOut() const;
  void RemoveFinalizer();
  void TakeFinalizer();
  cluster::Json OwnPart(bool with_finalizer) const;
  void CollectBundles();
  void RestSoon();
  void Rest();
  bool DiffersButForUs() const;
  void Note();
  void TellNodesLeft() const;
  void Backoff(const Error& error);

  // Keeps callbacks from a runner that is gone.
  template <typename F>
  auto Safe(F function) {
    return [alive = alive_, function = std::move(function)](auto&&... arguments) mutable {
      if (*alive) function(std::forward<decltype(arguments)>(arguments)...);
    };
  }

  Shared& shared_;
  const Name name_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::string service_;

  bool busy_ = false, again_ = false;
  bool wrote_since_rest_ = false;
  loop::TimerId timer_ = loop::TimerId::kNone, rest_timer_ = loop::TimerId::kNone, soon_ = loop::TimerId::kNone;
  TimePoint soon_due_{};
  int failures_in_row_ = 0, writing_rounds_ = 0;
  std::string held_up_;
  int unread_in_row_ = 0;  // rounds in which the wanted bundle could not be read
  std::uint64_t newest_bundle_ = 0;
  TimePoint writing_since_{};

  // As of this round.
  std::string uid_, resource_version_;
  RolloutView view_;
  bool deleting_ = false;
  bool status_read_ = false;
  StoredStatus stored_;
  std::string rejected_, rejection_told_;
  Bundles bundles_;
  Bundles::Graph graph_, accepted_;
  std::string graph_digest_;
  std::vector<decide::ObjectName> routed_;  // what the router of git's graph writes
  std::string routed_for_;                  // digest
  std::map<decide::Revision, std::shared_ptr<const graph::Workload>> workloads_;
  // What graph_ adopts: as read in this round, where no watch tells of it; and what it is to the core.
  std::optional<Adoptee> adoptee_;
  std::vector<decide::ObservedStatefulSet::Pod> unlabelled_;  // of the StatefulSet that was taken over
  std::string adoptee_unread_;                                // why it could not be read; ""
  std::optional<decide::ObservedAdoption> adoption_;
  std::string adoption_for_;  // digest of the graph, and the Deployment's generation
  Drifts drifts_;
  std::map<decide::Revision, TimePoint> endpoints_since_;  // as this process saw it
  decide::Decision decision_;                              // its status stands in next_, its reasons in reasons_
  StoredStatus next_;
  std::string summary_;
  std::vector<decide::Reason> reasons_;
  // Trouble and rejection that the stored conditions tell of, once this process knows.
  std::optional<std::pair<std::string, std::string>> told_;
  // At which version, with which of both, they were as stored.
  std::pair<std::string, std::pair<std::string, std::string>> conditions_compared_;

  std::map<decide::GateKey, decide::ObservedGate> gates_;
  std::map<std::string, bool> delivered_;
  std::map<std::string, decide::Failure> failures_;  // by object
  std::unique_ptr<Acts> acts_;
};

}  // namespace sluice::execute
