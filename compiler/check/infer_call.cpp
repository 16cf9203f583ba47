#include <algorithm>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/infer.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice::check {
namespace {

using Kind = Type::Kind;

// Types as the table of built-in functions writes them: "list<T>", "T?", "T…". `T` is kAny.
Type ParseType(std::string_view text) {
  if (text.ends_with("?")) {
    return ParseType(text.substr(0, text.size() - 1)).Optional();
  }
  if (text.ends_with("…")) {
    return ParseType(text.substr(0, text.size() - std::string_view("…").size()));
  }
  if (text.starts_with("list<")) {
    return Type::List(ParseType(text.substr(5, text.size() - 6)));
  }
  if (text.starts_with("map<")) {
    return Type::Map(ParseType(text.substr(4, text.size() - 5)));
  }
  const Type* named = NamedType(text);
  return named != nullptr ? *named : Type(Kind::kAny);
}

bool IsGeneric(std::string_view text) { return text.find('T') != std::string_view::npos; }

// What the arguments say that T is.
Type GenericType(const graph::Builtin& builtin, const std::vector<Type>& arguments) {
  Type generic;
  bool first = true;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view parameter = builtin.parameters[std::min(i, builtin.parameters.size() - 1)];
    if (!IsGeneric(parameter)) {
      continue;
    }
    Type part = arguments[i].Required();
    const bool only_list = parameter.ends_with("…") && arguments.size() == 1 && part.is(Kind::kList);
    if (parameter.starts_with("list<") || parameter.starts_with("map<") || only_list) {
      const bool element = part.is(Kind::kList) || part.is(Kind::kMap);
      part = element ? part.element() : (part.is(Kind::kJson) ? part : Type(Kind::kAny));
    }
    if (parameter.starts_with("map<") && arguments[i].is(Kind::kRecord)) {
      part = Kind::kAny;
    }
    generic = first ? part : Join(generic, part);
    first = false;
  }
  return first ? Type(Kind::kAny) : generic;
}

