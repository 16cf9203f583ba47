// A small world for the core: Deployments that take time, a route that settles with a lag, answers to gates.
//
// Plain data, deterministic, in virtual time. It performs what Decide returns and shows what Decide observes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconciler/decide/decide.h"

namespace sluice::decide::test {

// What the pods of one revision do.
struct Behaviour {
  Duration start{3'000};                // until a pod is ready
  bool ready = true;                    // pods become (and stay) ready
  std::optional<std::int32_t> at_most;  // ready ones
};

// How often autoscalers count.
inline constexpr Duration kCountsEvery{15'000};

// What the Jobs of one node do.
struct JobBehaviour {
  Duration takes{20'000};
  int fails = 0;  // so many of them do, the first ones
  bool hangs = false;
};

class World {
 public:
  explicit World(graph::Graph plan);

  // Git names another graph. `workloads` keeps what every bundle had.
  void Commit(graph::Graph plan);

  Observed Observe() const;
  void Perform(const std::vector<Action>& actions);
  // The next moment at which something of the world changes by itself.
  std::optional<TimePoint> NextEvent() const;
  // Nothing of the world changes any more but what autoscalers measure, and they count what there is.
  bool IsQuiet() const { return !NextChange() && AreCounted(); }
  void MoveTo(TimePoint time);
  // No bundle holds that revision any more.
  void Forget(const Revision& revision);
  // The shell starts anew: what only it kept is gone.
  void Restart();

  TimePoint now() const { return now_; }
  const graph::Graph& plan() const { return *plan_; }
  // Share of the traffic by revision, as the router has it.
  std::map<Revision, Number> Routed() const;
  std::int32_t Pods(const Revision& revision) const;
  std::int32_t ReadyPods(const Revision& revision) const;
  bool Has(const Revision& revision) const { return deployments_.contains(revision); }
  void Say(Command command);
  // Changes that people make behind our back.
  void EditRoute();
  void DeleteDeployment(const Revision& revision);
  void DeleteCompanions(const Revision& revision);
  // All of them, finalizer or not.
  void TearOutJobs() { jobs_.clear(); }
  std::vector<std::string> Jobs() const;  // "NODE running|complete|failed[, released]", sorted
  // The bounds of each revision's autoscaler: least, most.
  std::map<Revision, std::pair<std::int32_t, std::int32_t>> AutoscalerBounds() const;
  // Names of the router's objects that there are, sorted.
  std::vector<std::string> RouteNames() const;
  // Where traffic that comes by any of them, or by Service NAME, finds nobody: one sentence each.
  std::vector<std::string> DeadEnds();
  void ReleaseRoutes();
  // Somebody else's mark on them.
  void TakeRoute(const std::string& name, const std::string& owner);

  std::map<Revision, Behaviour> behaviour;
  std::map<std::string, JobBehaviour> job_acts;  // by the path of the node
  std::set<std::string> jobs_made;               // names of all that ever were
  std::map<std::string, int> job_deadlines;      // seconds, of a node's last Job
  std::optional<std::int32_t> quota;             // pods of all revisions together
  // Pods that all requests together keep busy as autoscalers want it; none: nothing is measured, they count nothing.
  std::optional<Number> load;
  std::map<Revision, Number> appetite;  // how much more of it than others a revision takes; 1 unless said
  bool route_stuck = false;
  bool keeps_routes = false;  // deleted ones stay until ReleaseRoutes
  bool notify_down = false;
  graph::Evaluation::Kind answers = graph::Evaluation::Kind::kValue;
  Number error_rate;  // what gates measure, a ratio
  // The same for single gates, by their key: what they answer, and the ratio.
  std::map<std::string, std::pair<graph::Evaluation::Kind, Number>> answer_of;
  bool gates_silent = false;  // measurements are never answered
  bool removed = false;
  std::string unseen;               // Observed::unseen
  std::string uid = "rollout-uid";  // the Rollout's
  std::vector<Failure> failures;
  std::string accepted_digest;       // of the status: which graph the shell keeps besides git's
  std::vector<std::string> sent;     // messages, in order
  std::vector<std::string> refused;  // reasons of refused commands
  // Writes of routes that a proxy may follow too early or too late, because it hears of Services and of weights in no
  // order: one sentence each.
  std::vector<std::string> hasty;

 private:
  struct Deployment {
    std::string uid;
    std::int64_t version = 1, generation = 1, seen_generation = 0, epoch = 0;
    std::string owner;
    std::int32_t spec = 0;
    std::vector<TimePoint> pods;  // when each becomes ready
  };
  struct Route {
    std::string uid;
    std::int64_t version = 1, generation = 1;
    graph::Value object;
    TimePoint seen_at{};
    std::map<Revision, TimePoint> named;  // since when
    std::map<Revision, TimePoint> used;   // until when it had requests
  };
  struct Job {
    Version version;
    graph::Value object;
    std::string node;
    TimePoint ends_at{};
    TimePoint seen_at{};
    ObservedJob::State state = ObservedJob::State::kRunning;
    bool fails = false, hangs = false, deleting = false;
  };
  struct Asked {
    GateKey key;
    std::int64_t sequence = 0;
    TimePoint at{};
  };

  void Do(const ApplyObject& action);
  void Do(const DeleteObject& action);
  void Do(const MeasureGate& action);
  void Do(const SendNotification& action);
  void Do(const ConsumeCommand& action);
  void Do(const EmitEvent&) {}
  void DoJob(const ApplyObject& action);
  void RunDeployments();
  void RunJobs();
  std::optional<TimePoint> NextChange() const;
  bool AreCounted() const;
  void RunAutoscalers();
  bool Counts() const;  // some autoscaler does
  // Of the processor time that autoscalers want used of a ready pod: 1 is all of it.
  Number UseOf(const Revision& revision, const Deployment& deployment) const;
  // Pods that an autoscaler takes for right at that use, whatever its bounds.
  std::int32_t Recommended(const Revision& revision, const Deployment& deployment, const Number& use) const;
  Number ShareOfLoad(const Revision& revision) const;
  void ShowUse(const Revision& revision, const Deployment& deployment, const Number& use);
  void NoteBackends(Route& route, const graph::Value& object);
  // Whether the ConfigMaps that the revision's pods read are there; see `hasty`.
  void CheckConfig(const Revision& revision);
  std::int32_t ReadyOf(const Revision& revision, const Deployment& deployment) const;
  std::string NextUid() { return "uid-" + std::to_string(++uids_); }

  TimePoint now_{};
  std::shared_ptr<const graph::Graph> plan_;
  std::map<std::string, std::shared_ptr<const graph::Graph>> graphs_;  // by digest
  int commits_ = 0;
  std::string digest_;
  std::map<Revision, Deployment> deployments_;
  std::map<Revision, std::pair<Version, std::string>> services_;  // and their owner
  std::map<ObjectName, Route> routes_;
  std::map<Revision, std::map<ObjectName, Route>> companions_;
  std::map<std::string, Job> jobs_;                                             // by name
  std::map<Revision, std::vector<std::pair<TimePoint, std::int32_t>>> counts_;  // what autoscalers came to, and when
  std::map<Revision, std::vector<Number>> uses_;                                // at the last counts
  TimePoint counted_at_{};
  std::optional<Route> stable_service_;
  std::map<GateKey, ObservedGate> gates_;
  std::vector<Asked> asked_;
  std::vector<Command> commands_;
  std::map<std::string, bool> delivered_;
  bool had_route_ = false;
  std::optional<TimePoint> busy_until_;  // controllers have something to do then
  int uids_ = 0;
};

// Everything that a status says, as text: for comparing.
std::string Dump(const Status& status);

}  // namespace sluice::decide::test
