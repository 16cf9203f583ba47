// Writes down what becomes of one rollout, from what the API server commits: no part of the system knows of it.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "reconciler/decide/status.h"
#include "reconciler/embedded/embedded_cluster.h"
#include "reconciler/simulate/course.h"
#include "reconciler/simulate/subject.h"

namespace sluice::simulate {

class Witness {
 public:
  // Sees every write to `cluster` from now on. Outlived by both; `subject` outlives it.
  Witness(embedded::EmbeddedCluster& cluster, const Subject& subject);

  // The commit is now: what happens from here on is the course.
  void Begin(TimePoint commit);
  // Something that nobody reads from the cluster: a person's command, a circumstance that begins.
  void Tell(const std::string& what);
  // As stored last.
  const decide::Status& status() const { return status_; }
  // Commands that were there and are not any more: each was taken.
  int commands_gone() const { return commands_gone_; }
  // The course until `end`.
  Course Finish(TimePoint end);

  // Called after each change of the rollout's status, within the commit: must not write.
  std::function<void()> on_status;
  // What the rollout waits for, for people.
  std::function<std::string()> waits;
  // Time as it is now.
  std::function<TimePoint()> now;

 private:
  struct Pod {
    std::string revision;
    bool ready = false;
  };

  void See(const embedded::Change& change);
  void SeePod(const embedded::Change& change);
  void SeeStatus(const cluster::Json& rollout);
  void SeeNodes(const decide::Status& after);
  void SeeBeginning(const graph::Node& node, const graph::PlanLine& line, const decide::NodeRecord& record);
  void SeeEnd(const graph::Node& node, const graph::PlanLine& line, const decide::NodeRecord& record);
  void SeeSteps(const decide::Status& after);
  void SeeTurns(const decide::Status& after);
  void SeeFailure(const decide::Status& after);
  void AddEnding(const graph::Node* node, const graph::PlanLine& line, graph::Outcome outcome, const std::string& why);
  std::set<Wait> WaitsFor() const;
  void Look();
  std::int32_t Ready(const std::string& revision) const;
  Duration At(TimePoint time) const { return std::max(time - commit_, Duration(0)); }
  void Add(const std::string& what, const graph::PlanLine& line = {}) {
    course_.events.push_back({At(now()), what, line});
  }
  const graph::Node* NodeAt(const std::string& path, graph::PlanLine* line) const;
  void Judge();

  embedded::EmbeddedCluster& cluster_;
  const Subject& subject_;
  bool begun_ = false;
  TimePoint commit_{};
  std::map<std::string, Pod> pods_;  // of the service, by uid
  int commands_gone_ = 0;
  decide::Status status_;
  Course course_;
  std::int64_t requests_ = 0, lost_requests_ = 0;  // before the commit
};

}  // namespace sluice::simulate
