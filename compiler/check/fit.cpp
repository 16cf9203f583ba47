// Whether a type, and then a value, may stand where something is expected.

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/infer.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice::check {
namespace {

using Kind = Type::Kind;
using diagnostics::Safety;

// The expression as it is written, in backticks; "this" where that would not fit a sentence.
std::string Written(Span span, const Context& context) {
  const std::string text = context.Text(span);
  return text.size() > 48 || text.find('\n') != std::string::npos ? "this" : "`" + text + "`";
}

// "`weight` takes a percent" · "a percent is needed".
std::string Wanted(const Type& type, const std::string& what) {
  const std::string phrase = type.Phrase();
  return what.empty() ? phrase + " is needed" : fmt::format("{} takes {}", what, phrase);
}

std::string Found(const Type& type) { return type.is_number() ? "a number" : type.Phrase(); }

bool ReportFunction(const syntax::Expression& expression, const Type& type, const Expected& expected,
                    Context& context) {
  const Signature& signature = *type.signature();
  const std::string text = context.Text(expression.span);
  auto builder = context.Report(
      diagnostics::kNotCallable, expression.span,
      fmt::format("{}, {} is a function", Wanted(expected.type, expected.what), Written(expression.span, context)));
  builder.At("it is not called");
  std::string arguments;
  for (const SignatureParameter& parameter : signature.parameters) {
    if (parameter.default_value == nullptr && !parameter.optional) {
      arguments += fmt::format("{}{}: …", arguments.empty() ? "" : ", ", parameter.name);
    }
  }
  builder.Fix("call it", arguments.empty() ? Safety::kUncertain : Safety::kPlaceholder, expression.span,
              fmt::format("{}({})", text, arguments));
  return false;
}

void Suggest(diagnostics::Builder& builder, const syntax::Expression& expression, const Type& type, const Type& wanted,
             Context& context) {
  const std::string text = context.Text(expression.span);
  SuggestUnits(builder, expression, wanted, context);
  if (type.is(Kind::kJson) && wanted.is_number()) {
    builder.Fix("read a number", Safety::kUncertain, expression.span, fmt::format("number({})", text));
  } else if (type.is(Kind::kJson) && wanted.is(Kind::kString)) {
    builder.Fix("write it into text", Safety::kUncertain, expression.span, fmt::format("\"${{{}}}\"", text));
  } else if (wanted.is(Kind::kList) && Fits(type, wanted.element())) {
    builder.Fix("make it a list", Safety::kUncertain, expression.span, fmt::format("[{}]", text));
  } else if (wanted.is(Kind::kSecret) && type.is(Kind::kString)) {
    builder.Note("only the name of a Kubernetes Secret and one of its keys may stand in a plan");
    builder.Fix("name the secret", Safety::kPlaceholder, expression.span, "secret \"NAME\" key \"KEY\"");
  } else if (wanted.is(Kind::kString) && !type.is(Kind::kRecord) && !type.is(Kind::kModule)) {
    builder.Fix("write it into text", Safety::kUncertain, expression.span, fmt::format("\"{}\"", text));
  }
}

bool ReportValueType(const graph::Value& value, const Type& type, Span span, const std::string& what,
                     Context& context) {
  const graph::Quantity* quantity = value.as_quantity();
  const std::string found = quantity != nullptr ? fmt::format("{} is `{}`", Written(span, context), value.ToText())
                                                : fmt::format("{} is {}", Written(span, context), value.KindName());
  ReportValue(diagnostics::kWrongType, span, fmt::format("{}, {}", Wanted(type, what), found), context).Emit();
  return false;
}

bool CheckWhole(const graph::Quantity& quantity, Span span, const std::string& what, Context& context) {
  if (quantity.number.is_integer()) {
    return true;
  }
  const std::string text = context.Text(span);
  ReportValue(
      diagnostics::kNotWhole, span,
      fmt::format("{}, {} is {}", Wanted(Kind::kInt, what), Written(span, context), quantity.number.ToRoundedString(6)),
      context)
      .Fix("round to the nearest", Safety::kUncertain, span, fmt::format("round({})", text))
      .Fix("round down", Safety::kUncertain, span, fmt::format("floor({})", text))
      .Fix("round up", Safety::kUncertain, span, fmt::format("ceil({})", text));
  return false;
}

bool CheckData(const graph::Value& value, Span span, Context& context) {
  if (const auto* handle = value.as_handle()) {
    ReportValue(diagnostics::kKnownOnlyToCompiler, span,
                fmt::format("a {} can't be part of data", (*handle)->type_name()), context)
        .Emit();
    return false;
  }
  if (value.as_secret() != nullptr) {
    ReportValue(diagnostics::kSecretOutOfPlace, span, "a secret can't be part of data", context).Emit();
    return false;
  }
  if (const graph::List* list = value.as_list()) {
    for (const graph::Value& item : *list) {
      if (!CheckData(item, span, context)) {
        return false;
      }
    }
  }
  if (const graph::Map* map = value.as_map()) {
    for (const auto& [key, item] : map->entries()) {
      if (!CheckData(item, span, context)) {
        return false;
      }
    }
  }
  return true;
}

bool CheckItems(const graph::Value& value, const Type& type, Span span, const std::string& what, Context& context) {
  if (const graph::List* list = value.as_list(); list != nullptr && type.is(Kind::kList)) {
    for (const graph::Value& item : *list) {
      if (!CheckValueFits(item, type.element(), span, what, context)) {
        return false;
      }
    }
    return true;
  }
  const graph::Map* map = value.as_map();
  if (map == nullptr || type.is(Kind::kList)) {
    return ReportValueType(value, type, span, what, context);
  }
  if (type.is(Kind::kMap)) {
    for (const auto& [key, item] : map->entries()) {
      if (!CheckValueFits(item, type.element().Optional(), span, what, context)) {
        return false;
      }
    }
  }
  for (const Field& field : type.fields()) {
    if (!CheckValueFits(value.Field(field.name), field.type, span, fmt::format("`{}`", field.name), context)) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool CheckFits(const syntax::Expression& expression, const Type& type, const Expected& expected, Context& context) {
  const Type& wanted = expected.type;
  if (type.is_error()) {
    return false;
  }
  if (type.is(Kind::kFunction)) {
    return ReportFunction(expression, type, expected, context);
  }
  if (type.is(Kind::kModule)) {
    context
        .Report(diagnostics::kWrongType, expression.span,
                fmt::format("{}, {} is a module", Wanted(wanted, expected.what), Written(expression.span, context)))
        .Emit();
    return false;
  }
  if (Fits(type, wanted)) {
    return true;
  }
  if (type.is(Kind::kNone)) {
    context
        .Report(diagnostics::kMissingValue, expression.span, fmt::format("{}, not none", Wanted(wanted, expected.what)))
        .Emit();
    return false;
  }
  const bool secret = type.is(Kind::kSecret);
  auto builder = context.Report(
      secret ? diagnostics::kSecretOutOfPlace : diagnostics::kWrongType, expression.span,
      fmt::format("{}, {} is {}", Wanted(wanted, expected.what), Written(expression.span, context), Found(type)));
  if (secret) {
    builder.Note("a secret may stand alone as the whole value of `env`, `bearer`, `basic`, a header or a URL");
  }
  Suggest(builder, expression, type, wanted, context);
  return false;
}

bool CheckValueFits(const graph::Value& value, const Type& type, Span span, const std::string& what, Context& context) {
  if (value.is_residual() || type.is_dynamic()) {
    return true;
  }
  if (value.is_none()) {
    if (type.optional() || type.is(Kind::kJson) || type.is(Kind::kNone)) {
      return true;
    }
    ReportValue(diagnostics::kMissingValue, span,
                fmt::format("{}, {} is none", Wanted(type, what), Written(span, context)), context)
        .Note("`value ?? other` says what to take instead");
    return false;
  }
  switch (type.kind()) {
    case Kind::kJson:
      return CheckData(value, span, context);
    case Kind::kInt:
    case Kind::kDecimal: {
      const graph::Quantity* quantity = value.as_quantity();
      if (quantity == nullptr || quantity->unit != graph::Unit::kNone) {
        return ReportValueType(value, type, span, what, context);
      }
      return type.is(Kind::kDecimal) || CheckWhole(*quantity, span, what, context);
    }
    case Kind::kList:
    case Kind::kMap:
      return CheckItems(value, type, span, what, context);
    case Kind::kRecord:
      if (type.name().empty()) {
        return CheckItems(value, type, span, what, context);
      }
      // A record of the cluster (a role, a backend) has no value before it runs; a handle names its kind.
      return TypeOfValue(value).is_named(type.name()) || value.as_map() != nullptr
                 ? true
                 : ReportValueType(value, type, span, what, context);
    case Kind::kClock:
      return true;
    default:
      return TypeOfValue(value).kind() == type.kind() || ReportValueType(value, type, span, what, context);
  }
}

}  // namespace sluice::check
