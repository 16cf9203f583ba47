// From files to modules: one a directory, imports resolved, declarations by kind and name.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/check/check.h"
#include "compiler/check/expression.h"
#include "compiler/check/scope.h"

namespace sluice::check {

// All modules of a plan set and of the stdlib, by path.
class ModuleSet {
 public:
  const Module* Find(std::string_view path) const;
  const std::map<std::string, std::unique_ptr<Module>, std::less<>>& modules() const { return modules_; }

 private:
  friend class ModuleBuilder;
  std::map<std::string, std::unique_ptr<Module>, std::less<>> modules_;
};

// Collects the declarations, resolves imports, expands `for` and `when`, binds the defaults. Reports unknown
// and cyclic imports and duplicate names.
ModuleSet BuildModules(const std::vector<ModuleFile>& files, Context& context);

// Whether `import std.NAME` would make `name` known.
bool IsLibrary(std::string_view name);

// The library of `std` that has `name`: "strategies" for `canary`; "" if there is none.
std::string LibraryWith(std::string_view name, const Context& context);

// Evaluates every `let`, checks every `fn`; functions that call themselves are reported at the first member
// in the source. Declarations of other kinds are the caller's.
void CheckFunctions(const ModuleSet& modules, Context& context);

// Unused imports, functions and lets of the plan set (not of the stdlib): warnings. After everything else.
void ReportUnused(const ModuleSet& modules, Context& context);

}  // namespace sluice::check
