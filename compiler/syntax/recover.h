// One mistake: what is said about it, and how the tokens are mended so that the rest can be read.
#pragma once

#include "compiler/syntax/file_parser.h"

namespace sluice::syntax {

// Reports the mistake and changes `tokens` so that they parse farther. `again`: mending did not help
// this many times at this token; more and more is then taken out, without another word.
void Mend(FileParser& file, Tokens& tokens, const Failure& failure, int again);

}  // namespace sluice::syntax
