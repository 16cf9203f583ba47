// Gates, routers, providers, dialects, channels.
#include <utility>

#include "compiler/syntax/builder.h"

namespace sluice::syntax {

Gate AstBuilder::GateOf(const Part& part) {
  Gate gate;
  gate.name = NameChild(part);
  gate.parameters = Parameters(part);
  gate.alias = Expression(part.ExpressionBehind(token::ASSIGN));
  part.Child(rule::kGateBody).ForEach(rule::kGateItem, [&](const Part& item) {
    gate.items.push_back(GateItemOf(item));
  });
  return gate;
}

GateItem AstBuilder::GateItemOf(const Part& item) {
  const Part first = item.FirstChild();
  if (first.Is(rule::kRequireClause)) {
    return RequireOf(first);
  }
  const Span span = SpanOf(item);
  switch (first.token().type) {
    case token::MEASURE: {
      MeasureClause measure;
      measure.span = span;
      int names = 0;
      if (item.Has(token::ASSIGN)) {
        measure.name = NameChild(item, names++);
      }
      measure.value = Expression(item.Expression());
      if (item.Has(token::AS)) {
        measure.as = NameChild(item, names);
      }
      return measure;
    }
    case token::PASS:
      return GateConditionClause{GateConditionClause::Outcome::kPass, Expression(item.Expression()), span};
    case token::FAIL:
      if (item.Has(token::WHEN)) {
        return GateConditionClause{GateConditionClause::Outcome::kFail, Expression(item.Expression()), span};
      }
      return FailAfterClause{Expression(item.Expression()), Expression(item.ExpressionBehind(token::OF)), span};
    case token::WINDOW:
      return GateTimeClause{GateTimeClause::Word::kWindow, Expression(item.Expression()), span};
    case token::EVERY:
      return GateTimeClause{GateTimeClause::Word::kEvery, Expression(item.Expression()), span};
    case token::KEEP:
      return KeepClause{NameChild(item), Type(item.Child(rule::kTypeReference)), Expression(item.Expression()),
                        Expression(item.ExpressionBehind(token::THEN)), span};
    default:
      break;
  }
  const auto what = first.IsToken(token::NO_DATA) ? MissingClause::What::kNoData : MissingClause::What::kError;
  return MissingClause{what, Expression(item.Expression()), ElseOf(item.Child(rule::kElseClause)).value_or(Else{}),
                       span};
}

Router AstBuilder::RouterOf(const Part& part) {
  Router router;
  router.name = NameChild(part);
  router.parameters = Parameters(part);
  part.Child(rule::kRouterBody).ForEach(rule::kRouterItem, [&](const Part& item) {
    router.items.push_back(RouterItemOf(item));
  });
  return router;
}

RouterItem AstBuilder::RouterItemOf(const Part& item) {
  const Part first = item.FirstChild();
  if (first.Is(rule::kRequireClause)) {
    return RequireOf(first);
  }
  const Span span = SpanOf(item);
  switch (first.token().type) {
    case token::SUPPORTS:
      return Supports(item);
    case token::OBJECT:
      return RouterObjectClause{NameChild(item), Expression(item.ExpressionBehind(token::WHEN)),
                                Expression(item.Child(rule::kMapLiteral)), span};
    case token::EDIT:
      return LaterOf(item, "`edit` of an object that others own");
    case token::SETTLED:
      return SettledClause{Expression(item.ExpressionBehind(token::WHEN)),
                           Expression(item.ExpressionBehind(token::AFTER)), span};
    case token::LAG:
      return LagClause{Expression(item.Expression()), span};
    case token::SHARES:
      return SharesClause{NameChild(item), span};
    default:
      return AddressClause{NameChild(item), span};
  }
}

SupportsClause AstBuilder::Supports(const Part& item) {
  SupportsClause supports;
  supports.span = SpanOf(item);
  item.ForEach(rule::kSupport, [&](const Part& each) {
    Support support;
    support.span = SpanOf(each);
    for (Part child = each.FirstChild(); child && !child.IsToken(token::BY); child = child.Next()) {
      support.words.push_back(NameOf(child));
    }
    support.by = Expression(each.ExpressionBehind(token::BY));
    supports.supports.push_back(std::move(support));
  });
  return supports;
}

Provider AstBuilder::ProviderOf(const Part& part) {
  Provider provider;
  provider.name = NameChild(part);
  provider.parameters = Parameters(part);
  for (Part item = part.Child(rule::kProviderBody).FirstChild(); item; item = item.Next()) {
    if (item.Is(rule::kRequireClause)) {
      provider.requires_.push_back(RequireOf(item));
    } else if (item.Is(rule::kProviderFunction)) {
      provider.functions.push_back(ProviderFunction{NameChild(item), Parameters(item),
                                                    Type(item.Child(rule::kTypeReference)),
                                                    Reading(item.Child(rule::kReadingBody)), SpanOf(item)});
    }
  }
  return provider;
}

std::vector<ProviderItem> AstBuilder::Reading(const Part& body) {
  std::vector<ProviderItem> items;
  body.ForEach(rule::kReadingItem, [&](const Part& item) { items.push_back(ReadingItemOf(item)); });
  return items;
}

ProviderItem AstBuilder::ReadingItemOf(const Part& item) {
  using What = ReadingClause::What;
  const Part first = item.FirstChild();
  if (first.Is(rule::kRequireClause)) {
    return RequireOf(first);
  }
  if (first.Is(rule::kRequestClause)) {
    return RequestOf(first);
  }
  What what = What::kValue;
  switch (first.token().type) {
    case token::READ:
      return LaterOf(item, "`read`");
    case token::NO_DATA:
      what = What::kNoDataWhen;
      break;
    case token::ERROR:
      what = What::kErrorWhen;
      break;
    case token::AT:
      what = What::kAt;
      break;
    default:
      break;
  }
  return ReadingClause{what, Expression(item.Expression()), SpanOf(item)};
}

Request AstBuilder::RequestOf(const Part& part) {
  Request request;
  request.method = NameChild(part);
  request.url = Expression(part.Expression());
  request.span = SpanOf(part);
  part.Child(rule::kRequestBody).ForEach(rule::kRequestItem, [&](const Part& item) {
    const Part first = item.FirstChild();
    const Part value = item.Expression();
    switch (first.token().type) {
      case token::HEADER:
        request.items.emplace_back(HeaderClause{Expression(value), Expression(value.Next()), SpanOf(item)});
        break;
      case token::BASIC:
        request.items.emplace_back(BasicClause{Expression(value), Expression(value.Next()), SpanOf(item)});
        break;
      case token::SIGN:
        request.items.emplace_back(LaterOf(item, "`sign`"));
        break;
      case token::BODY: {
        // `body json E` is one word to those who read it.
        const Name kind = NameChild(item);
        OneOf<bool>(kind, "a kind of body", {{"json", true}, {"text", true}});
        request.items.emplace_back(RequestClause{Name{"body " + kind.text, source::Cover(SpanOf(first), kind.span)},
                                                 Expression(value), SpanOf(item)});
        break;
      }
      default:
        request.items.emplace_back(RequestClause{NameOf(first), Expression(value), SpanOf(item)});
    }
  });
  return request;
}

Dialect AstBuilder::DialectOf(const Part& part) {
  Dialect dialect;
  dialect.name = NameChild(part);
  dialect.parameters = Parameters(part);
  part.Child(rule::kDialectBody).ForEach(rule::kFunctionDeclaration, [&](const Part& function) {
    dialect.functions.push_back(Function(function));
  });
  return dialect;
}

Channel AstBuilder::ChannelOf(const Part& part) {
  return Channel{NameChild(part), Parameters(part), Expression(part.ExpressionBehind(token::ASSIGN)),
                 Reading(part.Child(rule::kReadingBody))};
}

}  // namespace sluice::syntax
