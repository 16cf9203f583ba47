// Words behind clauses that are no names: `else rollback`, `as ratio`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/check/expression.h"
#include "compiler/graph/graph.h"
#include "compiler/syntax/ast.h"

namespace sluice::check {

graph::Disposition DispositionOf(const syntax::Else& otherwise);

// "`CLAUSE` does not know `WORD`", with those that it knows and the similar ones as fixes.
void ReportUnknownWord(const syntax::Name& word, std::string_view clause, const std::vector<std::string>& known,
                       Context& context);

}  // namespace sluice::check
