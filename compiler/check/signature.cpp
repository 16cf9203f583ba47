#include <algorithm>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/infer.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice::check {
namespace {

Type ResolveNamed(const syntax::TypeReference& reference, const ScopePtr& scope, Context& context) {
  const std::string& word = reference.name.text;
  const bool list = word == "list";
  if (list || word == "map") {
    if (reference.arguments.size() > 1) {
      context
          .Report(diagnostics::kUnknownType, reference.span,
                  fmt::format("`{}` has one type for its {}", word, list ? "items" : "values"))
          .Emit();
      return {};
    }
    const Type element =
        reference.arguments.empty() ? Type(Type::Kind::kAny) : ResolveType(reference.arguments[0], scope, context);
    return element.is_error() ? element : (list ? Type::List(element) : Type::Map(element));
  }
  const Type* named = NamedType(word);
  if (named != nullptr && reference.arguments.empty()) {
    return *named;
  }
  if (named != nullptr) {
    context.Report(diagnostics::kUnknownType, reference.span, fmt::format("`{}` has no type arguments", word)).Emit();
    return {};
  }
  const std::vector<std::string> similar = SimilarNames(word, TypeNames());
  auto builder =
      context.Report(diagnostics::kUnknownType, reference.name.span, fmt::format("there is no type `{}`", word));
  builder.At(similar.empty() ? "" : fmt::format("did you mean `{}`?", similar[0]));
  for (const std::string& name : similar) {
    builder.Fix(fmt::format("write `{}`", name), diagnostics::Safety::kUncertain, reference.name.span, name);
  }
  return {};
}

}  // namespace

Type ResolveType(const syntax::TypeReference& reference, const ScopePtr& scope, Context& context) {
  Type type;
  if (!reference.name.text.empty()) {
    type = ResolveNamed(reference, scope, context);
  } else if (!reference.fields.empty()) {
    std::vector<Field> fields;
    for (const auto& [name, field] : reference.fields) {
      fields.push_back({name.text, ResolveType(field, scope, context)});
    }
    type = Type::Record(std::move(fields));
  }
  return reference.optional ? type.Optional() : type;
}

std::shared_ptr<const Signature> MakeSignature(std::string name, Span span,
                                               const std::vector<syntax::Parameter>& parameters, Type result,
                                               const ScopePtr& scope, Context& context) {
  auto signature = std::make_shared<Signature>();
  signature->name = std::move(name);
  signature->span = span;
  signature->result = std::move(result);
  for (const syntax::Parameter& parameter : parameters) {
    const auto same = std::find_if(signature->parameters.begin(), signature->parameters.end(),
                                   [&](const SignatureParameter& p) { return p.name == parameter.name.text; });
    if (same != signature->parameters.end()) {
      context
          .Report(diagnostics::kDuplicateParameter, parameter.name.span,
                  fmt::format("two parameters are called `{}`", parameter.name.text))
          .Label(same->span, "the first one");
      continue;
    }
    SignatureParameter added;
    added.name = parameter.name.text;
    added.type = ResolveType(parameter.type, scope, context);
    added.span = parameter.name.span;
    added.refinement = parameter.refinement ? &*parameter.refinement : nullptr;
    added.default_value = parameter.default_value.get();
    // A default sees the parameters before it.
    const ScopePtr before = UnboundScope(*signature, scope);
    const Expected expected{added.type, fmt::format("`{}`", added.name), Stage::kRunTime};
    if (added.default_value != nullptr) {
      CheckType(*added.default_value, before, expected, context);
    }
    if (added.refinement != nullptr) {
      const Expected bound{added.type.Required(), "a bound", Stage::kCompileTime};
      for (const syntax::ExpressionPtr* end : {&added.refinement->low, &added.refinement->high}) {
        if (*end != nullptr) {
          CheckType(**end, before, bound, context);
        }
      }
    }
    signature->parameters.push_back(std::move(added));
  }
  return signature;
}

ScopePtr UnboundScope(const Signature& signature, const ScopePtr& parent) {
  auto scope = std::make_shared<Scope>(parent);
  for (const SignatureParameter& parameter : signature.parameters) {
    scope->Add({parameter.name, parameter.type, std::nullopt, parameter.span});
  }
  return scope;
}

}  // namespace sluice::check
