// What scenarios are about: a rollout's graph as the plan has it, and those of the versions before and after it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "compiler/base/result.h"
#include "compiler/compile.h"
#include "compiler/graph/graph.h"

namespace sluice::simulate {

// Of one rollout.
struct Subject {
  graph::Graph before;     // what is stable at the commit: the same plan with another image
  graph::Graph candidate;  // what the plan says
  graph::Graph next;       // a further version
};

// The subjects of one plan set. Compiles it three times.
class Subjects {
 public:
  // `compilation`: of `tree`, without errors. Outlives this.
  Subjects(const source::FileTree& tree, const Compilation& compilation);

  // kNotFound for a rollout that isn't there; kInvalid for one that can't be simulated, with the reason.
  Result<Subject> Of(const std::string& rollout, const std::string& namespace_) const;

 private:
  const Compilation& now_;
  std::unique_ptr<Compilation> before_, next_;
};

// The image's repository with that tag: no version of its own has it.
std::string WithTag(const std::string& image, const std::string& tag);

}  // namespace sluice::simulate
