#include "compiler/check/infer.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/check_job.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice::check {
namespace {

using Kind = Type::Kind;

// Whether a value of the type can be written into text.
bool HasText(const Type& type) {
  return !type.is(Kind::kSecret) && !type.is(Kind::kFunction) && !type.is(Kind::kModule) &&
         !(type.is(Kind::kRecord) && !type.name().empty());
}

}  // namespace

bool LooksNeeded(const Type& from, const Type& to) {
  if (to.is_dynamic()) {
    return false;
  }
  if (from.is_dynamic() || (from.optional() && !to.optional() && !to.is(Kind::kJson))) {
    return true;
  }
  if (to.is(Kind::kInt)) {
    return !from.is(Kind::kInt);
  }
  if (to.is(Kind::kList) || to.is(Kind::kMap)) {
    return from.kind() != to.kind() || LooksNeeded(from.element(), to.element());
  }
  if (to.is(Kind::kRecord) && to.name().empty()) {
    return !(from == to);
  }
  return false;
}

Type Inference::Infer(const syntax::Expression& expression, const Type& hint) {
  return std::visit([&](const auto& node) { return Of(node, expression, hint); }, expression.node);
}

Type Inference::Want(const syntax::Expression& expression, const Type& type, const std::string& what) {
  return Fitting(expression, Infer(expression, type), type, what);
}

Type Inference::Fitting(const syntax::Expression& expression, const Type& found, const Type& type,
                        const std::string& what) {
  if (found.is_error() || !CheckFits(expression, found, {type, what, Stage::kRunTime}, context_)) {
    return {};
  }
  MustFit(expression, found, type, what);
  return found;
}

void Inference::MustFit(const syntax::Expression& expression, const Type& found, const Type& type,
                        const std::string& what) {
  if (LooksNeeded(found, type)) {
    Facts& facts = context_.state().facts[&expression];
    facts.must_fit = type;
    facts.what = what;
  }
}

Type Inference::Of(const syntax::NumberLiteral& literal, const syntax::Expression&, const Type&) {
  switch (literal.unit) {
    case syntax::Unit::kPercent:
      return Kind::kPercent;
    case syntax::Unit::kDuration:
      return Kind::kDuration;
    case syntax::Unit::kBytes:
      return Kind::kBytes;
    case syntax::Unit::kNone:
      break;
  }
  return literal.value.is_integer() ? Kind::kInt : Kind::kDecimal;
}

Type Inference::Of(const syntax::StringLiteral& literal, const syntax::Expression&, const Type&) {
  bool ok = true;
  for (const syntax::StringPart& part : literal.parts) {
    if (part.value == nullptr) {
      continue;
    }
    const Type type = Any(*part.value);
    ok = ok && !type.is_error();
    if (type.is_error() || HasText(type)) {
      continue;
    }
    ok = false;
    const std::string text = context_.Text(part.value->span);
    if (type.is(Kind::kSecret)) {
      context_
          .Report(diagnostics::kSecretOutOfPlace, part.value->span,
                  fmt::format("`{}` is a secret and can't be written into text", text))
          .At("its content is read in the cluster only")
          .Note("a secret may stand alone as the whole value of `env`, `bearer`, `basic`, a header or a URL");
    } else if (type.is(Kind::kFunction)) {
      context_.Report(diagnostics::kNotCallable, part.value->span, fmt::format("`{}` is a function", text))
          .At("not called");
    } else {
      auto builder = context_.Report(diagnostics::kWrongType, part.value->span,
                                     fmt::format("`{}` is {} and has no text", text, type.Phrase()));
      for (const Field& field : type.fields()) {
        if (field.type.is(Kind::kString) && field.name == "name") {
          builder.Fix("write its name", diagnostics::Safety::kUncertain, part.value->span, text + ".name");
        }
      }
    }
  }
  return ok ? Type(Kind::kString) : Type();
}

Type Inference::Of(const syntax::ListLiteral& literal, const syntax::Expression&, const Type& hint) {
  const bool hinted = hint.is(Kind::kList) && !hint.element().is_dynamic();
  Type element(Kind::kAny);
  bool ok = true;
  bool first = true;
  for (const syntax::ExpressionPtr& item : literal.items) {
    const Type type = hinted ? Want(*item, hint.element()) : Any(*item);
    ok = ok && !type.is_error();
    element = first ? type : Join(element, type);
    first = false;
  }
  if (!ok) {
    return {};
  }
  return Type::List(hinted && first ? hint.element() : element);
}

