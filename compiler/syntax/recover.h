// One mistake: what is said about it, and how the tokens are mended so that the rest can be read.
#pragma once

#include "compiler/syntax/file_parser.h"

namespace sluice::syntax {

// Reports the mistake and changes `tokens` so that they parse farther. `again`: the last mending did not help
// at this token; the clause is given up without another word.
void Mend(FileParser& file, Tokens& tokens, const Failure& failure, bool again);

}  // namespace sluice::syntax
