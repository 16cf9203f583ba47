// HTTP requests of providers and channels.
#pragma once

#include "compiler/check/checker.h"
#include "compiler/graph/graph.h"
#include "compiler/syntax/ast.h"

namespace sluice::check {

// The request with everything known folded in. nullopt: something was reported, or is not bound.
std::optional<graph::RequestTemplate> ReadRequest(const syntax::Request& request, const Reader& reader);

}  // namespace sluice::check
