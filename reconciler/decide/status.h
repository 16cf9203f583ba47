// What neither git nor the cluster can tell about a rollout: the durable half of a decision.
//
// Stored as Rollout.status. Plain data; ordered containers only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/base/copy_on_write.h"
#include "compiler/base/number.h"
#include "compiler/base/time.h"
#include "compiler/graph/graph.h"

namespace sluice::decide {

inline constexpr int kStatusSchemaVersion = 1;

// A revision's name: 8 hex digits.
using Revision = std::string;

enum class Phase : std::uint8_t {
  kIdle,         // nothing was ever rolled out
  kProgressing,  // walking the graph
  kGoingBack,    // moving everything to stable
  kSettled,      // what git wants is stable and the old pods are gone
  kWaiting,      // a named state waits for someone: see Hold
};

// Named states that wait for someone; each names a command and a commit that leave it (decide/hold.h).
// kHeld, kFirstInstallFailed and kRollbackFailed stand with Phase::kWaiting; the others stand beside the phase in
// which the rollout is (a paused rollout is kProgressing with Hold::kPaused) and go when their cause goes.
enum class Hold : std::uint8_t {
  kNone,
  kHeld,              // the revision failed and was rolled back
  kStableDown,        // stable has no ready endpoint, the candidate has
  kTrafficUnsettled,  // the route never became settled
  kFirstInstallFailed,
  kRollbackFailed,  // stable does not become ready
  kEditDeferred,    // router, route or port changed while a candidate has traffic
  kBlocked,         // something refuses our writes
  kStalled,         // the plan said `hold`, or the bundle is not acceptable
  kPaused,          // a person paused
  kEjected,         // a person let go of it: its objects are nobody's
};

// An object of the cluster by name.
struct ObjectName {
  std::string api_version, kind, namespace_, name;
  friend auto operator<=>(const ObjectName&, const ObjectName&) = default;
};

// What is applied: the split and the pods that our writes added up to.
struct Applied {
  std::map<Revision, Number> shares;    // of live backends; sums to 1 once anything is routed
  std::map<Revision, Number> previous;  // the split before this one: what proxies may still show until settled
  std::vector<graph::Match> matches;    // to the candidate
  Number mirror;
  std::map<Revision, std::int32_t> pods;  // by spec; fewer once the spec is seen to say so
  std::int64_t sequence = 0;              // counts splits; router objects carry it as kSplitAnnotation
  // Router objects that may be there: named before they are written, for as long as they are not seen to be gone,
  // whatever the router says by then. Sorted.
  std::vector<ObjectName> objects;
  // Router objects of this split whose write was decided, in its order; one more once those that it does without
  // were deleted.
  std::int32_t objects_written = 0;
  std::optional<TimePoint> written_at;  // of the last object of the last split, written or deleted
  std::optional<TimePoint> settled_at;  // of the last split; unset while it is not settled
  std::optional<TimePoint> pods_at;     // of the last change of `pods`
  friend bool operator==(const Applied&, const Applied&) = default;
};

enum class NodeState : std::uint8_t { kActive, kDone };
struct NodeRecord {
  NodeState state = NodeState::kActive;
  graph::Outcome outcome = graph::Outcome::kPass;  // kDone only
  std::string effect, intent;                      // as they were when it was entered (done: left)
  std::int32_t entry = 1;
  TimePoint entered_at{};
  std::optional<TimePoint> settled_at;  // when its effect was in place
  std::optional<TimePoint> left_at;
  std::optional<TimePoint> deadline;  // absolute; of the bound
  std::string evidence;               // decisive, for people: "error-rate 8.1% > 1%"
  std::string exception;              // why it was passed without its condition: "first install", "promote by ann"
  bool recheck = false;               // done, its intent was edited: the gate is looked at once more
  std::int32_t failed_attempts = 0;   // of a Job, in this entry
  std::string job_uid;                // of this attempt's Job, once it was seen
  friend bool operator==(const NodeRecord&, const NodeRecord&) = default;
};

// A person's answer to a pause, bound to revision, run, node and entry.
struct Approval {
  std::string node;
  std::int32_t run = 1, entry = 1;
  Revision revision;
  std::string who, why;
  bool approved = true;
  TimePoint at{};
  friend bool operator==(const Approval&, const Approval&) = default;
};

// A person's command that was looked at, once and for all.
struct TakenCommand {
  std::string uid;
  std::string refused;  // why it did nothing; ""
  friend bool operator==(const TakenCommand&, const TakenCommand&) = default;
};

// A notification that was decided and not yet delivered.
struct Outgoing {
  std::string key;      // (run, node, entry): told to the receiver as Idempotency-Key
  std::string node;     // path of the notify node
  std::string message;  // text, evaluated
  std::int32_t tries = 0;
  TimePoint not_before{};
  friend bool operator==(const Outgoing&, const Outgoing&) = default;
};

struct HeldRevision {
  Revision revision;
  std::string cause;
  TimePoint at{};
  bool lifted = false;  // by another revision in between, or by `retry`
  friend bool operator==(const HeldRevision&, const HeldRevision&) = default;
};

// One walk of a graph, ended or not.
struct RunRecord {
  std::int32_t run = 0;
  Revision revision, from;  // "" if there was no stable
  std::string image;
  std::string outcome;  // progressing | promoted | rolled-back | superseded | aborted | reverted | undone | adopted |
                        // removed | failed (a first install)
  std::string reason;   // of the outcome
  std::string who;      // of a command that ended it; ""
  TimePoint started_at{};
  std::optional<TimePoint> ended_at;
  struct NodeResult {
    std::string path;
    graph::Outcome outcome = graph::Outcome::kPass;
    bool skipped = false;  // passed by without its condition: `evidence` says why
    std::string evidence;
    TimePoint at{};
    friend bool operator==(const NodeResult&, const NodeResult&) = default;
  };
  std::vector<NodeResult> nodes;
  friend bool operator==(const RunRecord&, const RunRecord&) = default;
};

struct Status {
  int schema = kStatusSchemaVersion;
  Phase phase = Phase::kIdle;
  Hold hold = Hold::kNone;
  std::string hold_reason;  // what, for people
  std::optional<TimePoint> hold_since;

