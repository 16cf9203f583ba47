// The world of an exploration: a cluster, routers and metrics reduced to what decides, as plain data that is copied at
// each branch.
//
// Virtual time. What the world does by itself takes fixed times; whatever else may happen to it is a disturbance
// (disturbance.h). Numbers of pods are told, not pods.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconciler/decide/decide.h"
#include "reconciler/verify/subject.h"

namespace sluice::verify {

using decide::Revision;

// From a write to what a controller makes of it; from a pod's start to its being ready; from a question to its answer.
inline constexpr Duration kControllerLag{1'000};
inline constexpr Duration kPodStart{5'000};
inline constexpr Duration kAnswerTime{200};
inline constexpr Duration kJobTime{20'000};

// The pods of one revision.
struct RevisionPods {
  bool exists = false;  // its Deployment
  std::int32_t uid = 0, version = 0;
  std::int64_t generation = 0, seen_generation = 0, epoch = 0;
  std::string owner;
  std::int32_t spec = 0, ready = 0, starting = 0;
  std::optional<TimePoint> acts_at;   // the controller takes the spec up
  std::optional<TimePoint> ready_at;  // the starting ones are ready
  std::optional<TimePoint> endpoints_since;
  bool sick = false;  // no pod of it is ready, whatever is done
};

// An object that is neither a Deployment nor a Job.
struct WorldObject {
  std::int32_t uid = 0, version = 0;
  std::int64_t generation = 1, followed = 0;  // what its controller says that it took up
  graph::Value object;
  TimePoint seen_at{};
  bool routes = false;     // one of the router's
  std::int64_t split = 0;  // for which it was written
  bool edited = false;     // by somebody else
};

struct WorldJob {
  std::int32_t uid = 0, version = 0;
  graph::Value object;
  std::string node;
  decide::ObservedJob::State state = decide::ObservedJob::State::kRunning;
  std::optional<TimePoint> ends_at;  // none: it hangs
  TimePoint seen_at{};
  bool fails = false, deleting = false;
};

// A split that routers may still follow.
struct FollowedSplit {
  std::int64_t sequence = 0;
  std::map<Revision, Number> shares;
  bool aside = false;  // by matches or a mirror to the candidate
  Revision candidate;
};

// What a gate answers until something else happens.
enum class Answer : std::uint8_t { kPass, kFail, kNoData, kError };

class World {
 public:
  // Outlived by `subject`. `committed`: which graph of the subject.
  World(const Subject& subject, std::size_t committed);

  const Subject& subject() const { return *subject_; }
  const graph::Graph& plan() const { return *subject_->graphs[git]; }
  decide::Observed Observe(const decide::Status& status) const;
  // Carries out the first `count` of the actions. `status`: that on which they were decided.
  void Perform(const decide::Status& status, const std::vector<decide::Action>& actions, std::size_t count);
  // When it changes by itself next.
  std::optional<TimePoint> NextEvent() const;
  void MoveTo(TimePoint time);
  // The executor starts anew: what only it kept is gone.
  void Restart();
  void Say(decide::Command command);
  // Rounds gates to those that are still looked at.
  void Forget(const decide::Status& status);

  // Whether proxies may send it requests.
  bool MayGetRequests(const Revision& revision) const;
  bool Routes() const;  // objects of the router make the split
  std::int32_t ReadyOf(const Revision& revision) const;
  // Null for a gate that the plan doesn't have.
  const graph::Gate* GateOf(const decide::GateKey& key) const;

  TimePoint now{};
  std::size_t git = 0;
  std::map<Revision, RevisionPods> pods;
  std::map<decide::ObjectName, WorldObject> objects;
  std::map<std::string, WorldJob> jobs;
  std::map<decide::GateKey, decide::ObservedGate> gates;
  std::vector<FollowedSplit> followed;  // in their order; the last one is what the routers are told
  std::vector<decide::Command> commands;
  std::map<std::string, bool> delivered;

  // Until something else happens.
  std::vector<Answer> answers;  // by the index of the gate
  bool no_room = false;         // no pod can be made
  bool routers_stand = false;   // routers take nothing up
  bool nobody_approves = false;
  bool jobs_fail = false, jobs_hang = false;

 private:
  struct Asked {
    decide::GateKey key;
    std::int64_t sequence = 0;
    std::uint32_t gate = 0;
    TimePoint at{};
  };

  void Do(const decide::Status& status, const decide::ApplyObject& action);
  void Do(const decide::Status& status, const decide::DeleteObject& action);
  void Do(const decide::Status& status, const decide::MeasureGate& action);
  void Do(const decide::Status& status, const decide::SendNotification& action);
  void Do(const decide::Status& status, const decide::ConsumeCommand& action);
  void Do(const decide::Status&, const decide::EmitEvent&) {}
  void ApplyPods(const Revision& revision, const decide::ApplyObject& action);
  void ApplyJob(const std::string& name, const decide::ApplyObject& action);
  void RunPods();
  void RunJobs();
  void RunRouters();
  void RunGates();

  friend class KeyWriter;
  const Subject* subject_;
  std::vector<Asked> asked_;
  std::int32_t uids_ = 0;
};

}  // namespace sluice::verify
