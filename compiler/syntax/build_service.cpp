// Services and routes.
#include <utility>

#include "compiler/syntax/builder.h"

namespace sluice::syntax {

Service AstBuilder::ServiceOf(const Part& part) {
  Service service;
  service.name = Declared(part.Child(rule::kDeclaredName));
  if (const Part origin = part.Child(rule::kServiceOrigin)) {
    service.items.emplace_back(FromClause{Expression(origin.Expression()),
                                          Expression(origin.ExpressionBehind(token::WORKLOAD)), SpanOf(origin)});
  } else if (!part.Child(rule::kServiceBody)) {
    file_.Report(diagnostics::kMissingBody, file_.At(part.token()), "this `service` has no body")
        .At("expected `{` and the service's clauses behind its name");
  }
  for (Part item = part.Child(rule::kServiceBody).FirstChild(); item; item = item.Next()) {
    if (item.Is(rule::kServiceItem)) {
      service.items.push_back(ServiceItemOf(item));
    }
  }
  return service;
}

ServiceItem AstBuilder::ServiceItemOf(const Part& item) {
  const Part first = item.FirstChild();
  if (first.Is(rule::kRequireClause)) {
    return RequireOf(first);
  }
  switch (first.token().type) {
    case token::PORT:
      return PortClause{NameChild(item), Expression(item.Expression()), SpanOf(item)};
    case token::PROBE:
      return Probe(item);
    case token::ENV:
      return EnvClause{Expression(item.Expression()), SpanOf(item)};
    case token::CONFIG:
      return ConfigClause{Expression(item.Expression()), Expression(item.ExpressionBehind(token::FROM)), SpanOf(item)};
    case token::PATCH:
      return PatchClause{NameChild(item), Expression(item.Child(rule::kMapLiteral)), SpanOf(item)};
    default:
      break;
  }
  const Part to = item.ChildToken(token::TO);
  const int word = first.token().type;
  if (word == token::REPLICAS && (to || item.Has(token::AT))) {
    return Autoscaler(item);
  }
  const Part at = item.ChildToken(token::AT);
  const bool range = word == token::CPU || word == token::MEMORY;
  if ((to && !range) || at) {
    const Part extra = to && !range ? to : at;
    file_
        .Report(diagnostics::kUnexpected, file_.At(extra.begin(), item.end()),
                "`" + TextOf(first) + (range ? "` takes no `at`" : "` takes one value"))
        .Emit();
  }
  return ServiceClause{NameOf(first), Expression(item.Expression()), Expression(item.ExpressionBehind(token::TO))};
}

AutoscalerClause AstBuilder::Autoscaler(const Part& item) {
  const Part to = item.ChildToken(token::TO), at = item.ChildToken(token::AT);
  const bool unfinished = to && !item.ExpressionBehind(token::TO);  // was reported
  if ((!to || !at) && !unfinished) {
    file_
        .Report(diagnostics::kMissingWord, file_.At(item.begin(), item.end()),
                to ? "an autoscaler has nothing that it counts pods by" : "an autoscaler has no largest number of pods")
        .At("write it as in `replicas 4 to 20 at cpu 70%`");
  }
  return {NameOf(item.FirstChild()),
          Expression(item.Expression()),
          Expression(item.ExpressionBehind(token::TO)),
          at ? NameChild(item) : Name(),
          Expression(item.ExpressionBehind(token::AT)),
          SpanOf(item)};
}

ProbeClause AstBuilder::Probe(const Part& item) {
  using Purpose = ProbeClause::Purpose;
  using Means = ProbeClause::Means;
  ProbeClause probe;
  probe.span = SpanOf(item);
  probe.purpose =
      OneOf<Purpose>(NameChild(item, 0), "a purpose of a probe",
                     {{"ready", Purpose::kReady}, {"live", Purpose::kLive}, {"startup", Purpose::kStartup}});
  probe.means = OneOf<Means>(NameChild(item, 1), "a means of a probe",
                             {{"http", Means::kHttp}, {"tcp", Means::kTcp}, {"exec", Means::kExec}});
  probe.target = Expression(item.Expression());
  item.ForEach(rule::kProbeOption, [&](const Part& option) {
    switch (option.token().type) {
      case token::ON:
        probe.port = NameChild(option);
        break;
      case token::EVERY:
        probe.every = Expression(option.Expression());
        break;
      case token::TIMEOUT:
        probe.timeout = Expression(option.Expression());
        break;
      default:
        probe.after = Expression(option.Expression());
    }
  });
  return probe;
}

Route AstBuilder::RouteOf(const Part& part) {
  Route route;
  route.name = Declared(part.Child(rule::kDeclaredName));
  part.Child(rule::kRouteBody).ForEach(rule::kRouteItem, [&](const Part& item) {
    const Part first = item.FirstChild();
    if (first.Is(rule::kRequireClause)) {
      route.items.emplace_back(RequireOf(first));
    } else if (first.IsToken(token::VIA)) {
      route.items.emplace_back(ViaClause{Expression(item.Expression()), SpanOf(item)});
    } else {
      route.items.emplace_back(RouteClause{NameOf(first), Expression(item.Expression())});
    }
  });
  return route;
}

}  // namespace sluice::syntax
