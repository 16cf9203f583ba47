// Files of the plan set that a clause names by a pattern: `config … from`, `service … from`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/check/checker.h"

namespace sluice::check {

// What fits the pattern, in the order of the paths; at least one. `clause`: the word for messages, "config". nullopt:
// reported.
std::optional<std::vector<source::Entry>> FilesOf(const syntax::ExpressionPtr& pattern, const std::string& clause,
                                                  const Reader& reader);

// Reports an entry that is no regular file. False: it was reported.
bool CheckIsFile(const source::Entry& entry, Span span, const Reader& reader);

}  // namespace sluice::check
