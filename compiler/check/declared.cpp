// Types and values of declarations, made at their first use.

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/evaluation.h"
#include "compiler/check/infer.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice::check {
namespace {

using graph::Value;
using Kind = Type::Kind;

bool HasParameters(const Declared& declared) {
  const auto* parameters = ParametersOf(declared);
  return declared.kind == DeclarationKind::kFunction || (parameters != nullptr && !parameters->empty());
}

std::string QualifiedName(const Declared& declared) {
  return declared.module->path().empty() ? declared.name : declared.module->path() + "." + declared.name;
}

// A `fn` with its body checked; what it calls is noted for finding recursion.
std::shared_ptr<const Callable> FunctionOf(const Declared& declared, Context& context) {
  Context::State& state = context.state();
  const Declared* outside = state.checking;
  state.checking = &declared;
  auto callable =
      MakeFunction(declared.as<syntax::FunctionDeclaration>(), declared.scope, QualifiedName(declared), context);
  state.checking = outside;
  return callable;
}

Type LetType(const Declared& declared, Context& context) {
  const auto& let = declared.as<syntax::LetDeclaration>();
  if (let.type) {
    return ResolveType(*let.type, declared.scope, context);
  }
  if (let.value == nullptr) {
    return {};
  }
  Context::State& state = context.state();
  const Declared* outside = state.checking;
  state.checking = nullptr;
  Type type = CheckType(*let.value, declared.scope, {}, context);
  state.checking = outside;
  return type;
}

Type MakeType(const Declared& declared, Context& context) {
  if (declared.kind == DeclarationKind::kLet) {
    return LetType(declared, context);
  }
  if (!HasParameters(declared)) {
    return InstanceType(declared.kind);
  }
  if (declared.kind == DeclarationKind::kFunction && !declared.as<syntax::FunctionDeclaration>().result) {
    // The result shows in the body only.
    const std::optional<Value> value = ValueAt(declared, declared.name_span, context);
    return value ? *declared.type : Type();
  }
  const auto& function = declared.syntax->declaration;
  const auto* fn = std::get_if<syntax::FunctionDeclaration>(&function);
  const Type result = fn != nullptr ? ResolveType(*fn->result, declared.scope, context) : InstanceType(declared.kind);
  declared.signature =
      MakeSignature(declared.name, declared.name_span, *ParametersOf(declared), result, declared.scope, context);
  return Type::Function(declared.signature);
}

std::optional<Value> MakeValue(const Declared& declared, Context& context) {
  if (declared.kind == DeclarationKind::kLet) {
    const auto& let = declared.as<syntax::LetDeclaration>();
    const Type type = TypeOf(declared, context);
    if (let.value == nullptr || type.is_error()) {
      return std::nullopt;
    }
    return Evaluate(*let.value, declared.scope, {let.type ? type : Type(Kind::kAny), "`" + declared.name + "`"},
                    context);
  }
  if (declared.kind == DeclarationKind::kFunction) {
    const std::shared_ptr<const Callable> callable = FunctionOf(declared, context);
    if (!declared.type) {
      declared.signature = std::shared_ptr<const Signature>(callable, &callable->signature());
      declared.type = Type::Function(declared.signature);
    }
    return Value(std::shared_ptr<const graph::Handle>(callable));
  }
  if (!HasParameters(declared)) {
    return context.instantiator().Instantiate(declared, declared.scope, {}, context);
  }
  if (TypeOf(declared, context).is_error()) {
    return std::nullopt;
  }
  const auto body = [&declared](const ScopePtr& arguments, Span site, Context& shared) {
    return shared.instantiator().Instantiate(declared, arguments, site, shared);
  };
  return Value(std::shared_ptr<const graph::Handle>(MakeCallable(declared.signature, declared.scope, body)));
}

const Type& DefaultType(std::string_view name) {
  static const Type kUnknown(Kind::kAny);
  if (name == "metrics") {
    return ProviderType();
  }
  if (name == "dialect") {
    return DialectType();
  }
  return name == "router" ? RouterType() : kUnknown;
}

Default* FindDefault(const syntax::DefaultDeclaration& declaration, Context& context) {
  for (auto& [name, entry] : context.state().defaults) {
    if (entry.declaration == &declaration) {
      return &entry;
    }
  }
  return nullptr;
}

}  // namespace

