// The objects of YAML files that a plan names.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/check/checker.h"

namespace sluice::check {

// Reads all files that fit the pattern into Checker::yaml_objects, each object once, without what only an API server
// says. Gives those of these files, in their order. nullopt: something was reported.
std::optional<std::vector<Checker::YamlObject*>> ReadManifests(const syntax::ExpressionPtr& pattern,
                                                               const Reader& reader);

// The text at a path of an object; "" where there is none.
std::string TextAt(const graph::Value& object, std::initializer_list<std::string_view> path);

}  // namespace sluice::check
