#include <fmt/format.h>

#include "compiler/check/checker.h"
#include "compiler/check/data.h"
#include "compiler/check/field_spans.h"
#include "compiler/kubernetes/names.h"

namespace sluice::check {
namespace {

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
  CheckMetadata(*value, declared, declared.name_span, checker);
  const std::optional<Span> span = CheckData(*value, *syntax.value, fmt::format("object `{}`", declared.name), checker);
  if (!span) {
    return std::nullopt;
  }
  StaticObject object;
  object.name = declared.name;
  object.value = *value;
  object.span = declared.name_span;
  object.value_span = *span;
  object.fields = FieldSpans(*syntax.value);
  for (const syntax::Annotation& annotation : declared.syntax->annotations) {
    object.keep = object.keep || annotation.name.text == "keep";
  }
  checker.plans.objects.push_back(std::move(object));
  return value;
}

}  // namespace sluice::check
