// Makes the brackets of a file match before its grammar is looked at.
#pragma once

#include "compiler/syntax/file_parser.h"

namespace sluice::syntax {

// Reports brackets that are not closed, at the bracket, and closing ones that close nothing; then puts in or
// takes out what makes `tokens` balanced. Which brace is the open one is told by the indentation: the one whose
// body holds a line that is indented no deeper than it. Balanced tokens are left alone, however indented.
void BalanceBrackets(FileParser& file, Tokens& tokens);

}  // namespace sluice::syntax
