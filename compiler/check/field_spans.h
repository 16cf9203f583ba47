// Where the fields of an object were written.
#pragma once

#include <vector>

#include "compiler/check/checked_plan.h"
#include "compiler/syntax/ast.h"

namespace sluice::check {

// The fields of the value that `written` makes, as far as maps and lists are written out.
std::vector<FieldSpan> FieldSpans(const syntax::Expression& written);

}  // namespace sluice::check
