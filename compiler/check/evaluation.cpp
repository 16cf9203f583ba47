#include "compiler/check/evaluation.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/handles.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice::check {
namespace {

using graph::Operation;
using graph::Value;

graph::Unit UnitOf(syntax::Unit unit) {
  switch (unit) {
    case syntax::Unit::kPercent:
      return graph::Unit::kPercent;
    case syntax::Unit::kDuration:
      return graph::Unit::kDuration;
    case syntax::Unit::kBytes:
      return graph::Unit::kBytes;
    case syntax::Unit::kNone:
      break;
  }
  return graph::Unit::kNone;
}

std::vector<std::string> KeysOf(const graph::Map& map) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : map.entries()) {
    keys.push_back(key);
  }
  return keys;
}

}  // namespace

std::size_t SizeOf(const Value& value) {
  if (const std::string* text = value.as_string()) {
    return sizeof(std::string) + text->size();
  }
  if (const graph::List* list = value.as_list()) {
    return list->size() * sizeof(Value);
  }
  const graph::Map* map = value.as_map();
  return map != nullptr ? map->size() * (sizeof(graph::Map::Entry) + 16) : 0;
}

bool HoldsHandle(const Value& value) {
  if (const graph::List* list = value.as_list()) {
    return std::any_of(list->begin(), list->end(), HoldsHandle);
  }
  if (const graph::Map* map = value.as_map()) {
    return std::any_of(map->entries().begin(), map->entries().end(),
                       [](const graph::Map::Entry& entry) { return HoldsHandle(entry.second); });
  }
  return value.as_handle() != nullptr;
}

Evaluation::Result Evaluation::Eval(const syntax::Expression& expression) {
  if (!context_.Spend(1, expression.span)) {
    return std::nullopt;
  }
  if (state_.depth >= kMaxDepth) {
    state_.spent = true;
    ReportValue(diagnostics::kEvaluationTooDeep, expression.span,
                fmt::format("calls and expressions are nested more than {} deep", kMaxDepth), context_)
        .Emit();
    return std::nullopt;
  }
  const auto found = state_.facts.find(&expression);
  const Facts* facts = found != state_.facts.end() ? &found->second : nullptr;
  ++state_.depth;
  Result value = std::visit([&](const auto& node) { return Of(node, expression, facts); }, expression.node);
  --state_.depth;
  if (value && facts != nullptr && facts->must_fit &&
      !CheckValueFits(*value, *facts->must_fit, expression.span, facts->what, context_)) {
    return std::nullopt;
  }
  return value;
}

Evaluation::Result Evaluation::Made(Value value, Span span) {
  state_.produced += SizeOf(value);
  return context_.Spend(0, span) ? Result(std::move(value)) : std::nullopt;
}

Evaluation::Result Evaluation::Finish(graph::Evaluation result, Span span) {
  switch (result.kind) {
    case graph::Evaluation::Kind::kValue:
      return Made(std::move(result.value), span);
    case graph::Evaluation::Kind::kNoData:
      ReportValue(diagnostics::kMissingValue, span, std::move(result.message), context_)
          .Note("`value ?? other` says what to take instead");
      return std::nullopt;
    case graph::Evaluation::Kind::kError:
      ReportValue(diagnostics::kCannotEvaluate, span, std::move(result.message), context_).Emit();
      return std::nullopt;
  }
  return std::nullopt;
}

Evaluation::Result Evaluation::MakeResidual(Operation operation, const std::vector<Value>& operands, Span span,
                                            std::string name, std::vector<std::string> variables) {
  std::vector<graph::ExpressionPtr> expressions;
  expressions.reserve(operands.size());
  for (const Value& operand : operands) {
    if (HoldsHandle(operand)) {
      const auto* handle = operand.as_handle();
      ReportValue(diagnostics::kKnownOnlyToCompiler, span,
                  fmt::format("{} can't be part of what the cluster evaluates",
                              handle != nullptr ? fmt::format("a {}", (*handle)->type_name()) : "this"),
                  context_)
          .Emit();
      return std::nullopt;
    }
    expressions.push_back(graph::ToExpression(operand));
  }
  state_.produced += sizeof(graph::Expression);
  return Value(graph::MakeNode(operation, std::move(expressions), std::move(name), std::move(variables)));
}

