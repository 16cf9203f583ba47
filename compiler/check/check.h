// Plan files to the checked plan set: modules, names, types, evaluation.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "compiler/check/checked_plan.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/source/named_files.h"
#include "compiler/source/source_set.h"
#include "compiler/syntax/ast.h"

namespace sluice::check {

// Half a second. A thousand rollouts of a hundred steps each take less.
inline constexpr std::int64_t kMaxEvaluationSteps = 10'000'000;

struct CheckOptions {
  bool libraries = false;  // declarations of the stdlib that take parameters, too, which else are checked where used
  // The image that a service runs, by its directory and name, instead of what the plan or its manifest says: see
  // CompileOptions.
  std::map<std::string, std::string> images;
};

// A parsed file and where it stands.
struct ModuleFile {
  std::string path;  // "shop/checkout.plan"; stdlib: "std/gates/latency.plan"
  const syntax::PlanFile* file = nullptr;
};

// Checks a whole plan set together with the stdlib's files. `files` sorted by path. Files that plans name are looked
// for in `named`. All mistakes go to `emitter`; what is right is returned even if something else is wrong.
CheckedPlanSet CheckPlanSet(const std::vector<ModuleFile>& files, const source::SourceSet& sources,
                            source::NamedFiles& named, diagnostics::Emitter& emitter, const CheckOptions& options = {});

}  // namespace sluice::check
