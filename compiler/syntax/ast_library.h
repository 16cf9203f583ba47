// What libraries are made of: lets, functions, gates, routers, providers, dialects, channels.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/syntax/ast_expression.h"

namespace sluice::syntax {

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

}  // namespace sluice::syntax
