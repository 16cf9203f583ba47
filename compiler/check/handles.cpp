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

graph::Value CombineGates(graph::GateTree::Kind kind, const GateHandle& left, const GateHandle& right, Span span) {
  auto combined = std::make_shared<GateExpression>();
  combined->kind = kind;
  combined->span = span;
  for (const GatePtr& gate : {left.gate(), right.gate()}) {
    if (gate->kind == kind) {
      combined->children.insert(combined->children.end(), gate->children.begin(), gate->children.end());
    } else {
      combined->children.push_back(gate);
    }
  }
  return std::shared_ptr<const graph::Handle>(std::make_shared<GateHandle>(std::move(combined)));
}

graph::Value NegateGate(const GateHandle& gate, Span span) {
  auto negated = std::make_shared<GateExpression>();
  negated->kind = graph::GateTree::Kind::kNot;
  negated->span = span;
  negated->children.push_back(gate.gate());
  return std::shared_ptr<const graph::Handle>(std::make_shared<GateHandle>(std::move(negated)));
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
