// The JSON form of a graph, said once for writing and for reading. Private to this folder.
//
// `Fields(archive, x)` names every member of x in the order of the text. An archive has
//   Field(name, member)      any type that has Fields or is known to the archive
//   Required(name, pointer)  an expression that is always there: null reads as the literal `none`
//   Optional(name, values)   a list that came later: a text without it has an empty one, which isn't written
//   Kind(name, variant)      the alternative's word; reading makes that alternative
// Times carry their unit in the name.
#pragma once

#include <array>
#include <string_view>
#include <type_traits>
#include <variant>

#include "compiler/graph/graph.h"

namespace sluice::graph {

// `const T` while writing, `T` while reading.
template <typename Archive, typename T>
using Ref = std::conditional_t<Archive::kReading, T, const T>&;

// The words of enumerations, in the order of their values.
inline constexpr std::array<std::string_view, 5> kDispositionWords = {"next", "rollback", "continue", "hold", "fail"};
inline constexpr std::array<std::string_view, 5> kOutcomeWords = {"pass", "fail", "no_data", "error", "timeout"};
inline constexpr std::array<std::string_view, 4> kGateTreeWords = {"gate", "and", "or", "not"};
inline constexpr std::array<std::string_view, 3> kAddressWords = {"stable", "pods", "router"};
// In the order of the alternatives of Node::does.
inline constexpr std::array<std::string_view, 9> kNodeWords = {"scale",  "traffic", "hold",   "check", "pause",
                                                               "notify", "promote", "retire", "run"};
static_assert(kNodeWords.size() == std::variant_size_v<decltype(Node::does)>);

constexpr const auto& WordsOf(Disposition) { return kDispositionWords; }
constexpr const auto& WordsOf(GateTree::Kind) { return kGateTreeWords; }
constexpr const auto& WordsOf(Router::Address) { return kAddressWords; }

template <typename A>
void Fields(A& a, Ref<A, PlanLine> x) {
  a.Field("file", x.file);
  a.Field("line", x.line);
  a.Field("column", x.column);
}
template <typename A>
void Fields(A& a, Ref<A, GateTree> x) {
  a.Field("kind", x.kind);
  a.Field("gate", x.gate);
  a.Field("children", x.children);
}
template <typename A>
void Fields(A& a, Ref<A, MatchCondition> x) {
  a.Field("what", x.what);
  a.Field("name", x.name);
  a.Field("test", x.test);
  a.Field("values", x.values);
}
template <typename A>
void Fields(A& a, Ref<A, Match> x) {
  a.Field("conditions", x.conditions);
}
template <typename A>
void Fields(A& a, Ref<A, Pods> x) {
  a.Field("stable", x.stable);
  a.Field("candidate", x.candidate);
}
template <typename A>
void Fields(A& a, Ref<A, RequestTemplate> x) {
  a.Field("method", x.method);
  a.Required("url", x.url);
  a.Field("query", x.query);
  a.Field("headers", x.headers);
  a.Field("json", x.json);
  a.Field("text", x.text);
  a.Field("bearer", x.bearer);
  a.Field("basic_user", x.basic_user);
  a.Field("basic_password", x.basic_password);
  a.Field("timeout_ms", x.timeout);
}

template <typename A>
void Fields(A& a, Ref<A, Amount> x) {
  a.Field("percent", x.percent);
  a.Field("number", x.number);
}
template <typename A>
void Fields(A& a, Ref<A, ScaleNode> x) {
  a.Field("pods", x.pods);
  a.Field("min_ready", x.min_ready);
  a.Field("max_pods", x.max_pods);
  a.Field("share", x.share);
  a.Field("achieved", x.achieved);
  a.Optional("least", x.least);
}
template <typename A>
void Fields(A& a, Ref<A, TrafficNode> x) {
  a.Field("share", x.share);
  a.Field("matches", x.matches);
  a.Field("mirror", x.mirror);
}
template <typename A>
void Fields(A& a, Ref<A, HoldNode> x) {
  a.Field("duration_ms", x.duration);
  a.Field("guard", x.guard);
}
template <typename A>
void Fields(A& a, Ref<A, CheckNode> x) {
  a.Field("gate", x.gate);
}
template <typename A>
void Fields(A& a, Ref<A, PauseNode> x) {
  a.Field("approver", x.approver);
  a.Field("quorum", x.quorum);
}
template <typename A>
void Fields(A& a, Ref<A, NotifyNode> x) {
  a.Field("channel", x.channel);
  a.Required("message", x.message);
  a.Field("request", x.request);
}
template <typename A>
void Fields(A&, Ref<A, PromoteNode>) {}
template <typename A>
void Fields(A& a, Ref<A, RetireNode> x) {
  a.Field("keep_ms", x.keep);
}

template <typename A>
void Fields(A& a, Ref<A, RunNode> x) {
  a.Required("job", x.job);
  a.Field("image", x.image);
  a.Field("retries", x.retries);
  a.Field("timeout_ms", x.timeout);
}

template <typename A>
void Fields(A& a, Ref<A, Node> x) {
  a.Field("path", x.path);
  a.Field("step", x.step);
  a.Kind("kind", x.does);
  a.Alternative("does", x.does);
  a.Field("after", x.after);
  a.Field("bound_ms", x.bound);
  a.Outcomes("outcomes", x.outcomes);
  a.Field("effect", x.effect);
  a.Field("intent", x.intent);
  a.Field("prefix", x.prefix);
}

template <typename A>
void Fields(A& a, Ref<A, Measure> x) {
  a.Field("name", x.name);
  a.Field("request", x.request);
  a.Field("no_data_when", x.no_data_when);
  a.Field("error_when", x.error_when);
  a.Required("value", x.value);
  a.Field("at", x.at);
}
template <typename A>
void Fields(A& a, Ref<A, KeepState> x) {
  a.Field("name", x.name);
  a.Exact("initial", x.initial);
  a.Required("next", x.next);
}
template <typename A>
void Fields(A& a, Ref<A, Gate> x) {
  a.Field("name", x.name);
  a.Field("key", x.key);
  a.Field("measures", x.measures);
  a.Field("keep", x.keep);
  a.Required("pass", x.pass);
  a.Field("fail", x.fail);
  a.Field("window_ms", x.window);
  a.Field("every_ms", x.every);
  a.Field("fail_count", x.fail_count);
  a.Field("fail_of", x.fail_of);
  a.Field("no_data_for_ms", x.no_data_for);
  a.Field("no_data_else", x.no_data_else);
  a.Field("error_for_ms", x.error_for);
  a.Field("error_else", x.error_else);
}

template <typename A>
void Fields(A& a, Ref<A, RouterObject> x) {
  a.Field("name", x.name);
  a.Field("when", x.when);
  a.Required("manifest", x.manifest);
}
template <typename A>
void Fields(A& a, Ref<A, Router> x) {
  a.Field("name", x.name);
  a.Field("shares_by_pods", x.shares_by_pods);
  a.Field("address", x.address);
  a.Field("objects", x.objects);
  a.Field("settled_when", x.settled_when);
  a.Field("settled_after_ms", x.settled_after);
  a.Field("lag_ms", x.lag);
}
template <typename A>
void Fields(A& a, Ref<A, Workload> x) {
  a.Field("revision", x.revision);
  a.Field("revision_digest", x.revision_digest);
  a.Field("image", x.image);
  a.Field("version", x.version);
  a.Field("replicas", x.replicas);
  a.Field("deployment", x.deployment);
  a.Field("service", x.service);
  a.Optional("companions", x.companions);
}
template <typename A>
void Fields(A& a, Ref<A, Autoscaler> x) {
  a.Field("min", x.min);
  a.Field("max", x.max);
  a.Field("surge", x.surge);
  a.Field("unavailable", x.unavailable);
}
template <typename A>
void Fields(A& a, Ref<A, Adoption> x) {
  a.Field("deployment", x.deployment);
  a.Optional("by_partition", x.by_partition);
  a.Field("pods", x.pods);
  a.Field("budget", x.budget);
}
template <typename A>
void Fields(A& a, Ref<A, Policies> x) {
  a.Field("deadline_ms", x.deadline);
  a.Field("deadline_else", x.deadline_else);
  a.Field("drain_ms", x.drain);
  a.Field("keep_previous_ms", x.keep_previous);
  a.Field("fast_track", x.fast_track);
  a.Field("tolerance", x.tolerance);
  a.Field("delete_on_removal", x.delete_on_removal);
  a.Field("capacity_shared", x.capacity_shared);
  a.Field("surge", x.surge);
  a.Field("unavailable", x.unavailable);
}
template <typename A>
void Fields(A& a, Ref<A, Function> x) {
  a.Field("parameters", x.parameters);
  a.Required("body", x.body);
}

template <typename A>
void Fields(A& a, Ref<A, Graph> x) {
  a.Field("schema", x.schema);
  a.Field("rollout", x.rollout);
  a.Field("namespace", x.rollout_namespace);
  a.Field("service", x.service);
  if (a.HasSpans()) {
    a.Field("source", x.source);
  }
  a.Field("workload", x.workload);
  a.Field("stable_service", x.stable_service);
  a.Field("router", x.router);
  a.Field("policies", x.policies);
  a.Optional("autoscaler", x.autoscaler);
  a.Optional("adopts", x.adopts);
  a.Field("gates", x.gates);
  a.Field("watch", x.watch);
  a.Field("nodes", x.nodes);
  a.Field("hold_on_failure", x.hold_on_failure);
  a.Field("on_failure", x.on_failure);
  a.Field("on_success", x.on_success);
  a.Field("functions", x.functions);
  if (a.HasSpans()) {
    a.Field("spans", x.spans);
    a.Field("failure_spans", x.failure_spans);
    a.Field("success_spans", x.success_spans);
  }
}

}  // namespace sluice::graph
