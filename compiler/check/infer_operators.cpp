#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "compiler/check/infer.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice::check {
namespace {

using Kind = Type::Kind;
using syntax::BinaryOperator;

bool IsQuantity(const Type& type) {
  return type.is_number() || type.is(Kind::kPercent) || type.is(Kind::kDuration) || type.is(Kind::kBytes);
}

bool IsMap(const Type& type) { return type.is(Kind::kMap) || (type.is(Kind::kRecord) && type.name().empty()); }

bool SameUnit(const Type& a, const Type& b) { return a.kind() == b.kind() || (a.is_number() && b.is_number()); }

// Result of arithmetic between known types; kError where there is none.
Type SumType(const Type& a, const Type& b, bool subtract) {
  if (IsQuantity(a) && IsQuantity(b)) {
    return SameUnit(a, b) ? Join(a, b) : Type();
  }
  if (a.is(Kind::kDate) && b.is(Kind::kDuration)) {
    return Kind::kDate;
  }
  if (subtract) {
    return a.is(Kind::kDate) && b.is(Kind::kDate) ? Type(Kind::kDuration) : Type();
  }
  if (a.is(Kind::kDuration) && b.is(Kind::kDate)) {
    return Kind::kDate;
  }
  if (a.is(Kind::kString) && b.is(Kind::kString)) {
    return Kind::kString;
  }
  if (a.is(Kind::kList) && b.is(Kind::kList)) {
    return Type::List(Join(a.element(), b.element()));
  }
  if (IsMap(a) && IsMap(b)) {
    if (a.is(Kind::kMap) || b.is(Kind::kMap)) {
      return a.is(Kind::kMap) && b.is(Kind::kMap) ? Type::Map(Join(a.element(), b.element())) : Type::Map(Kind::kAny);
    }
    std::vector<Field> fields = b.fields();
    for (const Field& field : a.fields()) {
      if (b.FieldType(field.name) == nullptr) {
        fields.push_back(field);
      }
    }
    return Type::Record(std::move(fields));
  }
  return {};
}

Type ProductType(const Type& a, const Type& b) {
  if (!IsQuantity(a) || !IsQuantity(b)) {
    return {};
  }
  if (a.is_number()) {
    return b.is_number() ? Join(a, b) : b;
  }
  if (b.is_number() || b.is(Kind::kPercent)) {
    return a;
  }
  return a.is(Kind::kPercent) ? b : Type();
}

Type QuotientType(const Type& a, const Type& b) {
  if (!IsQuantity(a) || !IsQuantity(b)) {
    return {};
  }
  if (SameUnit(a, b)) {
    return Kind::kDecimal;
  }
  return b.is_number() ? a : Type();
}

bool IsOrdered(const Type& type) {
  return IsQuantity(type) || type.is(Kind::kDate) || type.is(Kind::kClock) || type.is(Kind::kString) ||
         type.is(Kind::kJson) || type.is_dynamic();
}

const char* SumVerb(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::kAdd:
      return "added";
    case BinaryOperator::kSubtract:
      return "subtracted";
    case BinaryOperator::kMultiply:
      return "multiplied";
    default:
      return "divided";
  }
}

}  // namespace

