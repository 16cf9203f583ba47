// A checked `test`: what happens to rollouts in virtual time, and what is expected of them.
//
// All times of a scenario count from its commit: the moment at which git first names the candidate, while stable
// runs and is at rest.
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
#include "compiler/source/span.h"

namespace sluice::check {

using source::Span;

// From when until when something is so; without an end it stays.
struct Period {
  Duration from{0};
  std::optional<Duration> to;  // later than `from`
};
inline bool Holds(const Period& period, Duration at) { return at >= period.from && (!period.to || at < *period.to); }

// Whose pods a clause is about.
enum class Role : std::uint8_t { kCandidate, kStable, kBoth };

// `candidate error-rate 8%`: of the requests that these pods answer. Ramping: from what it was at the beginning of
// the period it grows evenly to `rate` at the period's end, which is there, and stays.
struct ErrorRate {
  Role role = Role::kCandidate;
  Number rate;  // 0 to 1
  bool ramping = false;
  Period period;
};
// `candidate latency 400ms`: that of the slowest of a hundred requests.
struct Latency {
  Role role = Role::kCandidate;
  Duration p99{0};
  bool ramping = false;
  Period period;
};
// `candidate ready-after 2m`: from a running container to a ready pod.
struct ReadyAfter {
  Role role = Role::kCandidate;
  Duration delay{0};
};
// `candidate unready from 5m to 10m`: pods run without being ready.
struct Unready {
  Role role = Role::kCandidate;
  Period period;
};
// `candidate crashes from 10m`: containers exit with 1, those that run at once and others as soon as they started.
struct Crashes {
  Role role = Role::kCandidate;
  Period period;
};
// `candidate unpullable`: its image isn't there.
struct Unpullable {
  Role role = Role::kCandidate;
};
// `metrics lost`: the store answers that it knows nothing. `metrics down`: it doesn't answer.
struct MetricsTrouble {
  bool down = false;
  Period period;
};
// `metrics "https://orders.example.com/stats" { orders: 120 } from 5m`: what a store answers that is asked by its
// address. `metrics "https://orders.example.com/*" down`: it doesn't answer.
struct Answer {
  std::string address;               // absolute, without a query; `*` stands for any text
  std::optional<graph::Value> json;  // of text, numbers, truths, none, lists and maps; nullopt: no answer
  Period period;
};
// `controller down from 5m to 15m`: no reconciler runs; it comes back as a new process.
struct ControllerDown {
  Period period;
};
// `api down from 5m to 15m`: the reconciler can't reach the API server.
struct ApiDown {
  Period period;
};
// `node lost at 10m for 5m`: one of the three nodes, with its pods.
struct NodeLost {
  Period period;
};
// `jobs fail`, `jobs hang`. Unless said, they pass.
struct Jobs {
  enum class Do : std::uint8_t { kFail, kHang };
  Do what = Do::kFail;
  Period period;
};
// `load 200`: requests a second to the rollout's service; 20 unless said.
struct Load {
  std::int32_t per_second = 0;
  Period period;
};
// `approve sign-off by "sre" after 2h`, `abort at 12m`: a person's command.
struct Person {
  std::string verb;   // approve, reject, pause, resume, abort, retry, promote, undo
  std::string step;   // approve and reject: the full name, "sign-off", "ramp[10%]"
  std::string group;  // `by`; "" if not said: for approve and reject the group that the pause asks for
  // approve and reject, `after`: since the pause began (1m if nothing is said). Otherwise since the commit.
  bool since_asked = false;
  Duration at{0};
};
// `commit next at 12m`: git names a further version, which answers as stable does. `commit revert at 12m`: git
// names stable again.
struct FurtherCommit {
  bool revert = false;
  Duration at{0};
};
using Circumstance = std::variant<ErrorRate, Latency, ReadyAfter, Unready, Crashes, Unpullable, MetricsTrouble, Answer,
                                  ControllerDown, ApiDown, NodeLost, Jobs, Load, Person, FurtherCommit>;

struct Scenario {
  std::string name;     // `as NAME`; "" if it is the only one of its test and has none
  std::string rollout;  // of the plan set
  std::string namespace_;
  std::optional<TimePoint> starts;  // UTC; when the commit is
  std::uint64_t seed = 1;
  bool first_install = false;               // `stable none`: nothing runs before the candidate
  std::optional<Duration> at_most;          // `for 2d`: how long it may take; what isn't over then is `unfinished`
  std::vector<Circumstance> circumstances;  // in the order of the source
  Span span;                                // of the rollout's name
};

// `expect CONDITION`, true or false at the end; `expect always CONDITION` and the like, at each moment.
//
// The condition's roots: with one scenario its facts by their names, with several the scenarios' names, whose members
// are the facts.
struct Expectation {
  enum class Over : std::uint8_t { kEnd, kAlways, kNever, kEventually };
  Over over = Over::kEnd;
  std::size_t scenario = 0;  // kAlways, kNever, kEventually: whose moments
  graph::ExpressionPtr condition;
  Span span;  // of the condition
};

struct Test {
  std::string name;
  Span span;  // of the name
  std::vector<Scenario> scenarios;
  std::vector<Expectation> expectations;
};

}  // namespace sluice::check
