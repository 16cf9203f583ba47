#include <memory>

#include "compiler/compile.h"
#include "reconciler/cluster/value_json.h"
#include "reconciler/sync/plan_set.h"

namespace sluice::sync {
namespace {

std::vector<Mistake> MistakesOf(const Compilation& compilation) {
  std::vector<Mistake> mistakes;
  for (const diagnostics::Diagnostic& diagnostic : compilation.emitter.Sorted()) {
    if (diagnostic.level != diagnostics::Level::kError) continue;
    Mistake mistake;
    mistake.code = diagnostic.kind->code;
    mistake.message = diagnostic.message;
    if (diagnostic.span.known()) {
      const source::Position position = compilation.sources.Begin(diagnostic.span);
      mistake.file = compilation.sources.file(diagnostic.span.file).path();
      mistake.line = position.line;
      mistake.column = position.column;
    }
    mistakes.push_back(std::move(mistake));
  }
  return mistakes;
}

}  // namespace

CompileFunction MakeCompiler() {
  return [cache = std::make_shared<CompileCache>()](const source::FileTree& tree) {
    const std::unique_ptr<Compilation> compilation = Compile(tree, cache.get());
    Compiled compiled;
    compiled.plan_files = compilation->plan_files;
    compiled.mistakes = MistakesOf(*compilation);
    if (!compilation->ok()) return compiled;
    compiled.graphs = compilation->graphs;
    for (const manifest::Manifest& manifest : compilation->manifests) {
      if (manifest.executor_only) continue;
      compiled.objects.push_back({cluster::ToJson(manifest.object), manifest.keep});
    }
    return compiled;
  };
}

}  // namespace sluice::sync