namespace {

// `"256Mi"`, `"3"`: what is meant without its quotes; "" if that is no value of this type.
std::string WithoutQuotes(const std::string& text, const Type& wanted) {
  const std::string inner = text.size() < 2 ? "" : text.substr(1, text.size() - 2);
  const std::size_t digits = inner.find_first_not_of("0123456789.");
  const std::string unit = digits == std::string::npos ? "" : inner.substr(digits);
  const auto one_of = [&](std::initializer_list<std::string_view> units) {
    return std::find(units.begin(), units.end(), unit) != units.end();
  };
  const bool fits = wanted.is(Kind::kInt) || wanted.is(Kind::kDecimal) ? unit.empty()
                    : wanted.is(Kind::kPercent)                        ? unit == "%"
                    : wanted.is(Kind::kDuration)                       ? one_of({"ms", "s", "m", "h", "d", "w"})
                    : wanted.is(Kind::kBytes) ? one_of({"Ki", "Mi", "Gi", "Ti", "KB", "MB", "GB", "TB"})
                                              : false;
  return fits && digits != 0 && !inner.empty() ? inner : "";
}

// `250m` as Kubernetes writes a quarter of a core, with or without quotes; "" for all else.
std::string Thousandths(std::string text) {
  if (text.size() > 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  if (text.size() < 2 || text.size() > 7 || text.find_first_not_of("0123456789") != text.size() - 1 ||
      text.back() != 'm') {
    return "";
  }
  return Number::Ratio(std::stoll(text), 1000).ToString();
}

}  // namespace

void SuggestUnits(diagnostics::Builder& builder, const syntax::Expression& expression, const Type& wanted,
                  Context& context) {
  const std::string written = context.Text(expression.span);
  const std::string share = wanted.is(Kind::kDecimal) ? Thousandths(written) : "";
  const bool quoted = std::holds_alternative<syntax::StringLiteral>(expression.node);
  const std::string bare = quoted ? WithoutQuotes(written, wanted) : "";
  if (!share.empty()) {
    builder.Fix(fmt::format("write `{}`", share), diagnostics::Safety::kUncertain, expression.span, share);
    return;
  }
  if (!bare.empty()) {
    builder.Fix("remove the quotes", diagnostics::Safety::kSafe, expression.span, bare);
    return;
  }
  const auto* literal = std::get_if<syntax::NumberLiteral>(&expression.node);
  if (literal == nullptr) {
    return;
  }
  const std::string digits = written.substr(0, written.find_first_not_of("0123456789."));
  std::vector<std::string> meanings;
  switch (wanted.kind()) {
    case Kind::kPercent:
      meanings = {digits + "%"};
      if (literal->unit == syntax::Unit::kNone && literal->value > Number(0) && literal->value < Number(1)) {
        meanings.insert(meanings.begin(), (literal->value * Number(100)).ToString() + "%");
      }
      break;
    case Kind::kDuration:
      if (literal->unit == syntax::Unit::kNone && literal->value >= Number(100)) {
        meanings = {digits + "ms", digits + "s"};
      } else {
        meanings = {digits + "s", digits + "m", digits + "h"};
      }
      break;
    case Kind::kBytes:
      meanings = {digits + "Mi", digits + "Gi"};
      break;
    case Kind::kInt:
    case Kind::kDecimal:
      meanings = {digits};
      break;
    default:
      break;
  }
  for (const std::string& meaning : meanings) {
    if (!digits.empty()) {
      builder.Fix(fmt::format("write `{}`", meaning), diagnostics::Safety::kUncertain, expression.span, meaning);
    }
  }
}

Type Inference::Operand(const syntax::Expression& expression) {
  Type type = Any(expression).Required();
  const std::string text = context_.Text(expression.span);
  if (type.is(Kind::kJson)) {
    context_
        .Report(diagnostics::kWrongType, expression.span,
                fmt::format("`{}` is data whose type only shows at run time; it can't be calculated with", text))
        .Fix("read a number", diagnostics::Safety::kUncertain, expression.span, fmt::format("number({})", text));
    return {};
  }
  if (type.is(Kind::kSecret)) {
    context_
        .Report(diagnostics::kSecretOutOfPlace, expression.span,
                fmt::format("`{}` is a secret and can't be calculated with", text))
        .Emit();
    return {};
  }
  if (type.is(Kind::kFunction) || type.is(Kind::kModule)) {
    context_.Report(diagnostics::kNotCallable, expression.span, fmt::format("`{}` is {}", text, type.Phrase()))
        .At(type.is(Kind::kFunction) ? "not called" : "");
    return {};
  }
  if (type.is(Kind::kNone)) {
    context_.Report(diagnostics::kMissingValue, expression.span, "`none` can't be calculated with").Emit();
    return {};
  }
  return type;
}

Type Inference::Mixed(const syntax::Binary& binary, const syntax::Expression& expression, const Type& left,
                      const Type& right, const char* verb) {
  auto builder = context_.Report(diagnostics::kMixedUnits, expression.span,
                                 fmt::format("{} and {} can't be {}", left.Phrase(), right.Phrase(), verb));
  builder.Label(binary.left->span, left.Phrase()).Label(binary.right->span, right.Phrase());
  if (IsQuantity(left) && IsQuantity(right)) {
    SuggestUnits(builder, *binary.right, left, context_);
    if (std::holds_alternative<syntax::NumberLiteral>(binary.left->node) &&
        !std::holds_alternative<syntax::NumberLiteral>(binary.right->node)) {
      SuggestUnits(builder, *binary.left, right, context_);
    }
  }
  return {};
}

Type Inference::Arithmetic(const syntax::Binary& binary, const syntax::Expression& expression) {
  const Type left = Operand(*binary.left);
  const Type right = Operand(*binary.right);
  if (left.is_dynamic() || right.is_dynamic()) {
    return left.is_error() || right.is_error() ? Type() : Type(Kind::kAny);
  }
  Type result;
  switch (binary.op) {
    case BinaryOperator::kAdd:
    case BinaryOperator::kSubtract:
      result = SumType(left, right, binary.op == BinaryOperator::kSubtract);
      break;
    case BinaryOperator::kMultiply:
      result = ProductType(left, right);
      break;
    default:
      result = QuotientType(left, right);
      break;
  }
  return result.is_error() ? Mixed(binary, expression, left, right, SumVerb(binary.op)) : result;
}

Type Inference::Comparison(const syntax::Binary& binary, const syntax::Expression& expression) {
  const Type left = Any(*binary.left);
  const Type right = Infer(*binary.right, left);
  if (left.is_error() || right.is_error()) {
    return {};
  }
  for (const auto* side : {&binary.left, &binary.right}) {
    const Type& type = side == &binary.left ? left : right;
    if (type.is(Kind::kSecret) && !type.optional()) {
      context_.Report(diagnostics::kSecretOutOfPlace, (*side)->span, "a secret can't be compared").Emit();
      return {};
    }
    if (type.is(Kind::kFunction) || type.is(Kind::kModule)) {
      context_
          .Report(diagnostics::kNotCallable, (*side)->span,
                  fmt::format("`{}` is {}", context_.Text((*side)->span), type.Phrase()))
          .Emit();
      return {};
    }
  }
  const bool equality = binary.op == BinaryOperator::kEqual || binary.op == BinaryOperator::kNotEqual ||
                        binary.op == BinaryOperator::kIs || binary.op == BinaryOperator::kIsNot;
  const bool dynamic = left.is_dynamic() || right.is_dynamic() || left.is(Kind::kJson) || right.is(Kind::kJson);
  const bool none = left.is(Kind::kNone) || right.is(Kind::kNone);
  if (none) {
    context_.state().facts[binary.left.get()].strict = false;
    context_.state().facts[binary.right.get()].strict = false;
  }
  const bool comparable = dynamic || (none && equality) || Fits(left.Required(), right.Required()) ||
                          Fits(right.Required(), left.Required());
  if (!comparable) {
    return Mixed(binary, expression, left, right, "compared");
  }
  if (!equality && (!IsOrdered(left) || !IsOrdered(right))) {
    const bool first = !IsOrdered(left);
    context_
        .Report(diagnostics::kMixedUnits, expression.span,
                fmt::format("{} has no order", (first ? left : right).Phrase()))
        .Emit();
    return {};
  }
  return Kind::kBool;
}

Type Inference::Membership(const syntax::Binary& binary, const syntax::Expression& expression) {
  const Type in = Any(*binary.right).Required();
  const Type item = Infer(*binary.left, in.is(Kind::kList) ? in.element() : Type(Kind::kAny));
  if (in.is_error() || item.is_error()) {
    return {};
  }
  if (in.is_dynamic() || in.is(Kind::kJson) || item.is_dynamic() || item.is(Kind::kJson)) {
    return Kind::kBool;
  }
  const bool in_list = in.is(Kind::kList) && (Fits(item, in.element()) || Fits(in.element(), item));
  const bool by_key = (IsMap(in) || in.is(Kind::kString)) && item.is(Kind::kString);
  if (!in_list && !by_key) {
    context_
        .Report(diagnostics::kMixedUnits, expression.span, fmt::format("{} can't be in {}", item.Phrase(), in.Phrase()))
        .Label(binary.left->span, item.Phrase())
        .Label(binary.right->span, in.Phrase());
    return {};
  }
  return Kind::kBool;
}

Type Inference::Coalesce(const syntax::Binary& binary, const Type& hint) {
  const Type left = Infer(*binary.left, hint);
  context_.state().facts[binary.left.get()].strict = false;
  Type right = Infer(*binary.right, hint);
  if (left.is_error() || right.is_error()) {
    return {};
  }
  if (left.is(Kind::kNone)) {
    return right;
  }
  Type joined = Join(left.Required(), right);
  // A URL is text or a secret: its place takes either, and only there.
  const bool url =
      (left.is(Kind::kString) && right.is(Kind::kSecret)) || (left.is(Kind::kSecret) && right.is(Kind::kString));
  if (joined.is(Kind::kAny) && !url && !left.is(Kind::kAny) && !right.is(Kind::kAny)) {
    context_
        .Report(diagnostics::kMixedUnits, binary.operator_span,
                fmt::format("`??` stands between {} and {}", left.Phrase(), right.Phrase()))
        .Label(binary.left->span, left.Phrase())
        .Label(binary.right->span, right.Phrase());
    return {};
  }
  return joined;
}

// Conditions, or gates: they combine with the same words.
Type Inference::Logic(std::initializer_list<const syntax::Expression*> operands, const Type& hint,
                      const std::string& what) {
  Type result = hint.is_named("gate") ? hint.Required() : Type(Kind::kBool);
  bool ok = true;
  for (const syntax::Expression* operand : operands) {
    const Type type = Infer(*operand, result);
    if (type.is_named("gate") && operand == *operands.begin()) {
      result = type.Required();
    }
    ok = ok && !type.is_error() && CheckFits(*operand, type, {result, what, Stage::kRunTime}, context_);
    if (ok) {
      MustFit(*operand, type, result, what);
    }
  }
  return ok ? result : Type();
}

Type Inference::Of(const syntax::Binary& binary, const syntax::Expression& expression, const Type& hint) {
  switch (binary.op) {
    case BinaryOperator::kOr:
    case BinaryOperator::kAnd:
      return Logic({binary.left.get(), binary.right.get()}, hint, binary.op == BinaryOperator::kOr ? "`or`" : "`and`");
    case BinaryOperator::kEqual:
    case BinaryOperator::kNotEqual:
    case BinaryOperator::kIs:
    case BinaryOperator::kIsNot:
    case BinaryOperator::kLess:
    case BinaryOperator::kLessEqual:
    case BinaryOperator::kGreater:
    case BinaryOperator::kGreaterEqual:
      return Comparison(binary, expression);
    case BinaryOperator::kIn:
    case BinaryOperator::kNotIn:
      return Membership(binary, expression);
    case BinaryOperator::kAdd:
    case BinaryOperator::kSubtract:
    case BinaryOperator::kMultiply:
      return Arithmetic(binary, expression);
    case BinaryOperator::kDivide:
      if (hint.is(Type::Kind::kString) && ReportUnquoted(expression, scope_, context_)) {
        return {};
      }
      return Arithmetic(binary, expression);
    case BinaryOperator::kCoalesce:
      return Coalesce(binary, hint);
  }
  return {};
}

Type Inference::Of(const syntax::Unary& unary, const syntax::Expression& expression, const Type& hint) {
  if (unary.op == syntax::UnaryOperator::kNot) {
    return Logic({unary.operand.get()}, hint, "`not`");
  }
  Type type = Operand(*unary.operand);
  if (type.is_dynamic() || IsQuantity(type)) {
    return type;
  }
  context_.Report(diagnostics::kMixedUnits, expression.span, fmt::format("{} can't be negated", type.Phrase())).Emit();
  return {};
}

}  // namespace sluice::check
