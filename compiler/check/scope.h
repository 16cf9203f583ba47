// What names mean: modules, their declarations, parameters, loop variables, run-time roots.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/check/type.h"
#include "compiler/graph/value.h"
#include "compiler/source/span.h"
#include "compiler/syntax/ast.h"

namespace sluice::check {

using source::Span;

class Scope;
// Scopes are kept alive by what was declared in them.
using ScopePtr = std::shared_ptr<const Scope>;
class Context;

// A name with a value of its own: a parameter, a loop variable, a run-time root.
struct Binding {
  std::string name;
  Type type;
  // Null while a body is only checked: what is evaluated with it comes to nothing, without a report.
  std::optional<graph::Value> value;
  Span span;  // where it is declared; unknown for a root
  mutable bool used = false;
};

enum class DeclarationKind : std::uint8_t {
  kLet,
  kFunction,
  kService,
  kRoute,
  kObject,
  kGate,
  kRouter,
  kProvider,
  kDialect,
  kChannel,
  kRollout,
  kStrategy,
};
inline constexpr int kDeclarationKinds = 12;
// "service"; for kProvider "provider".
std::string_view DeclarationWord(DeclarationKind kind);
// The type of its instances: GateType() for kGate. kError for kLet and kFunction.
const Type& InstanceType(DeclarationKind kind);

class Module;

// One declaration of a module after `for` and `when`: a repeated one is several of these.
struct Declared {
  DeclarationKind kind{};
  std::string name;
  Span name_span;
  const syntax::Declaration* syntax = nullptr;
  const Module* module = nullptr;
  ScopePtr scope;  // the module's, or one with the loop variables bound
  mutable bool used = false;

  // Made at the first use.
  mutable std::shared_ptr<const Signature> signature;
  mutable std::optional<Type> type;
  mutable std::optional<graph::Value> value;
  enum class State : std::uint8_t { kNew, kBusy, kDone };
  mutable State type_state = State::kNew;
  mutable State value_state = State::kNew;

  // The syntax, which must be a T.
  template <typename T>
  const T& as() const {
    return std::get<T>(syntax->declaration);
  }
};

// A name bound by an `import` of one file.
struct ImportBinding {
  const Module* module = nullptr;  // null: reported
  const syntax::Import* syntax = nullptr;
  mutable bool used = false;
};

// All plan files of one directory.
class Module {
 public:
  explicit Module(std::string path) : path_(std::move(path)) {}
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  const std::string& path() const { return path_; }  // "shop", "" for the root, "std/gates"
  bool is_stdlib() const { return path_.rfind("std/", 0) == 0 || path_ == "std"; }

  // Null if there is none. Marks nothing as used.
  const Declared* Find(DeclarationKind kind, std::string_view name) const;
  // All, in the order of the files and within a file of the source.
  const std::vector<std::unique_ptr<Declared>>& declarations() const { return declarations_; }
  const std::vector<const syntax::PlanFile*>& files() const { return files_; }
  // The scope of a file: its imports, this module, the built-in functions.
  const ScopePtr& FileScope(source::FileId file) const;
  const std::map<std::string, ImportBinding, std::less<>>& imports(source::FileId file) const;
  // `default NAME = …` of this module's files.
  const syntax::DefaultDeclaration* FindDefault(std::string_view name) const;

 private:
  friend class ModuleBuilder;
  std::string path_;
  std::vector<const syntax::PlanFile*> files_;
  std::map<source::FileId, ScopePtr> file_scopes_;
  std::map<source::FileId, std::map<std::string, ImportBinding, std::less<>>> imports_;
  std::vector<std::unique_ptr<Declared>> declarations_;
  std::map<std::string, Declared*, std::less<>> by_name_[kDeclarationKinds];
  std::map<std::string, const syntax::DefaultDeclaration*, std::less<>> defaults_;
};

// Names from the inside out. Immutable once something was evaluated in it.
class Scope {
 public:
  Scope(const Module* module, source::FileId file) : module_(module), file_(file) {}
  explicit Scope(ScopePtr parent) : parent_(std::move(parent)), module_(parent_->module_), file_(parent_->file_) {}

  void Add(Binding binding) { bindings_.push_back(std::move(binding)); }
  // A name whose value only the cluster knows: `candidate`, `split`.
  void AddRoot(std::string name, Type type);

  // The innermost binding of that name; null if none.
  const Binding* Find(std::string_view name) const;
  const std::vector<Binding>& bindings() const { return bindings_; }
  const ScopePtr& parent() const { return parent_; }
  const Module* module() const { return module_; }
  source::FileId file() const { return file_; }
  // Names of all bindings, innermost first.
  std::vector<std::string> Names() const;

 private:
  ScopePtr parent_;
  const Module* module_ = nullptr;
  source::FileId file_ = source::FileId::kNone;
  std::vector<Binding> bindings_;
};

}  // namespace sluice::check
