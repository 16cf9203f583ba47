#include "compiler/check/handles.h"

#include <algorithm>

namespace sluice::check {

std::optional<graph::Value> Fields::Member(std::string_view name, Context&) const {
  const graph::Value* value = fields_.Find(name);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

std::vector<std::string> Fields::MemberNames() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : fields_.entries()) {
    names.push_back(name);
  }
  return names;
}

namespace {

graph::Map FieldsOf(const Service& service) {
  graph::Map fields;
  fields.Set("name", service.name);
  fields.Set("namespace", service.namespace_);
  fields.Set("image", service.image.value);
  fields.Set("replicas", service.replicas.value);
  graph::List ports;
  for (const Port& port : service.ports) {
    graph::Map entry;
    entry.Set("name", port.name);
    entry.Set("port", port.number);
    ports.emplace_back(std::move(entry));
  }
  fields.Set("port", service.ports.empty() ? graph::Value() : graph::Value(service.ports.front().number));
  fields.Set("ports", std::move(ports));
  return fields;
}

graph::Value Texts(const std::vector<std::string>& texts) { return graph::List(texts.begin(), texts.end()); }

graph::Map FieldsOf(const Route& route) {
  graph::Map fields;
  fields.Set("name", route.name);
  fields.Set("namespace", route.namespace_);
  fields.Set("hosts", Texts(route.hosts));
  fields.Set("paths", Texts(route.paths));
  return fields;
}

}  // namespace

ServiceHandle::ServiceHandle(const Service* service) : Fields(FieldsOf(*service)), service_(service) {}

RouteHandle::RouteHandle(const Route* route) : Fields(FieldsOf(*route)), route_(route) {}

std::shared_ptr<const Combinable> GateHandle::Combine(graph::Operation operation, const Combinable* right,
                                                      Span span) const {
  using Kind = graph::GateTree::Kind;
  auto combined = std::make_shared<GateExpression>();
  combined->kind = operation == graph::Operation::kAnd  ? Kind::kAnd
                   : operation == graph::Operation::kOr ? Kind::kOr
                                                        : Kind::kNot;
  combined->span = span;
  const auto* other = dynamic_cast<const GateHandle*>(right);
  for (const GatePtr& gate : {gate_, other != nullptr ? other->gate_ : nullptr}) {
    if (gate != nullptr && gate->kind == combined->kind && combined->kind != Kind::kNot) {
      combined->children.insert(combined->children.end(), gate->children.begin(), gate->children.end());
    } else if (gate != nullptr) {
      combined->children.push_back(gate);
    }
  }
  return std::make_shared<GateHandle>(std::move(combined));
}

std::optional<graph::Value> Library::Member(std::string_view name, Context& context) const {
  for (const Function& function : functions_) {
    if (function.name != name) {
      continue;
    }
    if (!function.made) {
      function.made = function.make(context);
    }
    return function.made ? std::optional(graph::Value(std::shared_ptr<const graph::Handle>(function.made)))
                         : std::nullopt;
  }
  return std::nullopt;
}

std::vector<std::string> Library::MemberNames() const {
  std::vector<std::string> names;
  for (const Function& function : functions_) {
    names.push_back(function.name);
  }
  return names;
}

}  // namespace sluice::check
