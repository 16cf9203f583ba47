// A syntax tree as text, compact enough to be read in a diff.
#pragma once

#include <string>

#include "compiler/syntax/ast.h"

namespace sluice::syntax {

// One line a declaration, clause or verb; expressions as nested lists: (+ a 1).
std::string Print(const PlanFile& plan);

}  // namespace sluice::syntax