  std::string accepted_digest;     // of the graph that is being walked
  Revision candidate;              // "" if none
  Revision stable;                 // "" before the first promotion
  std::vector<Revision> leaving;   // at most two
  std::vector<Revision> promoted;  // newest first; for fast-track and undo
  Revision pinned;                 // by `undo`: until git's revision changes
  Revision pinned_over;            // git's revision when it was pinned

  std::int32_t run = 0;  // counts up for ever
  std::optional<TimePoint> run_started_at;
  Duration excluded{};                      // of the deadline: approvals, closed windows, a person's pause
  std::map<std::string, NodeRecord> nodes;  // of this run, by path
  // How often a run node was entered in this run, by path: no two of its Jobs are one.
  std::map<std::string, std::int32_t> job_entries;
  Applied applied;
  // Under an autoscaler, while something moves: the pods that the service needs (decide/autoscale.h); 0 at rest.
  std::int32_t demand = 0;

  // Going back: from when, to whom, why.
  std::string back_reason;
  std::string back_node;  // whose outcome caused it; "" for a person or a commit
  std::optional<TimePoint> back_since;
  std::string back_outcome;                     // of the run, once it is over: RunRecord::outcome
  bool back_holds = false;                      // the revision is held in the end
  std::map<Revision, TimePoint> drained_since;  // revisions without traffic: since when

  std::optional<TimePoint> promoted_at;
  bool paused = false;
  std::string paused_by;
  std::optional<TimePoint> paused_at, paused_until;
  bool stalled = false;  // an outcome led to `hold`: forward is blocked until someone acts
  std::string stalled_reason, stalled_node;
  // What that node came to, or back_node, or the watch; unset where it was none of them.
  std::optional<graph::Outcome> cause;
  bool first_install = false;              // of this run: there was no stable when it began
  bool fast_track = false;                 // of this run: back to a promoted revision
  std::optional<TimePoint> exposed_at;     // of this run: when traffic was first sent to the candidate
  std::optional<TimePoint> unready_since;  // the candidate's ready pods are below what its share needs
  bool skip_to_end = false;                // `promote` by a person
  std::string skip_by;

  std::vector<Approval> approvals;
  std::vector<Outgoing> outbox;
  std::vector<TakenCommand> consumed;           // newest last, bounded
  std::vector<HeldRevision> held;               // last ten
  std::vector<CopyOnWrite<RunRecord>> history;  // last ten, newest last; statuses share those that ended

  std::string executor;  // identity
  std::int64_t epoch = 0;
  friend bool operator==(const Status&, const Status&) = default;
};

}  // namespace sluice::decide
