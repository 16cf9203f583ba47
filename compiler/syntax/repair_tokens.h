// What is wrong with single tokens: reported once, and made into what was most likely meant.
#pragma once

#include "compiler/syntax/file_parser.h"

namespace sluice::syntax {

// Bad characters, strings without end, numbers with letters that are no unit, YAML's dashes, operators of other
// languages. Afterwards `tokens` holds only types that the grammar uses.
void RepairTokens(FileParser& file, Tokens& tokens);

}  // namespace sluice::syntax