Evaluation::Result Evaluation::Of(const syntax::NumberLiteral& literal, const Node&, const Facts*) {
  return Value(graph::Quantity{literal.value, UnitOf(literal.unit)});
}

Evaluation::Result Evaluation::Of(const syntax::DateLiteral& literal, const Node& expression, const Facts*) {
  const std::chrono::year_month_day date{std::chrono::year(literal.year),
                                         std::chrono::month(static_cast<unsigned>(literal.month)),
                                         std::chrono::day(static_cast<unsigned>(literal.day))};
  if (!date.ok()) {
    ReportValue(diagnostics::kCannotEvaluate, expression.span,
                fmt::format("there is no day `{}`", context_.Text(expression.span)), context_)
        .Emit();
    return std::nullopt;
  }
  return Value(TimePoint(std::chrono::sys_days(date)));
}

Evaluation::Result Evaluation::Of(const syntax::ClockLiteral& literal, const Node&, const Facts*) {
  return Value::Milliseconds(std::chrono::minutes(literal.minutes));
}

Evaluation::Result Evaluation::Of(const syntax::SecretReference& secret, const Node&, const Facts*) {
  const Result name = Eval(*secret.name);
  const Result key = secret.key != nullptr ? Eval(*secret.key) : name;
  if (!name || !key || name->as_string() == nullptr || key->as_string() == nullptr) {
    return std::nullopt;
  }
  return Value(graph::SecretKey{*name->as_string(), *key->as_string()});
}

Evaluation::Result Evaluation::Of(const syntax::JobLiteral& job, const Node& expression, const Facts*) {
  return Value(std::shared_ptr<const graph::Handle>(std::make_shared<JobHandle>(&job, expression.span, scope_)));
}

Evaluation::Result Evaluation::Of(const syntax::StringLiteral& literal, const Node& expression, const Facts*) {
  if (literal.parts.empty()) {
    return Value("");
  }
  if (literal.parts.size() == 1 && literal.parts[0].value == nullptr) {
    return Made(Value(literal.parts[0].text), expression.span);
  }
  std::vector<Value> parts;
  std::string text;  // what is known since the last residual part
  bool ok = true;
  for (const syntax::StringPart& part : literal.parts) {
    if (part.value == nullptr) {
      text += part.text;
      continue;
    }
    const Result value = Eval(*part.value);
    if (!value) {
      ok = false;
      continue;
    }
    if (value->is_residual()) {
      if (!text.empty()) {
        parts.emplace_back(std::move(text));
      }
      text.clear();
      parts.push_back(*value);
      continue;
    }
    const graph::Quantity* quantity = value->as_quantity();
    if (quantity != nullptr && !(quantity->number * Number(100)).IsDecimal()) {
      const std::string written = context_.Text(part.value->span);
      ReportValue(diagnostics::kEndlessRatio, part.value->span,
                  fmt::format("`{}` is {}, which has no end as a decimal", written, quantity->number.ToString()),
                  context_)
          .Fix("round it", diagnostics::Safety::kUncertain, part.value->span, fmt::format("round({}, 0.001)", written));
      ok = false;
      continue;
    }
    graph::Evaluation failure;
    if (!graph::AppendText(text, *value, failure)) {
      ok = Finish(std::move(failure), part.value->span).has_value();
    }
  }
  if (!ok) {
    return std::nullopt;
  }
  if (parts.empty()) {
    return Made(Value(std::move(text)), expression.span);
  }
  if (!text.empty()) {
    parts.emplace_back(std::move(text));
  }
  return MakeResidual(Operation::kInterpolate, parts, expression.span);
}

