// The checked plan set: names resolved, types and units right, everything known at compile time
// evaluated. What lowering and lints work on.
//
// Values are plain (no handle); what depends on the cluster is a residual. Every field keeps the span at
// which an author would change it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/check/checked_test.h"
#include "compiler/graph/expression.h"
#include "compiler/graph/graph.h"
#include "compiler/graph/value.h"
#include "compiler/source/span.h"
#include "compiler/syntax/ast.h"

namespace sluice::check {

using source::Span;

template <typename T>
struct Located {
  T value{};
  Span span;
};

// Where a field of an object was written. One that is not listed was written with the nearest field above it.
struct FieldSpan {
  std::string pointer;  // RFC 6901: "/spec/ports/0"
  Span span;
};

using graph::Amount;

struct Port {
  std::string name;
  std::int32_t number = 0;
  Span span;
};

struct Probe {
  syntax::ProbeClause::Purpose purpose = syntax::ProbeClause::Purpose::kReady;
  syntax::ProbeClause::Means means = syntax::ProbeClause::Means::kHttp;
  std::string path;                  // http
  std::string port;                  // name or number; "" for the first
  std::vector<std::string> command;  // exec
  std::optional<Duration> every, timeout, after;
  Span span;
};

struct EnvEntry {
  std::string name;
  graph::Value value;  // text, or a SecretKey
  Span span;
};

// Files that pods find in a directory: a ConfigMap.
struct Config {
  std::string mount_path;
  std::map<std::string, std::string> files;  // bytes by name
  Span span;                                 // of the clause
};

// What a plan says of one of a service's objects beyond its clauses.
struct Patch {
  std::string kind;
  graph::Value value;             // a map
  std::vector<FieldSpan> fields;  // of `value`
  Span span;                      // of the kind
};

// `replicas 4 to 20 at cpu 70%`: how many pods there are at most, and what they are counted by. The service's
// `replicas` are the least.
struct Autoscaling {
  Located<std::int32_t> max{1, {}};
  std::string resource;      // cpu | memory
  std::int64_t percent = 0;  // of what a pod requests, on average
  Span span;                 // of the target
};

// A workload that runs already, as YAML files describe it: `service … from "FILES"`. Objects as written, without what
// only an API server says.
struct Adopted {
  graph::Value deployment;    // or StatefulSet
  bool by_partition = false;  // it is a StatefulSet
  graph::Value service;       // Service NAME; none without one
  graph::Value budget;        // PodDisruptionBudget; none without one, and beside a StatefulSet
  // Where the fields of these objects were written.
  std::vector<FieldSpan> deployment_fields, service_fields, budget_fields;
  Span deployment_span, service_span, budget_span;
  Span span;  // of the clause
};

struct Service {
  std::string name;
  Span span;         // of the name
  Span declaration;  // the keyword
  std::string namespace_;
  Span namespace_span;  // unknown if it is not written: the default is "default"
  Located<std::string> image;
  Located<std::int32_t> replicas{1, {}};
  std::optional<Autoscaling> autoscaling;
  std::optional<Located<Amount>> surge, unavailable;
  std::optional<Located<Amount>> disruption;  // pods that may be evicted at once; a percent is a whole one
  std::vector<Port> ports;
  std::vector<Probe> probes;
  std::optional<Located<graph::Value>> cpu_request, cpu_limit, memory_request, memory_limit;  // number · bytes
  std::vector<std::string> command, args;
  Span command_span, args_span;
  std::vector<EnvEntry> env;
  std::vector<Config> configs;
  std::vector<Patch> patches;  // at most one a kind
  // Then what the clauses would say is said there: `image`, `replicas`, `surge`, `unavailable`, `ports` and
  // `namespace_` are read from it, the other clauses have nothing.
  std::optional<Adopted> adopted;
};

// What a router can do.
struct Supports {
  bool weight = false;
  Number weight_by;  // 0: any
  bool mirror = false;
  Number mirror_by;                                          // the smallest step: 1 means all or nothing
  std::vector<std::pair<std::string, std::string>> matches;  // {"header", "is"}
  bool preview = false;                                      // candidate pods at weight 0 can be reached
  Span span;                                                 // the `supports` clause
};

struct RouterInstance {
  graph::Router router;  // residuals over `split` and `object`; `route` and `service` still open roots
  std::map<std::string, std::vector<FieldSpan>> fields;  // of each of its objects, by name
  Supports supports;
  Span declaration;  // of the router's name
  Span span;         // of the expression that made it
};

struct Route {
  std::string name;
  Span span;
  std::string namespace_;  // "" if not written: the service's
  std::vector<std::string> hosts;
  std::vector<std::string> paths;
  std::shared_ptr<const RouterInstance> router;  // null if `via` was wrong
};

struct GateInstance {
  graph::Gate gate;
  Span declaration;
  Span span;  // of the call
};
// A gate expression: leaves are instances. Shared between its uses.
struct GateExpression {
  graph::GateTree::Kind kind = graph::GateTree::Kind::kGate;
  std::shared_ptr<const GateInstance> instance;
  std::vector<std::shared_ptr<const GateExpression>> children;
  Span span;
};
using GatePtr = std::shared_ptr<const GateExpression>;

struct ChannelInstance {
  std::string name;
  graph::RequestTemplate request;
  Span span;
};

struct Weight {
  Number share;
};
struct Replicas {
  Amount amount;
};
struct MatchLine {
  graph::Match match;  // no conditions: `match none`
};
struct Mirror {
  Number share;  // 0: `mirror none`
};
struct Hold {
  Duration duration{};
  GatePtr guard;
  std::optional<graph::Disposition> otherwise;
};
struct Check {
  GatePtr gate;
  std::optional<Duration> within;
  std::optional<graph::Disposition> otherwise;
};
struct Pause {
  std::optional<std::string> approver;
  std::int32_t quorum = 1;
  std::optional<Duration> within;
  std::optional<graph::Disposition> otherwise;
};
// A container that runs to its end.
struct Job {
  graph::ExpressionPtr image;                                     // text
  graph::ExpressionPtr command, args;                             // lists of texts; or null
  std::vector<std::pair<std::string, graph::ExpressionPtr>> env;  // text, or a literal SecretKey
  std::optional<Located<graph::Value>> cpu, memory;               // number · bytes
  std::optional<Located<Duration>> timeout;                       // of one attempt
};
struct Run {
  Job job;
  Duration within{};
  std::int32_t retries = 0;
  std::optional<graph::Disposition> otherwise;
};
struct Notify {
  std::shared_ptr<const ChannelInstance> channel;
  graph::ExpressionPtr message;
};
struct Promote {};

struct Verb {
  std::variant<Weight, Replicas, MatchLine, Mirror, Hold, Check, Pause, Run, Notify, Promote> verb;
  std::string word;  // "hold"
  std::optional<std::string> as;
  Span span;        // the whole verb; of a strategy's step: where the strategy is used
  Span value_span;  // its first value; of a strategy's step: as `span`
  Span definition;  // the whole verb where it is written
};

struct Step {
  std::string name;       // "smoke", "ramp[10%]"
  std::string base_name;  // "ramp"
  Span span;              // of the name; for a step of a strategy: where the strategy is used
  Span definition;        // of the name where it is written
  // Names of steps of this rollout, left-out ones too, as `after` says; of a repeated step the one before
  // it. Empty: it follows the step before it in `steps`.
  std::vector<std::string> after;
  bool left_out = false;    // its `when` is false: done as soon as what it follows is done
  bool incomplete = false;  // a verb is missing after a mistake
  std::vector<Verb> verbs;
};

struct Rollout {
  std::string name;
  Span span;  // of the name
  Span declaration;
  const Service* service = nullptr;  // `deploy`; null if it was wrong
  Span deploy_span;
  const Route* route = nullptr;  // `through`; null: shares by pods
  Span through_span;
  std::shared_ptr<const RouterInstance> router;  // the route's; of `std.routers.replicas` without a route
  GatePtr watch;
  std::optional<Located<bool>> capacity_shared;
  std::optional<Located<Duration>> deadline;
  std::optional<graph::Disposition> deadline_else;
  std::optional<Located<Number>> tolerance;
  std::optional<Located<Duration>> drain, keep_previous;
  std::optional<Located<std::int32_t>> fast_track;
  bool delete_on_removal = true;
  std::vector<Step> steps;  // in the order of the source; a strategy's in its place
  bool hold_on_failure = false;
  std::vector<Verb> on_failure, on_success;
  bool incomplete = false;  // a mistake left out steps or verbs: what is missing here is no mistake of its own
};

// `object name { … }`.
struct StaticObject {
  std::string name;
  graph::Value value;
  bool keep = false;  // @keep
  Span span;
  Span value_span;
  std::vector<FieldSpan> fields;
};

struct Suppression {  // @allow(name, reason: "…", until: …)
  std::string lint;
  std::string reason;
  std::string until;  // "2027-01-31"; "" for ever
  Span span;
  Span declaration;      // what it covers
  bool library = false;  // of a strategy's step: covers its use; need not be used
};

struct CheckedPlanSet {
  // Pointers in rollouts point into these; never reallocated after the check.
  std::vector<std::unique_ptr<Service>> services;
  std::vector<std::unique_ptr<Route>> routes;
  std::vector<std::unique_ptr<Rollout>> rollouts;
  std::vector<StaticObject> objects;
  std::vector<Test> tests;         // those without a mistake
  graph::FunctionTable functions;  // called by any residual of the set
  std::vector<Suppression> suppressions;
};

}  // namespace sluice::check
