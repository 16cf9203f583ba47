// What the cluster and the world show, at one moment, about one rollout. Plain data, gathered by the shell.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/time.h"
#include "compiler/graph/graph.h"
#include "reconciler/decide/status.h"

namespace sluice::decide {

// The identity and version on which a write is decided.
struct Version {
  std::string uid;
  std::string resource_version;
};

// The Deployment of one revision.
struct ObservedDeployment {
  Version version;
  std::int64_t generation = 0, observed_generation = 0;
  std::int32_t spec_replicas = 0;
  std::int32_t pods = 0;   // that exist, terminating ones not counted
  std::int32_t ready = 0;  // by its status
  bool deleting = false;
  std::int64_t epoch = 0;  // graph::kEpochAnnotation; 0 if it has none
  bool drifted = false;    // the fields that we own differ from the workload's template
  std::string owner;       // graph::kOwnerAnnotation; "" if it has none
  std::string evidence;    // of pods that don't become ready: "CrashLoopBackOff: exit 1"; or ""
  std::string blocked;     // why pods are not created (quota …); or ""
};

// The StatefulSet that has the pods of all revisions (graph::Adoption::by_partition). Its fields that a Deployment has,
// too, are told with each of its revisions.
struct ObservedStatefulSet {
  struct Pod {
    std::string name;
    Version version;
    std::int32_t ordinal = 0;  // counted from the first one
    Revision revision;         // by our label; "" without one
    std::string hash;          // by Kubernetes' label
    bool ready = false;
    bool deleting = false;
    TimePoint unready_since{};  // where it isn't
    std::string evidence;       // as ObservedDeployment::evidence
  };
  ObservedDeployment set;
  Revision revision;           // that its pod template says
  Revision below;              // of the pods below the partition, and from it on until they are replaced
  std::int32_t partition = 0;  // ordinals from here on are of `revision`
  // status.updateRevision: of the template, once that was observed; status.currentRevision: of what was complete last,
  // which pods below the partition are made of.
  std::string update_hash, current_hash;
  std::vector<Pod> pods;  // as far as they are known: those without a label of ours may be missing
};

// An object as it is in the cluster.
struct ObservedObject {
  Version version;
  std::int64_t generation = 0;
  graph::Value object;  // with metadata and status; a ConfigMap without its data, which is immutable
  TimePoint seen_at{};  // when the shell first saw this version; a router's lag counts from it
};

struct ObservedRevision {
  std::optional<ObservedDeployment> deployment;
  std::optional<Version> service;                   // NAME-REV
  std::string service_owner;                        // as ObservedDeployment::owner
  std::map<ObjectName, ObservedObject> companions;  // what there is of graph::Workload::companions
  std::int32_t ready_endpoints = 0;                 // in the slices of NAME-REV
  // Since when it has had one, as far as the shell knows; none: since before anyone looked.
  std::optional<TimePoint> endpoints_since;
};

// One answered measurement round of a gate: all its measures.
struct Sample {
  std::int64_t sequence = 0;
  TimePoint at{};  // when it was true, by the answer
  TimePoint answered_at{};
  graph::Evaluation::Kind kind = graph::Evaluation::Kind::kValue;
  std::map<std::string, graph::Value> values;  // by the measure's name ("" → "value"), and the kept states
  std::string message;                         // no-data, error: what was missing
};

// Samples of one gate for one entry of a node (or of the rollout's watch: node "watch").
struct GateKey {
  std::int32_t run = 0;
  std::string node;
  std::int32_t entry = 1;
  std::string gate;  // graph::Gate::key
  friend auto operator<=>(const GateKey&, const GateKey&) = default;
};
struct ObservedGate {
  std::vector<Sample> samples;        // oldest first; the shell keeps the last 64
  std::optional<TimePoint> asked_at;  // of the measurement that is under way; none is
  // Since when every sample was no data (or every one an error), where that is longer than `samples` reach.
  std::optional<TimePoint> streak_since;
  std::int64_t next_sequence = 1;
};

// A Job that carries this rollout's label.
struct ObservedJob {
  enum class State : std::uint8_t { kRunning, kComplete, kFailed };
  ObservedObject object;
  State state = State::kRunning;
  bool deleting = false;
  std::string reason;  // of a failed one: "DeadlineExceeded"
  std::string words;   // of its pods: what a failed one said last, or why none starts; ""
};

struct Command {
  std::string uid;
  std::string verb;        // approve | reject | pause | resume | abort | retry | promote | undo | eject
  Revision revision;       // bound to; "" for any
  std::string node;        // approve, reject; "" for the one that waits
  std::int32_t entry = 0;  // 0 for the present one
  std::string who;
  std::vector<std::string> groups;
  std::string why;
  std::optional<Duration> duration;  // pause --for
  bool assume_settled = false;       // abort --assume-settled
  TimePoint at{};
};

// What became of an action of an earlier decision, where it didn't just show in the objects.
struct Failure {
  std::string what;  // the object, for people
  std::string message;
  bool conflict = false;  // the object moved on; decide again
  bool refused = false;   // forbidden, invalid: repeating changes nothing
  TimePoint since{};
};

// The Deployment that graph::Graph::adopts names, taken over or to be: what it is while it is stable's or was.
struct ObservedAdoption {
  Revision revision;                                // git's where its pods are git's, else one of its own
  std::shared_ptr<const graph::Workload> workload;  // what our field manager owns of it
  std::string not_yet;                              // why it can't be taken over now: "its own roll is not over"; ""
  std::vector<ObservedStatefulSet::Pod> pods = {};  // of a StatefulSet, where one isn't ready: those without our label
};

struct Observed {
  bool complete = false;  // first lists of all kinds are here; nothing is decided before
  bool removed = false;   // the Rollout is being deleted
  std::string unseen;     // why what is shown of pods, endpoints or routes may be old; "" if it isn't
  Revision wanted;        // git's: the graph's workload revision
  std::string digest;     // of the graph that Decide is given: the Rollout's spec.digest
  // The graph of Status::accepted_digest where that is not `digest` and is still there; else null. It stays in
  // force while an edit of the router is deferred.
  std::shared_ptr<const graph::Graph> accepted;
  std::string uid;                                                       // the Rollout's
  std::map<Revision, ObservedRevision> revisions;                        // all that exist, by label
  std::map<Revision, std::shared_ptr<const graph::Workload>> workloads;  // of every kept bundle
  std::optional<ObservedAdoption> adoption;  // none where the graph adopts nothing, or nothing is there
  std::optional<ObservedStatefulSet> stateful_set;
  std::optional<ObservedObject> stable_service;           // Service NAME
  Revision stable_service_revision;                       // its selector's; "" if it selects all
  std::map<Revision, std::int32_t> stable_service_ready;  // ready endpoints of NAME's slices by revision
  // What there is of the objects that the router writes or wrote (Applied::objects), without those of another
  // rollout.
  std::map<ObjectName, ObservedObject> router_objects;
  std::map<std::string, ObservedJob> jobs;  // by name
  std::map<GateKey, ObservedGate> gates;
  std::vector<Command> commands;          // oldest first
  std::map<std::string, bool> delivered;  // outbox key → whether the receiver took it, since the last decision
  std::vector<Failure> failures;          // standing ones
};

}  // namespace sluice::decide