Evaluation::Result Evaluation::Of(const syntax::ListLiteral& literal, const Node& expression, const Facts*) {
  graph::List items;
  items.reserve(literal.items.size());
  bool ok = true;
  bool residual = false;
  for (const syntax::ExpressionPtr& item : literal.items) {
    Result value = Eval(*item);
    ok = ok && value.has_value();
    if (value) {
      residual = residual || value->is_residual();
      items.push_back(*std::move(value));
    }
  }
  if (!ok) {
    return std::nullopt;
  }
  return residual ? MakeResidual(Operation::kList, items, expression.span)
                  : Made(Value(std::move(items)), expression.span);
}

Evaluation::Result Evaluation::Of(const syntax::MapLiteral& literal, const Node& expression, const Facts*) {
  std::vector<Value> entries;  // key, value, key, value …
  entries.reserve(literal.entries.size() * 2);
  bool ok = true;
  bool residual = false;
  for (const syntax::MapEntry& entry : literal.entries) {
    Result key = Eval(*entry.key);
    Result value = Eval(*entry.value);
    ok = ok && key && value;
    if (ok) {
      residual = residual || key->is_residual() || value->is_residual();
      entries.push_back(*std::move(key));
      entries.push_back(*std::move(value));
    }
  }
  if (!ok) {
    return std::nullopt;
  }
  if (residual) {
    return MakeResidual(Operation::kMap, entries, expression.span);
  }
  graph::Map map;
  map.Reserve(literal.entries.size());
  for (std::size_t i = 0; i < entries.size(); i += 2) {
    const std::string* key = entries[i].as_string();
    if (key == nullptr) {
      return Finish(graph::Failure("a key is text"), literal.entries[i / 2].key->span);
    }
    if (!entries[i + 1].is_none()) {
      map.Set(*key, std::move(entries[i + 1]));
    }
  }
  return Made(Value(std::move(map)), expression.span);
}

Evaluation::Result Evaluation::Of(const syntax::If& conditional, const Node& expression, const Facts*) {
  const Result condition = Eval(*conditional.condition);
  if (!condition) {
    return std::nullopt;
  }
  if (const bool* known = condition->as_bool()) {
    return Eval(*known ? *conditional.then : *conditional.otherwise);
  }
  if (!condition->is_residual()) {
    return Finish(graph::Failure(fmt::format("a condition is true or false, not {}", condition->KindName())),
                  conditional.condition->span);
  }
  const Result then = Eval(*conditional.then);
  const Result otherwise = Eval(*conditional.otherwise);
  if (!then || !otherwise) {
    return std::nullopt;
  }
  return MakeResidual(Operation::kIf, {*condition, *then, *otherwise}, expression.span);
}

Evaluation::Result Evaluation::OfResolved(const Resolved& resolved, const Node& expression) {
  switch (resolved.kind) {
    case Resolved::Kind::kDeclared:
      return ValueAt(*resolved.declared, expression.span, context_);
    case Resolved::Kind::kDefault:
      return ValueOfDefault(*resolved.default_declaration, context_);
    default:
      return std::nullopt;
  }
}

Evaluation::Result Evaluation::Of(const syntax::NameReference& name, const Node& expression, const Facts* facts) {
  if (facts == nullptr) {
    return std::nullopt;
  }
  if (facts->resolved.kind != Resolved::Kind::kBinding) {
    return OfResolved(facts->resolved, expression);
  }
  const Binding* binding = scope_->Find(name.name);
  return binding != nullptr ? binding->value : std::nullopt;
}

