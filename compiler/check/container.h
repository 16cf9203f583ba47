// What the clauses of containers have in common: a service's and a job's.
#pragma once

#include <optional>
#include <string>

#include "compiler/check/checker.h"

namespace sluice::check {

// Reports an image that is no reference, and (as a warning) one whose tag moves.
void CheckImage(const std::string& image, Span span, const Reader& reader);

// Reports a name that Kubernetes refuses, a secret in plain text (a warning), and a value that is no text. False for
// the last: there is no such variable.
bool CheckVariable(const std::string& name, const graph::Value& value, Span span, const Reader& reader);

// Where `key` stands in a map that is written out; the map's own span where it doesn't.
Span SpanOfKey(const syntax::Expression& map, const std::string& key);

// `cpu`: cores, in thousandths. `memory`: bytes. nullopt for a null expression, or reported.
std::optional<Located<graph::Value>> ReadCpu(const syntax::ExpressionPtr& expression, const Reader& reader);
std::optional<Located<graph::Value>> ReadMemory(const syntax::ExpressionPtr& expression, const Reader& reader);

// The workload with another image of its first container, which tells the service's.
graph::Value WithFirstImage(const graph::Value& workload, const std::string& image);

}  // namespace sluice::check
