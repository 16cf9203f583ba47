#include <fmt/format.h>

#include "compiler/check/checker.h"
#include "compiler/check/state.h"

namespace sluice::check {

using diagnostics::kValueOutOfRange;
using diagnostics::kWrongClauseValue;

namespace {

constexpr Duration kLongest{30LL * 24 * 3600 * 1000};

std::string PercentText(const Number& ratio) { return graph::Value::Percent(ratio).ToText(); }

}  // namespace

std::optional<graph::Value> Reader::Of(const syntax::ExpressionPtr& expression, const Type& type,
                                       const std::string& what) const {
  if (expression == nullptr || std::holds_alternative<syntax::Poisoned>(expression->node)) {
    return std::nullopt;
  }
  const Expected expected{type, what, Stage::kCompileTime};
  if (types_only_) {
    CheckType(*expression, scope_, expected, context());
    return std::nullopt;
  }
  return Evaluate(*expression, scope_, expected, context());
}

std::optional<graph::Value> Reader::Any(const syntax::ExpressionPtr& expression, const std::string& what) const {
  return Of(expression, Type::Kind::kAny, what);
}

graph::ExpressionPtr Reader::Residual(const syntax::ExpressionPtr& expression, const Type& type,
                                      const std::string& what) const {
  if (expression == nullptr || std::holds_alternative<syntax::Poisoned>(expression->node)) {
    return nullptr;
  }
  const Expected expected{type, what, Stage::kRunTime};
  if (types_only_) {
    CheckType(*expression, scope_, expected, context());
    return nullptr;
  }
  return EvaluateResidual(*expression, scope_, expected, context());
}

std::optional<std::string> Reader::Text(const syntax::ExpressionPtr& expression, const std::string& what) const {
  if (expression != nullptr && ReportUnquoted(*expression, scope_, context())) {
    return std::nullopt;
  }
  std::optional<graph::Value> value = Of(expression, Type::Kind::kString, what);
  const std::string* text = value ? value->as_string() : nullptr;
  return text == nullptr ? std::nullopt : std::optional(*text);
}

std::optional<std::vector<std::string>> Reader::Texts(const syntax::ExpressionPtr& expression,
                                                      const std::string& what) const {
  std::optional<graph::Value> value = Of(expression, Type::List(Type::Kind::kString), what);
  const graph::List* list = value ? value->as_list() : nullptr;
  if (list == nullptr) {
    return std::nullopt;
  }
  std::vector<std::string> texts;
  for (const graph::Value& item : *list) {
    texts.push_back(item.ToText());
  }
  return texts;
}

std::optional<Number> Reader::Numeric(const syntax::ExpressionPtr& expression, const Type& type,
                                      const std::string& what) const {
  std::optional<graph::Value> value = Of(expression, type, what);
  const graph::Quantity* quantity = value ? value->as_quantity() : nullptr;
  if (quantity == nullptr) {
    return std::nullopt;
  }
  if (quantity->number.overflowed()) {
    Report(kValueOutOfRange, expression->span, fmt::format("the value of {} does not fit 64 bits", what));
    return std::nullopt;
  }
  return quantity->number;
}

std::optional<Number> Reader::Decimal(const syntax::ExpressionPtr& expression, const std::string& what) const {
  return Numeric(expression, Type::Kind::kDecimal, what);
}

std::optional<Number> Reader::Bytes(const syntax::ExpressionPtr& expression, const std::string& what) const {
  return Numeric(expression, Type::Kind::kBytes, what);
}

std::optional<Number> Reader::Percent(const syntax::ExpressionPtr& expression, const std::string& what,
                                      const Number& low, const Number& high) const {
  std::optional<Number> ratio = Numeric(expression, Type::Kind::kPercent, what);
  if (!ratio || (*ratio >= low && *ratio <= high)) {
    return ratio;
  }
  Report(kValueOutOfRange, expression->span,
         fmt::format("{} is {}, it must lie between {} and {}", what, PercentText(*ratio), PercentText(low),
                     PercentText(high)));
  return std::nullopt;
}

std::optional<std::int32_t> Reader::Int(const syntax::ExpressionPtr& expression, const std::string& what,
                                        std::int64_t low, std::int64_t high) const {
  std::optional<Number> number = Numeric(expression, Type::Kind::kInt, what);
  if (!number || !number->is_integer()) {
    return std::nullopt;
  }
  if (number->numerator() >= low && number->numerator() <= high) {
    return static_cast<std::int32_t>(number->numerator());
  }
  Report(kValueOutOfRange, expression->span,
         fmt::format("{} is {}, it must lie between {} and {}", what, number->ToString(), low, high));
  return std::nullopt;
}

std::optional<Amount> Reader::CountOrPercent(const syntax::ExpressionPtr& expression, const std::string& what,
                                             const Number& most) const {
  std::optional<graph::Value> value = Any(expression, what);
  if (!value) {
    return std::nullopt;
  }
  const graph::Quantity* quantity = value->as_quantity();
  const bool percent = quantity != nullptr && quantity->unit == graph::Unit::kPercent;
  const bool count = quantity != nullptr && quantity->unit == graph::Unit::kNone && quantity->number.is_integer();
  if (!percent && !count) {
    Report(kWrongClauseValue, expression->span,
           fmt::format("{} takes a number of pods or a percent, not {}", what,
                       quantity != nullptr && quantity->unit == graph::Unit::kNone ? quantity->number.ToRoundedString(6)
                                                                                   : std::string(value->KindName())));
    return std::nullopt;
  }
  if (quantity->number < Number(0) || (percent && quantity->number > most) ||
      (count && quantity->number > Number(1'000'000))) {
    Report(kValueOutOfRange, expression->span,
           fmt::format("{} is {}, it must lie between {}", what, value->ToText(),
                       percent ? "0% and " + PercentText(most) : "0 and 1000000"));
    return std::nullopt;
  }
  return Amount{percent, quantity->number};
}

std::optional<Duration> Reader::Time(const syntax::ExpressionPtr& expression, const std::string& what,
                                     Duration low) const {
  std::optional<Number> milliseconds = Numeric(expression, Type::Kind::kDuration, what);
  if (!milliseconds) {
    return std::nullopt;
  }
  // Part of a millisecond is rounded up: what is said is the least.
  const Duration duration{milliseconds->Ceil()};
  if (duration >= low && duration <= kLongest) {
    return duration;
  }
  Report(kValueOutOfRange, expression->span,
         fmt::format("{} is {}, it must lie between {} and {}", what,
                     graph::Value(graph::Quantity{*milliseconds, graph::Unit::kDuration}).ToText(), FormatDuration(low),
                     FormatDuration(kLongest)));
  return std::nullopt;
}

}  // namespace sluice::check