Type Inference::RecordLiteral(const syntax::MapLiteral& literal, const Type& hint) {
  const bool to_map = hint.is(Kind::kMap) && !hint.element().is_dynamic();
  std::vector<Field> fields;
  bool ok = true;
  for (const syntax::MapEntry& entry : literal.entries) {
    const std::string& key = *LiteralText(*entry.key);
    const Type* wanted = to_map ? &hint.element() : hint.FieldType(key);
    // A field with the value none is left out, so none fits every field.
    const Type type =
        wanted != nullptr ? Want(*entry.value, wanted->Optional(), fmt::format("`{}`", key)) : Any(*entry.value);
    ok = ok && !type.is_error();
    const auto same = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == key; });
    if (same != fields.end()) {
      context_.Report(diagnostics::kDuplicateArgument, entry.key->span, fmt::format("`{}` is given twice", key)).Emit();
      ok = false;
    } else {
      fields.push_back({key, type});
    }
  }
  return ok ? Type::Record(std::move(fields)) : Type();
}

Type Inference::Of(const syntax::MapLiteral& literal, const syntax::Expression&, const Type& hint) {
  const bool literal_keys = std::all_of(literal.entries.begin(), literal.entries.end(),
                                        [](const auto& entry) { return LiteralText(*entry.key) != nullptr; });
  if (literal_keys) {
    return RecordLiteral(literal, hint);
  }
  const Type wanted = hint.is(Kind::kMap) ? hint.element() : Type(Kind::kAny);
  Type element(Kind::kAny);
  bool ok = true;
  bool first = true;
  for (const syntax::MapEntry& entry : literal.entries) {
    const Type key = Want(*entry.key, Kind::kString, "a key");
    const Type value = Want(*entry.value, wanted.Optional());
    ok = ok && !key.is_error() && !value.is_error();
    element = first ? value : Join(element, value);
    first = false;
  }
  return ok ? Type::Map(element.Required()) : Type();
}

ScopePtr MakeLoopScope(const std::vector<syntax::Name>& variables, const syntax::Expression& in, const Type& type,
                       const ScopePtr& scope, Context& context) {
  Type first;
  Type second;
  if (type.is(Kind::kList)) {
    first = variables.size() > 1 ? Type(Kind::kInt) : type.element();
    second = type.element();
  } else if (type.is(Kind::kMap)) {
    first = Kind::kString;
    second = type.element();
  } else if (type.is(Kind::kRecord) && type.name().empty()) {
    first = Kind::kString;
    second = type.fields().empty() ? Type(Kind::kAny) : type.fields()[0].type;
    for (const Field& field : type.fields()) {
      second = Join(second, field.type);
    }
  } else if (type.is(Kind::kJson) || type.is_dynamic()) {
    first = variables.size() > 1 && type.is(Kind::kJson) ? Type(Kind::kAny) : type;
    second = type;
  } else {
    context
        .Report(diagnostics::kWrongType, in.span,
                fmt::format("`for` goes through a list or a map, `{}` is {}", context.Text(in.span), type.Phrase()))
        .Emit();
  }
  auto loop = std::make_shared<Scope>(scope);
  for (std::size_t i = 0; i < variables.size(); ++i) {
    if (i == 1 && variables[0].text == variables[1].text) {
      context
          .Report(diagnostics::kDuplicateParameter, variables[1].span,
                  fmt::format("two variables are called `{}`", variables[1].text))
          .Emit();
    }
    loop->Add({variables[i].text, i == 0 ? first : second, std::nullopt, variables[i].span});
  }
  return loop;
}

ScopePtr Inference::LoopScope(const std::vector<syntax::Name>& variables, const syntax::Expression& in) {
  return MakeLoopScope(variables, in, Any(in), scope_, context_);
}

Type Inference::Of(const syntax::Comprehension& comprehension, const syntax::Expression&, const Type& hint) {
  const ScopePtr scope = LoopScope(comprehension.variables, *comprehension.in);
  Inference inner(scope, context_);
  const bool condition =
      comprehension.condition == nullptr || !inner.Want(*comprehension.condition, Kind::kBool, "`if`").is_error();
  if (comprehension.key == nullptr) {
    const Type wanted = hint.is(Kind::kList) ? hint.element() : Type(Kind::kAny);
    const Type element = inner.Want(*comprehension.value, wanted);
    return element.is_error() || !condition ? Type() : Type::List(element);
  }
  const Type key = inner.Want(*comprehension.key, Kind::kString, "a key");
  const Type wanted = hint.is(Kind::kMap) ? hint.element().Optional() : Type(Kind::kAny);
  const Type value = inner.Want(*comprehension.value, wanted);
  return key.is_error() || value.is_error() || !condition ? Type() : Type::Map(value.Required());
}

Type Inference::Of(const syntax::Quantifier& quantifier, const syntax::Expression&, const Type&) {
  const ScopePtr scope = LoopScope(quantifier.variables, *quantifier.in);
  return Inference(scope, context_).Want(*quantifier.condition, Kind::kBool, quantifier.all ? "`all`" : "`any`");
}

Type Inference::Of(const syntax::If& conditional, const syntax::Expression&, const Type& hint) {
  const Type condition = Want(*conditional.condition, Kind::kBool, "`if`");
  const Type then = Want(*conditional.then, hint);
  const Type otherwise = Want(*conditional.otherwise, hint);
  return condition.is_error() || then.is_error() || otherwise.is_error() ? Type() : Join(then, otherwise);
}

