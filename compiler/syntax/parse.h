// Text to syntax tree.
#pragma once

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/source/source_set.h"
#include "compiler/syntax/ast.h"

namespace sluice::syntax {

inline constexpr std::size_t kMaxFileBytes = 256 * 1024;
inline constexpr std::size_t kMaxTokens = 200'000;
inline constexpr int kMaxNesting = 256;

// Parses one file of `sources`. Every mistake is reported to `emitter`; what could be understood is
// returned, so that the rest of the file is still checked. Deterministic; never throws; bounded in time
// and stack by the limits above.
PlanFile Parse(const source::SourceSet& sources, source::FileId file, diagnostics::Emitter& emitter);

}  // namespace sluice::syntax
