#include <fmt/format.h>

#include "compiler/graph/builtins.h"

namespace sluice::graph::builtin {
namespace {

// Instants further away than this can't be told apart from a mistake (milliseconds instead of seconds).
constexpr std::int64_t kMaxEpochSeconds = 253'402'300'799;  // the end of the year 9999

Evaluation Extreme(const BuiltinCall& call, Operation better, std::string_view function) {
  const List* list = call.count == 1 ? call[0].as_list() : nullptr;
  const Value* begin = list != nullptr ? list->data() : call.arguments;
  const std::size_t count = list != nullptr ? list->size() : call.count;
  if (count == 0) {
    return NoData(fmt::format("`{}` of an empty list", function));
  }
  const Value* best = begin;
  if (best->is_none()) {
    return NoData(fmt::format("`{}` of a value that is missing", function));
  }
  for (std::size_t i = 1; i < count; ++i) {
    Evaluation compared = ApplyBinary(better, begin[i], *best, call.arithmetic);
    if (compared.kind != Evaluation::Kind::kValue) {
      return compared;
    }
    if (*compared.value.as_bool()) {
      best = begin + i;
    }
  }
  return ValueOf(*best);
}

// `value` in steps: divided, rounded by `to_integer`, multiplied again.
template <typename ToInteger>
Evaluation InSteps(const BuiltinCall& call, std::string_view function, ToInteger to_integer) {
  if (call[0].is_none()) {
    return NoData("the number is missing");
  }
  const Quantity* value = call[0].as_quantity();
  if (value == nullptr) {
    return Failure(fmt::format("`{}` takes a number, not {}", function, call[0].KindName()));
  }
  const Value step = call.Get(1);
  const Quantity* by = step.as_quantity();
  if (by == nullptr && value->unit != Unit::kNone) {
    return Failure(fmt::format("`{}` of {} needs the step to round to", function, call[0].KindName()));
  }
  const Number unit = by != nullptr ? by->number : Number(1);
  if (by != nullptr && (by->unit != value->unit || !(unit > Number(0)))) {
    return Failure(fmt::format("the step of `{}` is above 0 and has the value's unit", function));
  }
  const std::optional<Number> steps = Divide(value->number, unit, call.arithmetic);
  const std::optional<Number> rounded =
      steps ? Multiply(Number(to_integer(*steps)), unit, call.arithmetic) : std::nullopt;
  return rounded ? ValueOf(Value(Quantity{*rounded, value->unit})) : Failure("the result doesn't fit a number");
}

Evaluation Transcendental(const BuiltinCall& call, std::optional<Number> (*function)(const Number&),
                          std::string_view name) {
  if (call[0].is_none()) {
    return NoData("the number is missing");
  }
  const Quantity* x = call[0].as_quantity();
  if (x == nullptr || x->unit != Unit::kNone) {
    return Failure(fmt::format("`{}` takes a number, not {}", name, call[0].KindName()));
  }
  const std::optional<Number> result = function(x->number);
  return result ? ValueOf(Value(*result))
                : Failure(fmt::format("`{}` of `{}` isn't defined", name, x->number.ToRoundedString(12)));
}

}  // namespace

Evaluation Min(const BuiltinCall& call) { return Extreme(call, Operation::kLess, "min"); }
Evaluation Max(const BuiltinCall& call) { return Extreme(call, Operation::kGreater, "max"); }

Evaluation Sum(const BuiltinCall& call) {
  const List* list = call[0].as_list();
  if (list == nullptr) {
    return call[0].is_none() ? NoData("the list is missing")
                             : Failure(fmt::format("`sum` takes a list, not {}", call[0].KindName()));
  }
  if (list->empty()) {
    return ValueOf(0);
  }
  Evaluation total = ValueOf(list->front());
  for (std::size_t i = 1; i < list->size() && total.kind == Evaluation::Kind::kValue; ++i) {
    total = ApplyBinary(Operation::kAdd, total.value, (*list)[i], call.arithmetic);
  }
  return total;
}

Evaluation Round(const BuiltinCall& call) {
  return InSteps(call, "round", [](const Number& n) { return n.Round(); });
}
Evaluation Floor(const BuiltinCall& call) {
  return InSteps(call, "floor", [](const Number& n) { return n.Floor(); });
}
Evaluation Ceil(const BuiltinCall& call) {
  return InSteps(call, "ceil", [](const Number& n) { return n.Ceil(); });
}

Evaluation ToNumber(const BuiltinCall& call) { return graph::ToNumber(call[0]); }

Evaluation Epoch(const BuiltinCall& call) {
  Evaluation seconds = graph::ToNumber(call[0]);
  if (seconds.kind != Evaluation::Kind::kValue) {
    return seconds;
  }
  const Number& number = seconds.value.as_quantity()->number;
  if (number > Number(kMaxEpochSeconds) || number < Number(0)) {
    return Failure(fmt::format("`{}` seconds after 1970 is no sensible time", number.ToRoundedString(3)));
  }
  const std::optional<Number> milliseconds = Multiply(number, Number(1000), Arithmetic::kRounded);
  return milliseconds ? ValueOf(Value(TimePoint(Duration(milliseconds->Floor()))))
                      : Failure("the result doesn't fit a number");
}

Evaluation Ln(const BuiltinCall& call) { return Transcendental(call, graph::Ln, "ln"); }
Evaluation Exp(const BuiltinCall& call) { return Transcendental(call, graph::Exp, "exp"); }
Evaluation Sqrt(const BuiltinCall& call) { return Transcendental(call, graph::SquareRoot, "sqrt"); }

}  // namespace sluice::graph::builtin