// T of one unit throughout: numbers, percents, durations, bytes, dates, text.
bool IsMeasure(const Type& type) {
  switch (type.kind()) {
    case Kind::kInt:
    case Kind::kDecimal:
    case Kind::kPercent:
    case Kind::kDuration:
    case Kind::kBytes:
    case Kind::kDate:
    case Kind::kString:
    case Kind::kAny:
    case Kind::kError:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::shared_ptr<const Signature> SignatureOf(const graph::Builtin& builtin, Context& context) {
  std::shared_ptr<const Signature>& known = context.state().builtin_signatures[&builtin];
  if (known == nullptr) {
    auto signature = std::make_shared<Signature>();
    signature->name = builtin.name;
    signature->positional_only = true;
    for (std::size_t i = 0; i < builtin.parameters.size(); ++i) {
      SignatureParameter parameter;
      parameter.name = builtin.parameter_names[i];
      parameter.type = ParseType(builtin.parameters[i]);
      parameter.optional = builtin.parameters[i].ends_with("?");
      signature->parameters.push_back(std::move(parameter));
    }
    signature->result = ParseType(builtin.result);
    known = signature;
  }
  return known;
}

Type ResultOf(const graph::Builtin& builtin, const std::vector<Type>& arguments) {
  Type generic = GenericType(builtin, arguments);
  if (builtin.result == "whole") {
    return arguments.size() == 1 && generic.is_number() ? Type(Kind::kInt) : generic;
  }
  if (builtin.result == "T") {
    return generic;
  }
  if (builtin.result == "T?") {
    return generic.Optional();
  }
  if (builtin.result == "list<T>") {
    return generic.is(Kind::kJson) ? generic : Type::List(generic);
  }
  if (builtin.result == "map<T>") {
    return Type::Map(generic);
  }
  return ParseType(builtin.result);
}

std::vector<const syntax::Argument*> MatchArguments(const syntax::Call& call, const Signature& signature) {
  std::vector<const syntax::Argument*> matched(signature.parameters.size());
  std::size_t position = 0;
  for (const syntax::Argument& argument : call.arguments) {
    std::size_t at = position;
    if (argument.label) {
      const auto found = std::find_if(signature.parameters.begin(), signature.parameters.end(),
                                      [&](const auto& parameter) { return parameter.name == argument.label->text; });
      at = static_cast<std::size_t>(found - signature.parameters.begin());
    } else {
      ++position;
    }
    if (at < matched.size() && matched[at] == nullptr) {
      matched[at] = &argument;
    }
  }
  return matched;
}

void Inference::CheckArguments(const Signature& signature, const syntax::Call& call,
                               const syntax::Expression& expression) {
  std::vector<const syntax::Argument*> given(signature.parameters.size());
  std::vector<std::string> names;
  for (const SignatureParameter& parameter : signature.parameters) {
    names.push_back(parameter.name);
  }
  bool complete = true;
  std::size_t position = 0;
  for (const syntax::Argument& argument : call.arguments) {
    std::size_t at = position;
    if (argument.label) {
      at = static_cast<std::size_t>(std::find(names.begin(), names.end(), argument.label->text) - names.begin());
    } else {
      ++position;
    }
    const Span span = argument.label ? argument.label->span : argument.value->span;
    if (at >= names.size()) {
      ReportUnknownArgument(signature, argument, names);
      Any(*argument.value);
      complete = false;
      continue;
    }
    if (given[at] != nullptr) {
      context_.Report(diagnostics::kDuplicateArgument, span, fmt::format("`{}` is given twice", names[at]))
          .Label(given[at]->value->span, "first here");
      Any(*argument.value);
      continue;
    }
    given[at] = &argument;
    Want(*argument.value, signature.parameters[at].type, fmt::format("`{}`", names[at]));
  }
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const SignatureParameter& parameter = signature.parameters[i];
    if (given[i] == nullptr && parameter.default_value == nullptr && !parameter.optional) {
      missing.push_back("`" + names[i] + "`");
    }
  }
  // With an unknown label the missing one is most likely what it meant.
  if (!missing.empty() && complete) {
    auto builder = context_.Report(diagnostics::kMissingArgument, expression.span,
                                   fmt::format("`{}` needs {}", signature.name, JoinWords(missing)));
    if (signature.span.known()) {
      builder.Label(signature.span, "declared here");
    }
  }
}

void Inference::ReportUnknownArgument(const Signature& signature, const syntax::Argument& argument,
                                      const std::vector<std::string>& names) {
  if (!argument.label) {
    auto builder = context_.Report(diagnostics::kUnknownArgument, argument.value->span,
                                   names.empty() ? fmt::format("`{}` takes no arguments", signature.name)
                                                 : fmt::format("`{}` takes {} argument{}", signature.name, names.size(),
                                                               names.size() == 1 ? "" : "s"));
    if (!names.empty()) {
      builder.Note(fmt::format("it takes {}", JoinWords(names)));
    }
    if (signature.span.known()) {
      builder.Label(signature.span, "declared here");
    }
    return;
  }
  const std::vector<std::string> similar = SimilarNames(argument.label->text, names);
  auto builder = context_.Report(diagnostics::kUnknownArgument, argument.label->span,
                                 fmt::format("`{}` has no parameter `{}`", signature.name, argument.label->text));
  builder.At(similar.empty() ? "" : fmt::format("did you mean `{}`?", similar[0]));
  if (!names.empty()) {
    builder.Note(fmt::format("it takes {}", JoinWords(names)));
  }
  if (signature.span.known()) {
    builder.Label(signature.span, "declared here");
  }
  for (const std::string& name : similar) {
    builder.Fix(fmt::format("write `{}`", name), diagnostics::Safety::kUncertain, argument.label->span, name);
  }
}

Type Inference::SignatureCall(const Signature& signature, const syntax::Call& call,
                              const syntax::Expression& expression) {
  const std::size_t before = context_.emitter().error_count();
  CheckArguments(signature, call, expression);
  return context_.emitter().error_count() == before ? signature.result : Type();
}

Type Inference::BuiltinCall(const graph::Builtin& builtin, const syntax::Call& call,
                            const syntax::Expression& expression) {
  const std::shared_ptr<const Signature> signature = SignatureOf(builtin, context_);
  std::vector<Type> types;
  bool ok = true;
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const syntax::Argument& argument = call.arguments[i];
    if (argument.label) {
      context_
          .Report(diagnostics::kUnknownArgument, argument.label->span,
                  fmt::format("arguments of `{}` have no labels", builtin.name))
          .Fix("leave the label out", diagnostics::Safety::kSafe,
               Span{argument.label->span.file, argument.label->span.begin, argument.value->span.begin}, "");
      ok = false;
    }
    const std::size_t at = std::min(i, signature->parameters.size() - 1);
    const SignatureParameter& parameter = signature->parameters[at];
    const std::string what = fmt::format("`{}` of `{}`", parameter.name, builtin.name);
    // Of data only the run shows whether it is a list.
    const bool any_list = parameter.type.is(Kind::kList) && parameter.type.element().is(Kind::kAny);
    Type type = Infer(*argument.value, parameter.type);
    if (!(any_list && type.is(Kind::kJson))) {
      type = Fitting(*argument.value, type, parameter.type, what);
    }
    types.push_back(std::move(type));
    ok = ok && !types.back().is_error();
  }
  if (!graph::AcceptsCount(builtin, call.arguments.size())) {
    std::vector<std::string> names;
    for (const SignatureParameter& parameter : signature->parameters) {
      names.push_back(parameter.name);
    }
    const bool few = call.arguments.size() < names.size();
    context_
        .Report(few ? diagnostics::kMissingArgument : diagnostics::kUnknownArgument, expression.span,
                fmt::format("`{}` takes {}", builtin.name, JoinWords(names)))
        .Note(std::string(builtin.doc));
    return {};
  }
  if (!ok) {
    return {};
  }
  const Type generic = GenericType(builtin, types);
  const bool measures = builtin.name == "min" || builtin.name == "max" || builtin.name == "sum" ||
                        builtin.name == "range" || builtin.name == "round" || builtin.name == "floor" ||
                        builtin.name == "ceil";
  if (measures && !IsMeasure(generic)) {
    context_
        .Report(diagnostics::kWrongType, call.arguments[0].value->span,
                fmt::format("`{}` takes numbers, this is {}", builtin.name, types[0].Phrase()))
        .Emit();
    return {};
  }
  const bool countable = !IsMeasure(types[0]) || types[0].is(Kind::kString) || types[0].is_dynamic();
  if (builtin.name == "count" && (!countable || types[0].is(Kind::kBool))) {
    context_
        .Report(diagnostics::kWrongType, call.arguments[0].value->span,
                fmt::format("`count` takes a list, a map or text, this is {}", types[0].Phrase()))
        .Emit();
    return {};
  }
  if (measures && types.size() > 1 && generic.is(Kind::kAny) &&
      std::none_of(types.begin(), types.end(), [](const Type& type) { return type.is_dynamic(); })) {
    std::vector<std::string> phrases;
    for (const Type& type : types) {
      phrases.push_back(type.Phrase());
    }
    context_
        .Report(diagnostics::kMixedUnits, expression.span,
                fmt::format("`{}` takes values of one unit, these are {}", builtin.name, JoinWords(phrases)))
        .Emit();
    return {};
  }
  return ResultOf(builtin, types);
}

