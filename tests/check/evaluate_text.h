// Evaluates one expression as a plan would write it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/check/checker.h"
#include "compiler/diagnostics/render.h"
#include "compiler/graph/codec.h"
#include "compiler/syntax/parse.h"

namespace sluice::check {

struct Evaluated {
  std::optional<graph::Value> value;
  std::string text;         // the value as text; of a residual its JSON; "" without a value
  std::string diagnostics;  // "1:9 SL1102 message", one a line
};

using Files = std::map<std::string, std::string>;  // text by path

// A plan set in memory with everything that was checked about it.
class PlanSet {
 public:
  explicit PlanSet(const Files& files);

  // The value of `let NAME` in the module of that path.
  std::optional<graph::Value> Let(const std::string& name, const std::string& module = "");
  std::string Diagnostics() const;
  diagnostics::Emitter& emitter() { return emitter_; }
  Checker& checker() { return *checker_; }
  const ModuleSet& modules() const { return modules_; }
  const graph::FunctionTable& functions() const { return plans_.functions; }

 private:
  source::SourceSet sources_;
  source::MemoryTree no_files_{{}};
  std::vector<source::Entry> no_entries_;
  source::NamedFiles named_files_{no_files_, no_entries_, sources_};
  diagnostics::Emitter emitter_;
  std::vector<syntax::PlanFile> parsed_;
  CheckedPlanSet plans_;
  std::unique_ptr<Checker> checker_;
  ModuleSet modules_;
};

// `let x = EXPRESSION` after `declarations`, in a scope with the roots of gates and routers: candidate,
// stable, split, value (a percent), response, object. May be residual.
Evaluated EvaluateText(const std::string& expression, const std::string& declarations = "",
                       const Expected& expected = {Type::Kind::kAny, "", Stage::kRunTime},
                       graph::FunctionTable* functions = nullptr);

}  // namespace sluice::check
