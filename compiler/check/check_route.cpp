#include <fmt/format.h>

#include "compiler/check/checker.h"
#include "compiler/kubernetes/names.h"

namespace sluice::check {
namespace {

class RouteBody {
 public:
  RouteBody(const Declared& declared, const ScopePtr& scope, Checker& checker, Route& route)
      : reader_(checker, scope, {}), clauses_(checker, declared), route_(route) {}

  void operator()(const syntax::RouteClause& clause) {
    const std::string& word = clause.word.text;
    if (clause.value == nullptr || (word == "namespace" && !clauses_.Once(word, clause.word.span))) {
      return;
    }
    std::optional<std::string> text = reader_.Text(clause.value, "`" + word + "`");
    if (!text) {
      return;
    }
    std::optional<std::string> fault;
    if (word == "namespace") {
      fault = kubernetes::FaultOfLabel(*text);
      route_.namespace_ = *text;
    } else if (word == "host") {
      fault = kubernetes::FaultOfHost(*text);
      route_.hosts.push_back(*text);
    } else if (word == "path") {
      fault = kubernetes::FaultOfPath(*text);
      route_.paths.push_back(*text);
    }
    if (fault) {
      reader_.Report(diagnostics::kRefusedName, clause.value->span, fmt::format("{} `{}` {}", word, *text, *fault));
    }
  }

  void operator()(const syntax::ViaClause& clause) {
    if (!clauses_.Once("via", clause.span)) {
      return;
    }
    if (std::optional<graph::Value> value = reader_.Handle<RouterHandle>(clause.router, RouterType(), "`via`")) {
      route_.router = HandleOf<RouterHandle>(*value)->router();
    }
  }

  void operator()(const syntax::Require& require) { CheckRequire(require, reader_.scope(), {}, reader_.context()); }

  void Finish() { clauses_.Missing("via", "via routers.gateway(\"NAMESPACE/GATEWAY\")"); }

 private:
  Reader reader_;
  Clauses clauses_;
  Route& route_;
};

}  // namespace

Made MakeRoute(const Declared& declared, const ScopePtr& scope, Checker& checker) {
  auto route = std::make_unique<Route>();
  route->name = declared.name;
  route->span = declared.name_span;
  if (std::optional<std::string> fault = kubernetes::FaultOfSubdomain(declared.name)) {
    checker.context
        .Report(diagnostics::kRefusedName, declared.name_span, fmt::format("route name `{}` {}", declared.name, *fault))
        .Emit();
  }
  RouteBody body(declared, scope, checker, *route);
  for (const syntax::RouteItem& item : declared.as<syntax::Route>().items) {
    std::visit(body, item);
  }
  body.Finish();
  checker.plans.routes.push_back(std::move(route));
  return graph::Value(
      std::shared_ptr<const graph::Handle>(std::make_shared<RouteHandle>(checker.plans.routes.back().get())));
}

}  // namespace sluice::check
