// A plan file as it was written: owned values, no reference to the parser or to other files.
//
// Every node carries the span of its text. A part that did not parse is a `Poisoned` expression or is
// left out after its diagnostic; nothing later reports it again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/base/number.h"
#include "compiler/source/span.h"

namespace sluice::syntax {

using source::Span;

struct Name {
  std::string text;
  Span span;
};

// ---------------------------------------------------------------------------------- expressions

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

enum class Unit { kNone, kPercent, kDuration, kBytes };

struct NumberLiteral {
  Number value;  // percent as a ratio (5% is 1/20), durations in milliseconds, bytes in bytes
  Unit unit = Unit::kNone;
};

struct StringPart {
  std::string text;     // escapes resolved, raw strings unindented; used if `value` is null
  ExpressionPtr value;  // ${…}
  Span span;
};
struct StringLiteral {
  std::vector<StringPart> parts;  // empty: ""
  bool raw = false;
};

struct BoolLiteral {
  bool value = false;
};
struct NoneLiteral {};
struct DateLiteral {
  int year = 0, month = 0, day = 0;
};
struct ClockLiteral {
  int minutes = 0;  // since midnight
};

struct ListLiteral {
  std::vector<ExpressionPtr> items;
};
struct MapEntry {
  ExpressionPtr key;  // a StringLiteral; a bare word is one too
  ExpressionPtr value;
};
struct MapLiteral {
  std::vector<MapEntry> entries;
};

// `[for x in xs if c: e]`, `{ for k, v in m if c: "${k}": v }`. One variable over a list; two over a map
// (key, value) or a list (index, item).
struct Comprehension {
  std::vector<Name> variables;  // one or two
  ExpressionPtr in;
  ExpressionPtr condition;  // or null
  ExpressionPtr key;        // null for a list
  ExpressionPtr value;
};
// `all p in xs: c`, `any p in xs: c`.
struct Quantifier {
  bool all = true;
  std::vector<Name> variables;
  ExpressionPtr in;
  ExpressionPtr condition;
};

struct If {
  ExpressionPtr condition, then, otherwise;
};

enum class BinaryOperator {
  kOr,
  kAnd,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn,
  kIs,
  kIsNot,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kCoalesce,
};
struct Binary {
  BinaryOperator op = BinaryOperator::kOr;
  Span operator_span;
  ExpressionPtr left, right;
};
enum class UnaryOperator { kNot, kMinus };
struct Unary {
  UnaryOperator op = UnaryOperator::kNot;
  ExpressionPtr operand;
};

struct NameReference {
  std::string name;  // the expression's span is the name's
};
struct Member {
  ExpressionPtr object;
  Name name;
};
struct Index {
  ExpressionPtr object, index;
};
struct Argument {
  std::optional<Name> label;
  ExpressionPtr value;
};
struct Call {
  ExpressionPtr callee;
  std::vector<Argument> arguments;
};
// `secret "checkout-db" key "password"`.
struct SecretReference {
  ExpressionPtr name, key;
};
// `job { … }`: parsed as clauses of word and expression; has no meaning yet.
struct JobLiteral {};
// What did not parse; reported already.
struct Poisoned {};

struct Expression {
  std::variant<Poisoned, NumberLiteral, StringLiteral, BoolLiteral, NoneLiteral, DateLiteral, ClockLiteral, ListLiteral,
               MapLiteral, Comprehension, Quantifier, If, Binary, Unary, NameReference, Member, Index, Call,
               SecretReference, JobLiteral>
      node;
  Span span;
};

// ---------------------------------------------------------------------------------- types

// `percent`, `string?`, `list<string>`, `map<service>`, `metrics-source`, `{ name: string, port: int }`.
struct TypeReference {
  Name name;  // empty text for a record type
  std::vector<TypeReference> arguments;
  std::vector<std::pair<Name, TypeReference>> fields;
  bool optional = false;
  Span span;
};

// `in 0%..100%`: both ends belong to it.
struct Refinement {
  ExpressionPtr low, high;
  Span span;
};
struct Parameter {
  Name name;
  TypeReference type;
  std::optional<Refinement> refinement;
  ExpressionPtr default_value;  // or null
};
struct Require {
  ExpressionPtr condition, message;  // message may be null
  Span span;
};

// ---------------------------------------------------------------------------------- shared pieces

// A construct that parses and has no meaning in this version. `feature` completes "`…` is not carried
// out yet": "an autoscaler", "`config`".
struct Later {
  std::string feature;
  Span span;
};

// `else rollback`.
enum class Action { kRollback, kContinue, kHold, kFail };
struct Else {
  Action action = Action::kRollback;
  Span span;
};

// One `for x in xs` or `when c` behind the name of a declaration or step, in source order.
struct ForClause {
  std::vector<Name> variables;
  ExpressionPtr in;
};
struct WhenClause {
  ExpressionPtr condition;
};
struct Repetition {
  std::variant<ForClause, WhenClause> clause;
  Span span;
};

// A declared name: a word, or a string where the declaration is repeated (`service "web-${n}" for …`).
struct DeclaredName {
  ExpressionPtr text;  // a StringLiteral in both cases
  bool bare = true;    // written as a word
  Span span;
};

// `@allow(name, reason: "…", until: 2027-01-31)`, `@keep`.
struct Annotation {
  Name name;
  std::vector<Argument> arguments;
  Span span;
};

// ---------------------------------------------------------------------------------- service, route, object

// `WORD expression`, for the clauses that need no shape of their own.
struct ServiceClause {
  // namespace · image · replicas · surge · unavailable · cpu · memory · command · args
  Name word;
  ExpressionPtr value;
  ExpressionPtr to;  // `cpu 0.25 to 1`; null otherwise
};
struct PortClause {  // port http 8080
  Name name;
  ExpressionPtr number;
  Span span;
};
struct ProbeClause {  // probe ready http "/readyz" every 5s
  enum class Purpose { kReady, kLive, kStartup };
  enum class Means { kHttp, kTcp, kExec };
  Purpose purpose = Purpose::kReady;
  Means means = Means::kHttp;
  ExpressionPtr target;                 // path, port name or number, list of strings
  std::optional<Name> port;             // `on PORT`; the first port otherwise
  ExpressionPtr every, timeout, after;  // or null
  Span span;
};
struct EnvClause {  // env { NAME: value … }
  ExpressionPtr value;
  Span span;
};
using ServiceItem = std::variant<ServiceClause, PortClause, ProbeClause, EnvClause, Require, Later>;
struct Service {
  DeclaredName name;
  std::vector<ServiceItem> items;
};

struct RouteClause {  // namespace · host · path
  Name word;
  ExpressionPtr value;
};
struct ViaClause {  // via routers.gateway("infra/public")
  ExpressionPtr router;
  Span span;
};
using RouteItem = std::variant<RouteClause, ViaClause, Require>;
struct Route {
  DeclaredName name;
  std::vector<RouteItem> items;
};

struct ObjectDeclaration {  // object name { apiVersion: … }
  DeclaredName name;
  ExpressionPtr value;  // a map
};

// ---------------------------------------------------------------------------------- libraries

struct LetDeclaration {
  Name name;
  std::optional<TypeReference> type;
  ExpressionPtr value;
};
struct FunctionDeclaration {
  Name name;
  std::vector<Parameter> parameters;
  std::optional<TypeReference> result;
  ExpressionPtr body;
};
struct DefaultDeclaration {  // default metrics = providers.prometheus(url: "…")
  Name name;
  ExpressionPtr value;
};

// `measure E as ratio`, `measure bad = E as number`.
struct MeasureClause {
  std::optional<Name> name;
  ExpressionPtr value;
  std::optional<Name> as;  // ratio | percent | seconds | milliseconds | number | bytes
  Span span;
};
struct GateConditionClause {  // pass when E, fail when E
  enum class Outcome { kPass, kFail };
  Outcome outcome = Outcome::kPass;
  ExpressionPtr condition;
  Span span;
};
struct GateTimeClause {  // window over · every 30s
  enum class Word { kWindow, kEvery };
  Word word = Word::kWindow;
  ExpressionPtr value;
  Span span;
};
struct FailAfterClause {    // fail after 3 of 5
  ExpressionPtr count, of;  // `of` may be null: in a row
  Span span;
};
struct MissingClause {  // no-data for 5m else fail · error for 10m else hold
  enum class What { kNoData, kError };
  What what = What::kNoData;
  ExpressionPtr duration;
  Else otherwise;
  Span span;
};
struct KeepClause {  // keep sum: decimal = 0 then sum + bad.value
  Name name;
  TypeReference type;
  ExpressionPtr initial, next;
  Span span;
};
using GateItem = std::variant<MeasureClause, GateConditionClause, GateTimeClause, FailAfterClause, MissingClause,
                              KeepClause, Require>;
struct Gate {
  Name name;
  std::vector<Parameter> parameters;
  ExpressionPtr alias;  // `gate healthy = a and b`; null if it has a body
  std::vector<GateItem> items;
};

// One thing a router can do: `weight by 0.1%`, `mirror by 100%`, `match header is`, `replicas`, `preview`.
struct Support {
  std::vector<Name> words;  // "weight" · "mirror" · "match","header","is"
  ExpressionPtr by;         // or null
  Span span;
};
struct SupportsClause {
  std::vector<Support> supports;
  Span span;
};
struct RouterObjectClause {  // object route when COND { … }
  Name name;
  ExpressionPtr condition;  // or null
  ExpressionPtr value;      // a map
  Span span;
};
struct SettledClause {      // settled when COND · settled after 5s
  ExpressionPtr condition;  // or null
  ExpressionPtr after;      // or null
  Span span;
};
struct LagClause {  // lag 2s
  ExpressionPtr value;
  Span span;
};
// `shares by pods`: the share is the ratio of pods, there is no traffic node.
struct SharesClause {
  Name by;  // pods
  Span span;
};
// `address pods`, `address router`, `address stable`: what Service NAME points at. pods: all pods of the
// service. router: one of this router's objects is Service NAME. stable (the default): stable's revision.
struct AddressClause {
  Name of;
  Span span;
};
using RouterItem = std::variant<SupportsClause, RouterObjectClause, SettledClause, LagClause, SharesClause,
                                AddressClause, Require, Later>;
struct Router {
  Name name;
  std::vector<Parameter> parameters;
  std::vector<RouterItem> items;
};

// `request GET "${url}/api" { query { … }  bearer token  timeout 10s }`.
struct HeaderClause {  // header "X-Team" "value"
  ExpressionPtr name, value;
  Span span;
};
struct RequestClause {  // query · body json · body text · bearer · timeout, each with one expression
  Name word;
  ExpressionPtr value;
  Span span;
};
struct BasicClause {  // basic user password
  ExpressionPtr user, password;
  Span span;
};
using RequestItem = std::variant<HeaderClause, RequestClause, BasicClause, Later>;
struct Request {
  Name method;  // GET, POST, PUT
  ExpressionPtr url;
  std::vector<RequestItem> items;
  Span span;
};
struct ReadingClause {  // no-data when C · error when C · value E · at E
  enum class What { kNoDataWhen, kErrorWhen, kValue, kAt };
  What what = What::kValue;
  ExpressionPtr value;
  Span span;
};
using ProviderItem = std::variant<Request, ReadingClause, Require, Later>;
// `fn instant(query: string) -> measurement { … }` inside a provider.
struct ProviderFunction {
  Name name;
  std::vector<Parameter> parameters;
  TypeReference result;
  std::vector<ProviderItem> items;
  Span span;
};
struct Provider {
  Name name;
  std::vector<Parameter> parameters;
  std::vector<ProviderFunction> functions;
  std::vector<Require> requires_;
};

// `dialect plain(…) { fn error-ratio(of: revision, over: duration) -> string = "…" }`: metric and label
// names, as functions that gates call.
struct Dialect {
  Name name;
  std::vector<Parameter> parameters;
  std::vector<FunctionDeclaration> functions;
};

// `channel webhook(url: string) { request POST url { body json { text: message } } }`.
struct Channel {
  Name name;
  std::vector<Parameter> parameters;
  ExpressionPtr alias;  // `channel releases = channels.webhook(url: "…")`; null if it has a body
  std::vector<ProviderItem> items;
};

// ---------------------------------------------------------------------------------- rollout, steps, verbs

struct WeightVerb {
  ExpressionPtr share;
};
struct ReplicasVerb {
  ExpressionPtr amount;  // a number or a percent
};
// One condition of a match line: header "x-canary" is "always".
struct MatchCondition {
  enum class What { kHeader, kCookie, kQuery, kMethod, kSource };
  enum class Test { kIs, kMatches, kIn };
  What what = What::kHeader;
  ExpressionPtr name;  // null for method and source
  Test test = Test::kIs;
  ExpressionPtr value;
  Span span;
};
struct MatchVerb {
  std::vector<MatchCondition> conditions;  // joined by `and`; empty: `match none`
};
struct MirrorVerb {
  ExpressionPtr share;  // null: `mirror none`
};
struct HoldVerb {
  ExpressionPtr duration;
  ExpressionPtr guard;  // `while G`; or null
  std::optional<Else> otherwise;
};
struct CheckVerb {
  ExpressionPtr gate;
  ExpressionPtr within;  // or null: reported by a later phase
  std::optional<Else> otherwise;
};
struct PauseVerb {
  ExpressionPtr approver;  // `until approved by "sre"`; null if it names nobody
  ExpressionPtr quorum;    // or null
  ExpressionPtr within;    // or null
  std::optional<Else> otherwise;
};
struct NotifyVerb {
  ExpressionPtr channel, message;
};
struct PromoteVerb {};

struct Verb {
  std::variant<WeightVerb, ReplicasVerb, MatchVerb, MirrorVerb, HoldVerb, CheckVerb, PauseVerb, NotifyVerb, PromoteVerb,
               Later>
      verb;
  Name word;               // "weight"
  std::optional<Name> as;  // `as NAME`
  Span span;
};

struct StepReference {  // `after a, ramp[10%]`
  Name name;
  ExpressionPtr index;  // or null: every step of that name
  Span span;
};
struct Step {
  Name name;
  std::vector<Repetition> repetitions;
  std::optional<std::vector<StepReference>> after;  // written at all? `after` may stand before or behind for/when
  std::vector<Verb> verbs;
  std::vector<Annotation> annotations;
  Span span;  // header and body
};

// deploy · through · using · watch · during?: WORD expression.
struct RolloutClause {  // namespace is the service's
  Name word;            // deploy · through · using · watch · tolerance · drain
  ExpressionPtr value;
};
struct CapacityClause {  // capacity full | shared
  Name what;
  Span span;
};
struct DeadlineClause {  // deadline 3d else hold
  ExpressionPtr value;
  std::optional<Else> otherwise;
  Span span;
};
struct KeepPreviousClause {  // keep previous for 10m
  ExpressionPtr value;
  Span span;
};
struct FastTrackClause {  // fast-track rollbacks within 3 revisions
  ExpressionPtr revisions;
  Span span;
};
struct OnClause {  // on failure { … } · on success { … }
  enum class Event { kFailure, kSuccess };
  Event event = Event::kFailure;
  bool hold = false;  // the block begins with `hold`
  std::vector<Verb> verbs;
  Span span;
};
struct OnRemovalClause {  // on removal orphan | delete
  Name what;
  Span span;
};
using RolloutItem = std::variant<RolloutClause, CapacityClause, DeadlineClause, KeepPreviousClause, FastTrackClause,
                                 OnClause, OnRemovalClause, Step, Require, Later>;
struct Rollout {
  DeclaredName name;
  std::vector<RolloutItem> items;
};
struct Strategy {
  Name name;
  std::vector<Parameter> parameters;
  std::vector<RolloutItem> items;  // steps and `require`
};

// ---------------------------------------------------------------------------------- files

struct Declaration {
  std::variant<LetDeclaration, FunctionDeclaration, DefaultDeclaration, Service, Route, ObjectDeclaration, Gate, Router,
               Provider, Dialect, Channel, Rollout, Strategy, Later>
      declaration;
  std::vector<Repetition> repetitions;
  std::vector<Annotation> annotations;
  std::string doc;  // the text of its `///` lines
  Span keyword;     // `service`
  Span span;        // from keyword to the closing brace
};

struct Import {
  std::vector<Name> path;  // std, gates
  Span span;
};

struct PlanFile {
  source::FileId file = source::FileId::kNone;
  std::vector<Import> imports;
  std::vector<Declaration> declarations;
};

}  // namespace sluice::syntax
