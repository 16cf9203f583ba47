#include "compiler/check/field_spans.h"

#include <variant>

#include "compiler/graph/json_pointer.h"

namespace sluice::check {
namespace {

void Collect(const syntax::Expression& written, const std::string& pointer, std::vector<FieldSpan>& out) {
  if (const auto* map = std::get_if<syntax::MapLiteral>(&written.node)) {
    for (const syntax::MapEntry& entry : map->entries) {
      const auto* key = entry.key ? std::get_if<syntax::StringLiteral>(&entry.key->node) : nullptr;
      if (key != nullptr && key->parts.size() == 1 && !key->parts[0].value && entry.value) {
        const std::string field = graph::PointerTo(pointer, key->parts[0].text);
        out.push_back({field, entry.key->span});
        Collect(*entry.value, field, out);
      }
    }
  } else if (const auto* list = std::get_if<syntax::ListLiteral>(&written.node)) {
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      if (list->items[i]) {
        const std::string field = graph::PointerTo(pointer, std::to_string(i));
        out.push_back({field, list->items[i]->span});
        Collect(*list->items[i], field, out);
      }
    }
  }
}

}  // namespace

std::vector<FieldSpan> FieldSpans(const syntax::Expression& written) {
  std::vector<FieldSpan> fields;
  Collect(written, "", fields);
  return fields;
}

}  // namespace sluice::check
