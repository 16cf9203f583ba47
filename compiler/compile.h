// The whole pipeline: a tree of plan files to graphs and objects. What the commands and the syncer call.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "compiler/base/shared_list.h"
#include "compiler/check/checked_plan.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/graph.h"
#include "compiler/manifest/manifest.h"
#include "compiler/source/file_tree.h"
#include "compiler/source/source_set.h"

namespace sluice {

struct Compilation {
  source::SourceSet sources;
  diagnostics::Emitter emitter;     // diagnostics of all phases; lints included
  std::size_t plan_files = 0;       // how many *.plan files the tree holds
  check::CheckedPlanSet plans;      // empty if the result was put together from parts, see CompileCache
  SharedList<graph::Graph> graphs;  // complete only without errors; shared with a cache's later results
  SharedList<manifest::Manifest> manifests;

  bool ok() const { return !emitter.has_errors(); }
};

struct CompileOptions {
  // The image that a service runs, by the directory of its plan and its name ("shop/checkout"; in the root "checkout"),
  // instead of what its plan or its manifest says: what ran before, as far as that differs in the image alone. A name
  // that no service has means nothing.
  std::map<std::string, std::string> images;
};

// Keeps what earlier compiles found out, by content, so that a compile after a small change does again only
// what the change can reach: parsed files, and the results of modules that import one another. The result is
// that of a compile without a cache; only the limits on evaluation count for each such part alone. One user at
// a time.
class CompileCache {
 public:
  CompileCache();
  ~CompileCache();
  struct Parsed;

 private:
  friend std::unique_ptr<Compilation> Compile(const source::FileTree& tree, CompileCache* cache,
                                              const CompileOptions& options);
  std::unique_ptr<Parsed> parsed_;
};

// Never null. A tree that cannot be read is a diagnostic like any other mistake. With other images nothing is taken
// from the cache but parsed files.
std::unique_ptr<Compilation> Compile(const source::FileTree& tree, CompileCache* cache = nullptr,
                                     const CompileOptions& options = {});

}  // namespace sluice
