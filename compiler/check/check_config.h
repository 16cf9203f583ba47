// `config "PATH" from "FILES"` of a service.
#pragma once

#include <optional>

#include "compiler/check/checker.h"

namespace sluice::check {

// Reads the files, from the root of the plan set. Nothing where something was reported.
std::optional<Config> ReadConfig(const syntax::ConfigClause& clause, const Reader& reader);

}  // namespace sluice::check
