#include "reconciler/simulate/subject.h"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::simulate {
namespace {

constexpr const char* kBefore = "before";
constexpr const char* kNext = "next";

std::unique_ptr<Compilation> WithImages(const source::FileTree& tree, const Compilation& now, const std::string& tag) {
  CompileOptions options;
  for (const auto& service : now.plans.services) {
    std::string image = WithTag(service->image.value, tag);
    if (image == service->image.value) image += "-of-simulation";
    const std::string& plan = now.sources.file(service->span.file).path();
    options.images[plan.substr(0, plan.rfind('/') + 1) + service->name] = std::move(image);
  }
  return Compile(tree, nullptr, options);
}

const graph::Graph* Find(const Compilation& compilation, const std::string& rollout, const std::string& namespace_) {
  const auto found = std::find_if(compilation.graphs.begin(), compilation.graphs.end(), [&](const graph::Graph& graph) {
    return graph.rollout == rollout && (namespace_.empty() || graph.rollout_namespace == namespace_);
  });
  return found == compilation.graphs.end() ? nullptr : &*found;
}

}  // namespace

std::string WithTag(const std::string& image, const std::string& tag) {
  std::string repository = image.substr(0, image.find('@'));
  const std::size_t colon = repository.rfind(':');
  if (colon != std::string::npos && repository.find('/', colon) == std::string::npos) repository.resize(colon);
  return repository + ":" + tag;
}

Subjects::Subjects(const source::FileTree& tree, const Compilation& compilation)
    : now_(compilation), before_(WithImages(tree, compilation, kBefore)), next_(WithImages(tree, compilation, kNext)) {}

Result<Subject> Subjects::Of(const std::string& rollout, const std::string& namespace_) const {
  const graph::Graph* candidate = Find(now_, rollout, namespace_);
  if (candidate == nullptr) return Error{ErrorCode::kNotFound, fmt::format("there is no rollout `{}`", rollout)};
  if (candidate->adopts) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("rollout `{}` takes over a workload that runs already: that can't be simulated", rollout)};
  }
  const graph::Graph* before = Find(*before_, rollout, namespace_);
  const graph::Graph* next = Find(*next_, rollout, namespace_);
  if (before == nullptr || next == nullptr) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("rollout `{}` does not compile with another image than `{}`, so that nothing could run "
                             "before it",
                             rollout, candidate->workload.image)};
  }
  return Subject{*before, *candidate, *next};
}

}  // namespace sluice::simulate