const std::vector<syntax::Parameter>* ParametersOf(const Declared& declared) {
  switch (declared.kind) {
    case DeclarationKind::kFunction:
      return &declared.as<syntax::FunctionDeclaration>().parameters;
    case DeclarationKind::kGate:
      return &declared.as<syntax::Gate>().parameters;
    case DeclarationKind::kRouter:
      return &declared.as<syntax::Router>().parameters;
    case DeclarationKind::kProvider:
      return &declared.as<syntax::Provider>().parameters;
    case DeclarationKind::kDialect:
      return &declared.as<syntax::Dialect>().parameters;
    case DeclarationKind::kChannel:
      return &declared.as<syntax::Channel>().parameters;
    case DeclarationKind::kStrategy:
      return &declared.as<syntax::Strategy>().parameters;
    default:
      return nullptr;
  }
}

Type TypeOf(const Declared& declared, Context& context) { return TypeAt(declared, declared.name_span, context); }

Type TypeAt(const Declared& declared, Span use, Context& context) {
  if (declared.type) {
    return *declared.type;
  }
  if (declared.type_state == Declared::State::kBusy) {
    IsRecursion(&declared, use, context);
    return {};
  }
  declared.type_state = Declared::State::kBusy;
  Type type;
  {
    const Entered entered(context, {&declared, declared.name, declared.name_span, use});
    type = MakeType(declared, context);
  }
  declared.type = type;
  declared.type_state = Declared::State::kDone;
  return type;
}

std::optional<Value> ValueAt(const Declared& declared, Span use, Context& context) {
  if (declared.value_state == Declared::State::kDone) {
    return declared.value;
  }
  if (declared.value_state == Declared::State::kBusy) {
    IsRecursion(&declared, use, context);
    return std::nullopt;
  }
  declared.value_state = Declared::State::kBusy;
  std::optional<Value> value;
  {
    const Entered entered(context, {&declared, declared.name, declared.name_span, use});
    value = MakeValue(declared, context);
  }
  declared.value = std::move(value);
  declared.value_state = Declared::State::kDone;
  return declared.value;
}

std::optional<Value> ValueOf(const Declared& declared, Context& context) { return ValueAt(declared, {}, context); }

Type TypeOf(const Resolved& resolved, const ScopePtr& scope, std::string_view name, Span use, Context& context) {
  switch (resolved.kind) {
    case Resolved::Kind::kUnknown:
      return {};
    case Resolved::Kind::kBinding: {
      const Binding* binding = scope->Find(name);
      return binding != nullptr ? binding->type : Type();
    }
    case Resolved::Kind::kDeclared:
      return TypeAt(*resolved.declared, use, context);
    case Resolved::Kind::kModule:
      return Type::OfModule(resolved.module);
    case Resolved::Kind::kDefault: {
      const Type& type = DefaultType(name);
      return type.is_dynamic() ? CheckType(*resolved.default_declaration->value,
                                           FindDefault(*resolved.default_declaration, context)->scope, {}, context)
                               : type;
    }
    case Resolved::Kind::kBuiltin:
      return Type::Function(SignatureOf(*resolved.builtin, context));
    case Resolved::Kind::kDefaults:
      return Type::OfModule(nullptr);
  }
  return {};
}

std::optional<Value> ValueOfDefault(const syntax::DefaultDeclaration& declaration, Context& context) {
  Default* entry = FindDefault(declaration, context);
  if (entry == nullptr || declaration.value == nullptr) {
    return std::nullopt;
  }
  if (entry->state == Declared::State::kBusy) {
    IsRecursion(&declaration, declaration.name.span, context);
    return std::nullopt;
  }
  if (entry->state == Declared::State::kNew) {
    entry->state = Declared::State::kBusy;
    const Entered entered(context, {&declaration, "default." + declaration.name.text, declaration.name.span, {}});
    const Expected expected{DefaultType(declaration.name.text), fmt::format("`default {}`", declaration.name.text)};
    entry->value = Evaluate(*declaration.value, entry->scope, expected, context);
    entry->state = Declared::State::kDone;
  }
  return entry->value;
}

}  // namespace sluice::check
