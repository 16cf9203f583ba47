// The execution graph of one rollout at one revision: what the compiler hands to the reconciler.
//
// Flat vectors and ids, because it is stored, hashed and compared. Everything a decision needs is in it;
// nothing in it depends on the time or the machine of the compile. Spans are kept apart (`spans`): they
// belong to no digest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/base/number.h"
#include "compiler/base/time.h"
#include "compiler/graph/expression.h"
#include "compiler/graph/value.h"

namespace sluice::graph {

inline constexpr int kSchemaVersion = 1;

// Index into Graph::nodes.
using NodeId = std::uint32_t;

// Where something stands in the plan: for people.
struct PlanLine {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

// What an outcome leads to. kNext: the successors. kFail: the step fails, which rolls back unless
// `on failure` begins with `hold`.
enum class Disposition : std::uint8_t { kNext, kRollback, kContinue, kHold, kFail };
enum class Outcome : std::uint8_t { kPass, kFail, kNoData, kError, kTimeout };
inline constexpr int kOutcomeCount = 5;

// Gates combined. `and`: fail, then error, then no-data, then pass; `or`: pass, then error, then no-data,
// then fail; `not` swaps pass and fail.
struct GateTree {
  enum class Kind : std::uint8_t { kGate, kAnd, kOr, kNot };
  Kind kind = Kind::kGate;
  std::uint32_t gate = 0;  // index into Graph::gates, for kGate
  std::vector<GateTree> children;
};

// Requests that go to the candidate above the weights. Conditions of one match are joined by `and`.
struct MatchCondition {
  std::string what;  // header | cookie | query | method | source
  std::string name;  // "" for method and source
  std::string test;  // is | matches | in
  std::vector<std::string> values;
  friend bool operator==(const MatchCondition&, const MatchCondition&) = default;
};
struct Match {
  std::vector<MatchCondition> conditions;
  friend bool operator==(const Match&, const Match&) = default;
};

// A number of things, or a share of a service's pods.
struct Amount {
  bool percent = false;
  Number number;  // a count, or a ratio
};

// Pods of both roles, by spec.
struct Pods {
  std::int32_t stable = 0;
  std::int32_t candidate = 0;
  friend bool operator==(const Pods&, const Pods&) = default;
};

// Brings the pods of both roles to what the next share needs. `pods` is what stands when the node and
// everything before it is done.
struct ScaleNode {
  Pods pods;
  std::int32_t min_ready = 0;  // ready pods of both roles together, at any moment of the node
  std::int32_t max_pods = 0;   // pods of both roles together by spec, at any moment of the node
  Number share;                // that the candidate is about to carry
  Number achieved;             // candidate / (candidate + stable), where shares are made by pods
  // What asks for pods of the candidate besides its share (`replicas`, a mirror, one for a match). Only under an
  // autoscaler, which moves what they come to.
  std::vector<Amount> least = {};
};
// Moves traffic. The whole state after the node, not a difference.
struct TrafficNode {
  Number share;  // of the candidate
  std::vector<Match> matches;
  Number mirror;  // 0: none
};
struct HoldNode {
  Duration duration{};
  std::optional<GateTree> guard;
};
struct CheckNode {
  GateTree gate;
};
struct PauseNode {
  std::string approver;  // a group
  std::int32_t quorum = 1;
};
// An HTTP request whose parts are residual expressions.
struct RequestTemplate {
  std::string method;
  ExpressionPtr url;
  std::vector<std::pair<std::string, ExpressionPtr>> query;
  std::vector<std::pair<std::string, ExpressionPtr>> headers;  // a value may be a literal SecretKey
  ExpressionPtr json;                                          // body, or null
  ExpressionPtr text;                                          // body, or null
  ExpressionPtr bearer;                                        // a literal SecretKey, or null
  ExpressionPtr basic_user, basic_password;                    // or null
  Duration timeout{10'000};
};
struct NotifyNode {
  RequestTemplate request;  // reads `message` and `event`
  ExpressionPtr message;
  std::string channel;  // its name, for people
};
// Runs a Kubernetes Job to its end, once; where it fails, as often again as `retries` says.
struct RunNode {
  // The Job without name, marks and deadline: a residual over the roles, `step`, `since` and `now`.
  ExpressionPtr job;
  std::string image;  // for people; "" where it is only known at run time
  std::int32_t retries = 0;
  std::optional<Duration> timeout;  // of one attempt; none: the node's bound
};
struct PromoteNode {};
// Takes away what the promotion left: drain, `keep previous`, then the old revision's pods to 0.
struct RetireNode {
  Duration keep{};
};

struct Node {
  std::string path;  // "checkout/ramp[10%]/hold": identity; never positional
  std::string step;  // "ramp[10%]"; "" for nodes of no step
  std::variant<ScaleNode, TrafficNode, HoldNode, CheckNode, PauseNode, NotifyNode, PromoteNode, RetireNode, RunNode>
      does;
  std::vector<NodeId> after;      // all smaller than this node's own id
  std::optional<Duration> bound;  // after which the outcome is kTimeout
  Disposition outcomes[kOutcomeCount] = {Disposition::kNext, Disposition::kFail, Disposition::kRollback,
                                         Disposition::kRollback, Disposition::kRollback};
  std::string effect;  // hash of what it does: share, pods, matches, mirror
  std::string intent;  // hash of `effect` and how it is left: times, gates, bounds, outcomes, approvers
  std::string prefix;  // hash of the effects of everything before
};

// One measured value of a gate.
struct Measure {
  std::string name;  // "" for the only one: its value is `value`
  RequestTemplate request;
  ExpressionPtr no_data_when;  // over `response`; or null
  ExpressionPtr error_when;    // or null
  ExpressionPtr value;         // over `response`, unit converted
  ExpressionPtr at;            // when it was true, a time; or null: when the answer came
};
struct KeepState {
  std::string name;
  Value initial;
  ExpressionPtr next;
};
struct Gate {
  std::string name;  // as the plan calls it: "error-rate(max: 1%)"
  std::string key;   // identity within the graph: hash of its content
  std::vector<Measure> measures;
  std::vector<KeepState> keep;
  ExpressionPtr pass;  // over `value` or the measures' names, and the kept states
  ExpressionPtr fail;  // or null: not passing is failing
  Duration window{};
  Duration every{30'000};
  std::int32_t fail_count = 1;  // fails after `fail_count` failing samples …
  std::int32_t fail_of = 1;     // … among the last `fail_of`
  Duration no_data_for{};
  Disposition no_data_else = Disposition::kFail;
  Duration error_for{};
  Disposition error_else = Disposition::kHold;
};

struct RouterObject {
  std::string name;
  ExpressionPtr when;      // over `split`; or null: always
  ExpressionPtr manifest;  // over `split`: a map with apiVersion, kind, metadata, spec
};
// How traffic is split: a residual function from a split to objects.
//
// Bound when the graph is made: `route` { name, namespace, hosts, paths } (hosts and paths are lists) and
// `service` { name, namespace, port, ports: [{ name, port }] }.
// Roles (`stable`, `candidate`, in gates and messages): { name, namespace, revision, image, version, service,
// address }; service is "NAME-REV" ("NAME" where shares are made by pods), address "SERVICE.NAMESPACE:PORT".
// Root `split`: { backends: [{ role, revision, service, port, address, weight }], matches: [{ to: backend,
// conditions: [{ what, name, test, value, values }] }], mirrors: [{ to: backend, share }] }. Backends come
// in the order stable, candidate, leaving; one without a live revision is left out; weights are percents
// that sum to 100%. Root `object`: the router's objects as they are in the cluster, by name.
struct Router {
  std::string name;             // "gateway"
  bool shares_by_pods = false;  // no traffic nodes, no objects
  enum class Address : std::uint8_t { kStable, kPods, kRouter };
  Address address = Address::kStable;  // what Service NAME points at
  std::vector<RouterObject> objects;
  ExpressionPtr settled_when;  // over `object`; or null
  Duration settled_after{};
  Duration lag{2'000};  // until proxies follow: an accepted route, or a revision's first ready endpoint
};

// One revision of a service as objects. What is stored for a revision that is stable, leaving or kept.
struct Workload {
  std::string revision;         // 8 hex digits
  std::string revision_digest;  // the whole hash, with its algorithm: "r1:<64 hex>"
  std::string image;
  std::string version;        // the image's tag, or its digest's first 12 digits
  std::int32_t replicas = 1;  // of the service: N
  Value deployment;           // named NAME-REV, but see Adoption; spec.replicas is set by the executor
  Value service;              // NAME-REV, or none where shares are made by pods
  // What comes and goes with the revision: its ConfigMaps, its disruption budget. In the order of their writes.
  std::vector<Value> companions;
  // "" for a revision that Sluice made, whose pods carry kRevisionLabel. Of one that was taken over: the value of
  // kPodHashLabel that its pods carry instead. In no bundle.
  std::string pod_hash = {};
};

// The pods of each revision are counted by a HorizontalPodAutoscaler: that of Workload::companions. What a graph says
// of numbers of pods (Workload::replicas, scale nodes, Policies) stands for its minimum; Resized says it for others.
struct Autoscaler {
  std::int32_t min = 1, max = 1;
  Amount surge, unavailable;
};

// A Deployment or StatefulSet that runs already, taken over as stable's without a pod being restarted.
struct Adoption {
  std::string deployment;  // its name
  // A StatefulSet: all revisions are pods of the one object, which is Workload::deployment with the pod template of its
  // revision. Pods from its partition on are of the revision that its template says, those below of the one before.
  bool by_partition = false;
  Value pods;          // its pod template as the plan's files say it, without what is added for a rollout
  std::string budget;  // the name of its PodDisruptionBudget; ""
};

struct Policies {
  Duration deadline{30LL * 24 * 3600 * 1000};
  Disposition deadline_else = Disposition::kRollback;
  Duration drain{30'000};
  Duration keep_previous{};
  std::int32_t fast_track = 0;  // revisions; 0: only stable itself
  Number tolerance = Number::Ratio(5, 100);
  bool delete_on_removal = true;
  bool capacity_shared = false;
  std::int32_t surge = 1;        // pods
  std::int32_t unavailable = 0;  // pods
};

struct Graph {
  int schema = kSchemaVersion;
  std::string rollout;  // its name
  std::string rollout_namespace;
  std::string service;   // the service's name
  std::string source;    // the plan file; written with the spans, not part of the digest
  Workload workload;     // the candidate's
  Value stable_service;  // Service NAME without its selector's revision; see Router::address
  Router router;
  Policies policies;
  std::optional<Autoscaler> autoscaler;
  std::optional<Adoption> adopts;
  std::vector<Gate> gates;
  std::optional<GateTree> watch;
  std::vector<Node> nodes;  // forward nodes, in an order in which `after` only points back
  bool hold_on_failure = false;
  std::vector<Node> on_failure;  // verbs, in order
  std::vector<Node> on_success;
  FunctionTable functions;
  std::vector<PlanLine> spans;  // of nodes, by NodeId; not part of the digest
  std::vector<PlanLine> failure_spans, success_spans;
};

}  // namespace sluice::graph