Type Inference::Of(const syntax::NameReference& name, const syntax::Expression& expression, const Type& hint) {
  const Resolved resolved = ResolveName(expression, scope_, hint, context_);
  context_.state().facts[&expression].resolved = resolved;
  return TypeOf(resolved, scope_, name.name, expression.span, context_);
}

Type Inference::Of(const syntax::Member& member, const syntax::Expression& expression, const Type& hint) {
  const Type object = Any(*member.object);
  auto& facts = context_.state().facts;
  const auto of = facts.find(member.object.get());
  const Resolved::Kind kind = of != facts.end() ? of->second.resolved.kind : Resolved::Kind::kUnknown;
  if (kind == Resolved::Kind::kDefaults || (object.is(Kind::kModule) && object.module() != nullptr)) {
    const Resolved resolved = kind == Resolved::Kind::kDefaults
                                  ? ResolveDefault(member.name, context_)
                                  : ResolveInModule(*object.module(), member.name, member.object->span, hint, context_);
    facts[&expression].resolved = resolved;
    return TypeOf(resolved, scope_, member.name.text, expression.span, context_);
  }
  if (object.is(Kind::kMap)) {
    facts[&expression].strict = true;
  }
  return MemberOf(object, member);
}

Type Inference::MemberOf(const Type& object, const syntax::Member& member) {
  if (object.is_dynamic() || object.is(Kind::kJson)) {
    return object;
  }
  if (object.is(Kind::kMap)) {
    return object.element();
  }
  if (const Type* field = object.FieldType(member.name.text)) {
    return *field;
  }
  if (object.open()) {
    return Kind::kAny;
  }
  const std::string text = context_.Text(member.object->span);
  if (object.is(Kind::kRecord)) {
    std::vector<std::string> names;
    for (const Field& field : object.fields()) {
      names.push_back(field.name);
    }
    const std::vector<std::string> similar = SimilarNames(member.name.text, names);
    auto builder = context_.Report(diagnostics::kUnknownMember, member.name.span,
                                   fmt::format("`{}` is {} and has no `{}`", text, object.Phrase(), member.name.text));
    builder.At(similar.empty() ? "" : fmt::format("did you mean `{}`?", similar[0]));
    if (!names.empty()) {
      builder.Note(fmt::format("it has {}", JoinWords(names)));
    }
    for (const std::string& name : similar) {
      builder.Fix(fmt::format("write `{}`", name), diagnostics::Safety::kUncertain, member.name.span, name);
    }
    return {};
  }
  auto builder = context_.Report(diagnostics::kUnknownMember, member.name.span,
                                 fmt::format("`{}` is {} and has no members", text, object.Phrase()));
  if (object.is(Kind::kList)) {
    builder.Note("one item is `items[0]`, their number `count(items)`");
  } else if (object.is(Kind::kFunction)) {
    builder.Fix("call it", diagnostics::Safety::kUncertain, member.object->span, text + "()");
  }
  return {};
}

Type Inference::Of(const syntax::Index& index, const syntax::Expression& expression, const Type&) {
  const Type object = Any(*index.object);
  if (object.is_dynamic() || object.is(Kind::kJson)) {
    const Type at = Any(*index.index);
    return at.is_error() ? at : object;
  }
  if (object.is(Kind::kList)) {
    context_.state().facts[&expression].strict = true;
    const Type at = Want(*index.index, Kind::kInt, "a position");
    return at.is_error() ? at : object.element();
  }
  if (object.is(Kind::kMap) || (object.is(Kind::kRecord) && object.name().empty())) {
    context_.state().facts[&expression].strict = true;
    const Type at = Want(*index.index, Kind::kString, "a key");
    return at.is_error() ? at : (object.is(Kind::kMap) ? object.element() : Type(Kind::kAny));
  }
  context_
      .Report(diagnostics::kWrongType, expression.span,
              fmt::format("`{}` is {}; `[…]` takes an item of a list or a map", context_.Text(index.object->span),
                          object.Phrase()))
      .Emit();
  return {};
}

Type Inference::Of(const syntax::SecretReference& secret, const syntax::Expression&, const Type&) {
  const Type name = Want(*secret.name, Kind::kString, "the name of a secret");
  const Type key = secret.key != nullptr ? Want(*secret.key, Kind::kString, "the key of a secret") : name;
  return name.is_error() || key.is_error() ? Type() : Type(Kind::kSecret);
}

Type Inference::Of(const syntax::JobLiteral& job, const syntax::Expression&, const Type&) {
  bool well = true;
  for (const syntax::JobItem& item : job.items) {
    if (item.value == nullptr) {
      continue;
    }
    const bool unquoted = item.word.text == "image" && ReportUnquoted(*item.value, scope_, context_);
    const Expected expected{JobItemType(item.word.text), "`" + item.word.text + "`", Stage::kRunTime};
    well = !unquoted && !CheckType(*item.value, scope_, expected, context_).is_error() && well;
  }
  return well ? JobType() : Type();
}

}  // namespace sluice::check
