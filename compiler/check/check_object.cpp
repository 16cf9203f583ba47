#include <algorithm>
#include <variant>

#include <fmt/format.h>

#include "compiler/check/checker.h"
#include "compiler/check/field_spans.h"
#include "compiler/kubernetes/names.h"

namespace sluice::check {
namespace {

// What in the value cannot be written into an object, if anything.
const graph::Value* NotData(const graph::Value& value) {
  if (value.as_secret() != nullptr || value.as_handle() != nullptr || value.is_residual()) {
    return &value;
  }
  const graph::Value* found = nullptr;
  if (const graph::List* list = value.as_list()) {
    for (auto item = list->begin(); found == nullptr && item != list->end(); ++item) {
      found = NotData(*item);
    }
  } else if (const graph::Map* map = value.as_map()) {
    for (auto entry = map->entries().begin(); found == nullptr && entry != map->entries().end(); ++entry) {
      found = NotData(entry->second);
    }
  }
  return found;
}

// Where in the plan the part is written that `NotData` finds: the line the author changes. As far as maps and
// lists are written out.
Span SpanOfNotData(const syntax::Expression& written, const graph::Value& value) {
  const auto* entries = std::get_if<syntax::MapLiteral>(&written.node);
  if (const graph::Map* map = value.as_map(); entries != nullptr && map != nullptr) {
    for (const syntax::MapEntry& entry : entries->entries) {
      const auto* key = entry.key ? std::get_if<syntax::StringLiteral>(&entry.key->node) : nullptr;
      if (key == nullptr || key->parts.size() != 1 || key->parts[0].value || !entry.value) {
        continue;
      }
      const auto found = std::find_if(map->entries().begin(), map->entries().end(),
                                      [&](const auto& field) { return field.first == key->parts[0].text; });
      if (found != map->entries().end() && NotData(found->second) != nullptr) {
        return SpanOfNotData(*entry.value, found->second);
      }
    }
  }
  const auto* items = std::get_if<syntax::ListLiteral>(&written.node);
  if (const graph::List* list = value.as_list(); items != nullptr && list != nullptr) {
    for (std::size_t i = 0; i < std::min(items->items.size(), list->size()); ++i) {
      if (items->items[i] && NotData((*list)[i]) != nullptr) {
        return SpanOfNotData(*items->items[i], (*list)[i]);
      }
    }
  }
  return written.span;
}

void CheckMetadata(const graph::Value& object, const Declared& declared, Span span, Checker& checker) {
  for (const char* field : {"apiVersion", "kind"}) {
    const graph::Value value = object.Field(field);
    if (value.as_string() == nullptr || value.as_string()->empty()) {
      checker.context
          .Report(diagnostics::kIncompleteObject, span, fmt::format("object `{}` has no `{}`", declared.name, field))
          .Emit();
    }
  }
  const graph::Value name = object.Path({"metadata", "name"});
  const std::string* text = name.as_string();
  if (text == nullptr) {
    checker.context
        .Report(diagnostics::kIncompleteObject, span, fmt::format("object `{}` has no `metadata.name`", declared.name))
        .Emit();
  } else if (text->empty() || *text == "." || *text == ".." || text->find_first_of("/%") != std::string::npos) {
    // Names of RBAC objects may hold a colon; the API server takes whatever is one segment of a path.
    checker.context
        .Report(diagnostics::kRefusedName, span, fmt::format("the name of object `{}` is `{}`", declared.name, *text))
        .Emit();
  }
  const graph::Value space = object.Path({"metadata", "namespace"});
  if (const std::string* space_name = space.as_string()) {
    if (std::optional<std::string> fault = kubernetes::FaultOfLabel(*space_name)) {
      checker.context.Report(diagnostics::kRefusedName, span, fmt::format("namespace `{}` {}", *space_name, *fault))
          .Emit();
    }
  }
}

}  // namespace

Made MakeObject(const Declared& declared, const ScopePtr& scope, Checker& checker) {
  const auto& syntax = declared.as<syntax::ObjectDeclaration>();
  Reader reader(checker, scope, {});
  std::optional<graph::Value> value = reader.Of(syntax.value, Type::Map(Type::Kind::kAny), "an object");
  if (!value || value->as_map() == nullptr) {
    return std::nullopt;
  }
  const Span span = SpanOfNotData(*syntax.value, *value);
  CheckMetadata(*value, declared, declared.name_span, checker);
  const graph::Value* alien = NotData(*value);
  if (alien != nullptr && alien->as_secret() != nullptr) {
    checker.context
        .Report(diagnostics::kMisplacedSecret, span, fmt::format("object `{}` holds a secret", declared.name))
        .Note("a secret is read in the cluster; a plan's objects are written out as text")
        .Emit();
  } else if (alien != nullptr) {
    checker.context
        .Report(diagnostics::kWrongClauseValue, span,
                fmt::format("object `{}` holds {}, which is no data", declared.name, alien->KindName()))
        .Emit();
    return std::nullopt;
  }
  StaticObject object;
  object.name = declared.name;
  object.value = *value;
  object.span = declared.name_span;
  object.value_span = span;
  object.fields = FieldSpans(*syntax.value);
  for (const syntax::Annotation& annotation : declared.syntax->annotations) {
    object.keep = object.keep || annotation.name.text == "keep";
  }
  checker.plans.objects.push_back(std::move(object));
  return value;
}

}  // namespace sluice::check