Type Inference::Of(const syntax::Call& call, const syntax::Expression& expression, const Type& hint) {
  if (const auto* name = std::get_if<syntax::NameReference>(&call.callee->node)) {
    Resolved resolved = ResolveName(*call.callee, scope_, hint, context_);
    // A root or parameter of data does not hide the function of its name: `split.backends`, `split(x, ",")`.
    const Binding* binding = resolved.kind == Resolved::Kind::kBinding ? scope_->Find(name->name) : nullptr;
    const graph::Builtin* builtin = binding != nullptr ? graph::FindBuiltin(name->name) : resolved.builtin;
    if (builtin != nullptr && (binding == nullptr || !binding->type.is(Kind::kAny))) {
      resolved.kind = Resolved::Kind::kBuiltin;
      resolved.builtin = builtin;
    }
    context_.state().facts[call.callee.get()].resolved = resolved;
    if (resolved.kind == Resolved::Kind::kBuiltin) {
      return BuiltinCall(*resolved.builtin, call, expression);
    }
  }
  Type callee = std::holds_alternative<syntax::NameReference>(call.callee->node)
                    ? TypeOf(context_.state().facts[call.callee.get()].resolved, scope_,
                             std::get<syntax::NameReference>(call.callee->node).name, call.callee->span, context_)
                    : Infer(*call.callee, hint);
  if (callee.is(Kind::kFunction)) {
    return SignatureCall(*callee.signature(), call, expression);
  }
  if (callee.is(Kind::kRecord) && !callee.name().empty() && call.arguments.empty()) {
    return callee;  // `replicas()` of a router without parameters
  }
  bool ok = !callee.is_error();
  for (const syntax::Argument& argument : call.arguments) {
    ok = !Any(*argument.value).is_error() && ok;
  }
  if (callee.is(Kind::kAny)) {
    context_.state().facts[&expression].dynamic_call = true;
    return ok ? Type(Kind::kAny) : Type();
  }
  if (!callee.is_error()) {
    context_
        .Report(diagnostics::kNotCallable, call.callee->span,
                fmt::format("`{}` is {} and {}", context_.Text(call.callee->span), callee.Phrase(),
                            callee.name().empty() ? "can't be called" : "takes no arguments"))
        .Emit();
  }
  return {};
}

void CheckArguments(const Signature& signature, const syntax::Call& call, const syntax::Expression& expression,
                    const ScopePtr& scope, Context& context) {
  Inference(scope, context).CheckArguments(signature, call, expression);
}

}  // namespace sluice::check
