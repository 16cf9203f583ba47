// Checked plans made by hand: what tests of lowering start from.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/check/checked_plan.h"
#include "compiler/graph/expression.h"

namespace sluice::lower {

inline check::Service MakeService(const std::string& name, std::int32_t replicas) {
  check::Service service;
  service.name = name;
  service.namespace_ = "shop";
  service.image.value = "acme/" + name + ":1";
  service.replicas.value = replicas;
  service.ports = {{"http", 8080, {}}};
  return service;
}

inline graph::ExpressionPtr Literal(graph::Value value) {
  auto expression = std::make_shared<graph::Expression>();
  expression->literal = std::move(value);
  return expression;
}

}  // namespace sluice::lower
