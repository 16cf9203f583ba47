// What came of a scenario: plain data, moment by moment. All times count from the scenario's commit.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "compiler/base/number.h"
#include "compiler/base/time.h"
#include "compiler/graph/graph.h"

namespace sluice::simulate {

// What a rollout may wait for.
enum class Wait : std::uint8_t { kPods, kRoute, kHold, kVerdict, kApproval, kJob, kOldPods, kWayBack, kPerson };
inline constexpr int kWaitCount = 9;
// "pods", "way back".
inline const char* WaitName(Wait wait) {
  static constexpr const char* kNames[kWaitCount] = {"pods", "route",    "hold",     "verdict", "approval",
                                                     "Job",  "old pods", "way back", "a person"};
  return kNames[static_cast<std::size_t>(wait)];
}

// How things stand from `at` until the next moment.
struct Moment {
  Duration at{0};
  Number weight;                     // of the candidate, as written to the route, or its share of the pods
  std::int32_t ready_stable = 0;     // pods
  std::int32_t ready_candidate = 0;  // 0 once it is stable
  std::int32_t pods = 0;             // of all revisions, those that are ending too
  std::string step;                  // the furthest that was entered; ""
  std::string state;                 // "progressing", "settled", "Held" …
  std::string waits;                 // what for, for people; ""
  std::set<Wait> waits_for = {};
};

// What a gate, a person or a Job said, or that what was waited for didn't come in time.
struct Ending {
  Duration at{0};
  std::string path;  // of the node, without the rollout's name: "ramp[10%]/hold"; "watch"
  graph::Outcome outcome = graph::Outcome::kPass;
  std::string why;       // for people; ""
  graph::PlanLine line;  // of the node
};

// Something that a person would want to see in the story.
struct Event {
  Duration at{0};
  std::string what;
  graph::PlanLine line;  // of the node that it is about; no file: of none
};

struct Course {
  std::string trouble;              // why there was nothing to see: the version before could not be installed; ""
  bool out_of_time = false;         // it was cut off
  std::vector<std::string> broken;  // promises of the core that were broken: a mistake of Sluice, not of the plan
  std::string outcome;              // see check/test_facts.h
  std::string reason;               // of the outcome, for people; ""
  Duration elapsed{0};              // to the outcome; of what is unfinished or held, to the last moment
  std::string step;                 // the furthest that was entered; ""
  std::vector<Moment> moments;      // ascending; at least one unless there is trouble
  std::vector<Event> events;        // ascending
  std::map<std::string, Duration> entered, left;  // by step
  std::set<std::string> walked;                   // steps that were carried out, not passed by
  std::vector<Ending> endings;                    // ascending
  bool failed = false;                            // a step or the watch failed: `on failure` is what follows
  bool past_deadline = false;                     // the rollout's own was over
  std::vector<std::string> unanswered;            // addresses that were asked, and that nothing answers
  std::vector<std::string> notifications;
  // What each node came to that was not passed by: by path. Of the watch: "watch".
  std::set<std::pair<std::string, graph::Outcome>> outcomes;
  std::int64_t requests = 0, candidate_requests = 0;  // candidate's: those that its pods answered
  std::int64_t bad_requests = 0;                      // of these, answered with 5xx
  std::int64_t lost_requests = 0;                     // that met no ready endpoint
  std::int64_t writes = 0;                            // requests of ours that change something
  std::int32_t peak_pods = 0;
  Number pod_hours;
};

// A node's path without the rollout's name: "ramp[10%]/hold".
inline std::string PathWithin(const std::string& path) { return path.substr(path.find('/') + 1); }

}  // namespace sluice::simulate
