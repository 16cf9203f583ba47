#include "compiler/check/container.h"

#include <cctype>
#include <initializer_list>
#include <iterator>
#include <vector>

#include <fmt/format.h>

#include "compiler/kubernetes/image.h"
#include "compiler/kubernetes/names.h"

namespace sluice::check {
namespace {

bool LooksSecret(std::string_view name) {
  std::string upper;
  for (char c : name) {
    upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  for (std::string_view word : {"PASSWORD", "PASSWD", "SECRET_KEY", "PRIVATE_KEY", "API_KEY", "APIKEY", "ACCESS_KEY"}) {
    if (upper.find(word) != std::string::npos) {
      return true;
    }
  }
  auto ends = [&](std::string_view end) {
    return upper.size() >= end.size() && upper.compare(upper.size() - end.size(), end.size(), end) == 0;
  };
  return ends("_TOKEN") || ends("_SECRET") || upper == "TOKEN" || upper == "SECRET";
}

// The object with another value at `path`.
graph::Value WithAt(const graph::Value& object, std::initializer_list<std::string_view> path, graph::Value value) {
  std::vector<graph::Map> maps;
  graph::Value at = object;
  for (const std::string_view key : path) {
    maps.push_back(at.as_map() == nullptr ? graph::Map() : *at.as_map());
    at = at.Field(key);
  }
  for (auto key = std::rbegin(path); key != std::rend(path); ++key) {
    maps.back().Set(std::string(*key), std::move(value));
    value = graph::Value(std::move(maps.back()));
    maps.pop_back();
  }
  return value;
}

}  // namespace

void CheckImage(const std::string& image, Span span, const Reader& reader) {
  const kubernetes::ImageParse parsed = kubernetes::ParseImage(image);
  if (!parsed.image) {
    reader.Report(diagnostics::kInvalidImage, span, fmt::format("image `{}` {}", image, parsed.fault));
    return;
  }
  if (!parsed.image->digest.empty() || (!parsed.image->tag.empty() && parsed.image->tag != "latest")) {
    return;
  }
  reader.Report(diagnostics::kMovingTag, span,
                parsed.image->tag.empty() ? fmt::format("image `{}` has no tag, which means `latest`", image)
                                          : fmt::format("image `{}` has the tag `latest`", image),
                "what runs then depends on when a node pulled it, and two revisions may be one image");
}

bool CheckVariable(const std::string& name, const graph::Value& value, Span span, const Reader& reader) {
  if (std::optional<std::string> fault = kubernetes::FaultOfEnvName(name)) {
    reader.Report(diagnostics::kRefusedName, span, fmt::format("environment variable `{}` {}", name, *fault));
  }
  if (value.as_list() != nullptr || value.as_map() != nullptr || value.as_handle() != nullptr) {
    reader.Report(diagnostics::kWrongClauseValue, span,
                  fmt::format("environment variable `{}` is {}, it must be text", name, value.KindName()));
    return false;
  }
  if (LooksSecret(name) && value.as_string() != nullptr && !value.as_string()->empty()) {
    reader.Report(diagnostics::kPlainSecret, span,
                  fmt::format("environment variable `{}` looks like a secret and stands in the plan as text", name),
                  fmt::format("`{}: secret \"NAME\" key \"KEY\"` reads it from a Kubernetes Secret", name));
  }
  return true;
}

Span SpanOfKey(const syntax::Expression& map, const std::string& key) {
  if (const auto* literal = std::get_if<syntax::MapLiteral>(&map.node)) {
    for (const syntax::MapEntry& entry : literal->entries) {
      const auto* text = entry.key ? std::get_if<syntax::StringLiteral>(&entry.key->node) : nullptr;
      if (text != nullptr && text->parts.size() == 1 && !text->parts[0].value && text->parts[0].text == key) {
        return entry.key->span;
      }
    }
  }
  return map.span;
}

std::optional<Located<graph::Value>> ReadCpu(const syntax::ExpressionPtr& expression, const Reader& reader) {
  const std::optional<Number> cores = reader.Decimal(expression, "`cpu`");
  if (!cores) {
    return std::nullopt;
  }
  if (*cores <= Number(0) || *cores > Number(1024) || !(*cores * Number(1000)).is_integer()) {
    reader.Report(
        diagnostics::kValueOutOfRange, expression->span,
        fmt::format("`cpu` is {}, it must be a number of thousandths of a core above 0", cores->ToRoundedString(6)));
    return std::nullopt;
  }
  return Located<graph::Value>{graph::Value(*cores), expression->span};
}

std::optional<Located<graph::Value>> ReadMemory(const syntax::ExpressionPtr& expression, const Reader& reader) {
  const std::optional<Number> bytes = reader.Bytes(expression, "`memory`");
  if (!bytes) {
    return std::nullopt;
  }
  if (*bytes < Number(1) || !bytes->is_integer()) {
    reader.Report(diagnostics::kValueOutOfRange, expression->span,
                  fmt::format("`memory` is {} bytes, it must be a whole number above 0", bytes->ToRoundedString(3)));
    return std::nullopt;
  }
  return Located<graph::Value>{graph::Value(graph::Quantity{*bytes, graph::Unit::kBytes}), expression->span};
}

graph::Value WithFirstImage(const graph::Value& workload, const std::string& image) {
  const graph::Value containers = workload.Path({"spec", "template", "spec", "containers"});
  graph::List list = containers.as_list() == nullptr ? graph::List() : *containers.as_list();
  if (list.empty() || list.front().as_map() == nullptr) {
    return workload;
  }
  list.front() = WithAt(list.front(), {"image"}, graph::Value(image));
  return WithAt(workload, {"spec", "template", "spec", "containers"}, graph::Value(std::move(list)));
}

}  // namespace sluice::check
