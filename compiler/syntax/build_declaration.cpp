// Files and declarations.
#include <utility>

#include "compiler/syntax/builder.h"

namespace sluice::syntax {

void AstBuilder::Chunk(const Part& chunk, PlanFile& plan) {
  for (Part child = chunk.FirstChild(); child; child = child.Next()) {
    if (child.Is(rule::kImportDeclaration)) {
      plan.imports.push_back(Import{Variables(child), SpanOf(child)});
    } else if (child.Is(rule::kDeclaration)) {
      plan.declarations.push_back(DeclarationOf(child));
    }
  }
}

Declaration AstBuilder::DeclarationOf(const Part& part) {
  Part content = part.FirstChild();
  while (content.Is(rule::kAnnotation)) {
    content = content.Next();
  }
  Declaration declaration;
  declaration.annotations = Annotations(part);
  declaration.repetitions = Repetitions(content);
  declaration.doc = file_.DocAbove(part.begin());
  declaration.keyword = file_.At(content.token());
  declaration.span = SpanOf(content);
  declaration.declaration = Content(content);
  return declaration;
}

decltype(Declaration::declaration) AstBuilder::Content(const Part& part) {
  switch (part.rule()) {
    case rule::kLetDeclaration: {
      LetDeclaration let{NameChild(part), std::nullopt, Expression(part.ExpressionBehind(token::ASSIGN))};
      if (const Part type = part.Child(rule::kTypeReference)) {
        let.type = Type(type);
      }
      return let;
    }
    case rule::kFunctionDeclaration:
      return Function(part);
    case rule::kDefaultDeclaration:
      return DefaultDeclaration{NameChild(part), Expression(part.Expression())};
    case rule::kServiceDeclaration:
      return ServiceOf(part);
    case rule::kRouteDeclaration:
      return RouteOf(part);
    case rule::kObjectDeclaration:
      return ObjectDeclaration{Declared(part.Child(rule::kDeclaredName)), Expression(part.Child(rule::kMapLiteral))};
    case rule::kGateDeclaration:
      return GateOf(part);
    case rule::kRouterDeclaration:
      return RouterOf(part);
    case rule::kProviderDeclaration:
      return ProviderOf(part);
    case rule::kDialectDeclaration:
      return DialectOf(part);
    case rule::kChannelDeclaration:
      return ChannelOf(part);
    case rule::kRolloutDeclaration:
      return Rollout{Declared(part.Child(rule::kDeclaredName)), RolloutItems(part.Child(rule::kRolloutBody))};
    case rule::kStrategyDeclaration:
      return Strategy{NameChild(part), Parameters(part), RolloutItems(part.Child(rule::kRolloutBody))};
    case rule::kWindowDeclaration:
      return LaterOf(part, "a window");
    case rule::kClusterDeclaration:
      return LaterOf(part, "a cluster");
    case rule::kReleaseDeclaration:
      return LaterOf(part, "a release");
    default:
      return TestOf(part);
  }
}

FunctionDeclaration AstBuilder::Function(const Part& part) {
  FunctionDeclaration function;
  function.name = NameChild(part);
  function.parameters = Parameters(part);
  if (const Part result = part.Child(rule::kTypeReference)) {
    function.result = Type(result);
  }
  function.body = Expression(part.ExpressionBehind(token::ASSIGN));
  return function;
}

}  // namespace sluice::syntax
