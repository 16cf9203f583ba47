// A plan set in parts that know nothing of one another, so that what did not change is not compiled again.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "compiler/base/shared_list.h"
#include "compiler/check/check.h"
#include "compiler/check/checked_plan.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/graph.h"
#include "compiler/manifest/manifest.h"
#include "compiler/source/named_files.h"

namespace sluice {

// A plan set's modules that import one another, over any number of others. Files in the order of their paths.
using PartFiles = std::vector<check::ModuleFile>;

// What one part comes to: a function of its files, their numbers, the stdlib and the files that its plans name.
struct Part {
  check::CheckedPlanSet plans;
  std::vector<graph::Graph> graphs;
  std::vector<manifest::Manifest> manifests;
  std::size_t bytes = 0;  // of the manifests' YAML
  diagnostics::Emitter emitter;
  std::vector<source::NamedFiles::Look> looks;  // for files that its plans name
  bool lasts = true;                            // its spans mean the same in the next compile
};

// The parts of `files`, which are sorted by path; the stdlib's are in none of them.
std::vector<PartFiles> SplitIntoParts(const std::vector<check::ModuleFile>& files);

// The phases from the check to the manifests; `files` with the stdlib's. Limits on evaluation are the part's own.
std::shared_ptr<const Part> BuildPart(const PartFiles& files, const source::SourceSet& sources,
                                      source::NamedFiles named);

// Whether the parts together are the plan set: none has a mistake, no two write an object of one name, and
// all are well below the limits of a plan set. What is not so is for a compile of the whole to report.
bool Fit(const std::vector<std::shared_ptr<const Part>>& parts);

// Graphs and manifests of all, in the order of a compile of the whole. Require Fit.
SharedList<graph::Graph> JoinGraphs(const std::vector<std::shared_ptr<const Part>>& parts);
SharedList<manifest::Manifest> JoinManifests(const std::vector<std::shared_ptr<const Part>>& parts);

}  // namespace sluice