Evaluation::Result Evaluation::MemberOfHandle(const graph::Handle& handle, const syntax::Member& member) {
  const auto* members = dynamic_cast<const Members*>(&handle);
  const std::size_t before = context_.emitter().error_count();
  Result value = members != nullptr ? members->Member(member.name.text, context_) : std::nullopt;
  if (value || context_.emitter().error_count() != before) {
    return value;
  }
  const std::vector<std::string> names = members != nullptr ? members->MemberNames() : std::vector<std::string>();
  if (std::find(names.begin(), names.end(), member.name.text) != names.end()) {
    return std::nullopt;  // it exists and has no value: reported where it is made
  }
  const std::vector<std::string> similar = SimilarNames(member.name.text, names);
  auto builder = ReportValue(diagnostics::kUnknownMember, member.name.span,
                             fmt::format("`{}` is a {} and has no `{}`", context_.Text(member.object->span),
                                         handle.type_name(), member.name.text),
                             context_);
  builder.At(similar.empty() ? "" : fmt::format("did you mean `{}`?", similar[0]));
  if (!names.empty()) {
    builder.Note(fmt::format("it has {}", JoinWords(names)));
  }
  return std::nullopt;
}

Evaluation::Result Evaluation::Missing(const Value& object, const Value& entry, const Node& at) {
  if (const graph::List* list = object.as_list()) {
    ReportValue(diagnostics::kMissingEntry, at.span,
                fmt::format("there is no item {}, the list has {}", entry.ToText(), list->size()), context_)
        .Note("positions count from 0; `at(items, position)` gives none where there is no item");
    return std::nullopt;
  }
  const graph::Map* map = object.as_map();
  const std::vector<std::string> keys = map != nullptr ? KeysOf(*map) : std::vector<std::string>();
  const std::vector<std::string> similar = SimilarNames(entry.ToText(), keys);
  auto builder = ReportValue(diagnostics::kMissingEntry, at.span,
                             fmt::format("the map has no entry `{}`", entry.ToText()), context_);
  builder.At(similar.empty() ? "" : fmt::format("did you mean `{}`?", similar[0]));
  builder.Note("`map.entry ?? other` says what to take where it is missing");
  return std::nullopt;
}

Evaluation::Result Evaluation::Of(const syntax::Member& member, const Node& expression, const Facts* facts) {
  if (facts != nullptr && facts->resolved.kind != Resolved::Kind::kUnknown) {
    return OfResolved(facts->resolved, expression);
  }
  const Result object = Eval(*member.object);
  if (!object) {
    return std::nullopt;
  }
  if (object->is_residual()) {
    return MakeResidual(Operation::kMember, {*object}, expression.span, member.name.text);
  }
  if (const auto* handle = object->as_handle()) {
    return MemberOfHandle(**handle, member);
  }
  Value value = graph::MemberOf(*object, member.name.text);
  if (value.is_none() && facts != nullptr && facts->strict && object->as_map() != nullptr) {
    return Missing(*object, Value(member.name.text), expression);
  }
  return value;
}

Evaluation::Result Evaluation::Of(const syntax::Index& index, const Node& expression, const Facts* facts) {
  const Result object = Eval(*index.object);
  const Result at = Eval(*index.index);
  if (!object || !at) {
    return std::nullopt;
  }
  if (object->is_residual() || at->is_residual()) {
    return MakeResidual(Operation::kIndex, {*object, *at}, expression.span);
  }
  Value value = graph::IndexOf(*object, *at);
  if (value.is_none() && facts != nullptr && facts->strict) {
    const graph::List* list = object->as_list();
    const graph::Quantity* position = at->as_quantity();
    const bool present = list != nullptr && position != nullptr && position->number >= Number(0) &&
                         position->number < Number(static_cast<std::int64_t>(list->size()));
    return present ? Result(value) : Missing(*object, *at, expression);
  }
  return value;
}

std::optional<Value> EvaluateChecked(const syntax::Expression& expression, const ScopePtr& scope, Context& context) {
  return Evaluation(scope, context).Eval(expression);
}

}  // namespace sluice::check
