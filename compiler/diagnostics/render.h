// Diagnostics as people and programs read them. All renderers print the same set.
#pragma once

#include <string>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/source/source_set.h"

namespace sluice::diagnostics {

// Source windows with carets; ANSI colours if `colour`. `prefix` is put before every path.
std::string RenderText(const std::vector<Diagnostic>& diagnostics, const source::SourceSet& sources, bool colour,
                       const std::string& prefix = "");

// One line each: "checkout.plan:31:12: error[SL2104]: message [name]".
std::string RenderShort(const std::vector<Diagnostic>& diagnostics, const source::SourceSet& sources,
                        const std::string& prefix = "");

// One JSON object a line: code, name, level, message, file, line, column, end_line, end_column, labels, notes, fixes.
std::string RenderJson(const std::vector<Diagnostic>& diagnostics, const source::SourceSet& sources,
                       const std::string& prefix = "");

}  // namespace sluice::diagnostics
