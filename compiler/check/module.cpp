#include "compiler/check/module.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/state.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice::check {
namespace {

std::string Directory(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string PathOf(const syntax::Import& import, const char* separator) {
  std::string path;
  for (const syntax::Name& name : import.path) {
    path += (path.empty() ? "" : separator) + name.text;
  }
  return path;
}

std::string Dotted(std::string path) {
  std::replace(path.begin(), path.end(), '/', '.');
  return path;
}

// What a declaration is, and what names it.
struct Header {
  DeclarationKind kind = DeclarationKind::kLet;
  const syntax::Name* name = nullptr;              // of kinds that aren't repeated by name
  const syntax::DeclaredName* declared = nullptr;  // of the others
};

struct ReadHeader {
  std::optional<Header> operator()(const syntax::LetDeclaration& d) const { return Named(DeclarationKind::kLet, d); }
  std::optional<Header> operator()(const syntax::FunctionDeclaration& d) const {
    return Named(DeclarationKind::kFunction, d);
  }
  std::optional<Header> operator()(const syntax::DefaultDeclaration&) const { return std::nullopt; }
  std::optional<Header> operator()(const syntax::Service& d) const { return Repeated(DeclarationKind::kService, d); }
  std::optional<Header> operator()(const syntax::Route& d) const { return Repeated(DeclarationKind::kRoute, d); }
  std::optional<Header> operator()(const syntax::ObjectDeclaration& d) const {
    return Repeated(DeclarationKind::kObject, d);
  }
  std::optional<Header> operator()(const syntax::Gate& d) const { return Named(DeclarationKind::kGate, d); }
  std::optional<Header> operator()(const syntax::Router& d) const { return Named(DeclarationKind::kRouter, d); }
  std::optional<Header> operator()(const syntax::Provider& d) const { return Named(DeclarationKind::kProvider, d); }
  std::optional<Header> operator()(const syntax::Dialect& d) const { return Named(DeclarationKind::kDialect, d); }
  std::optional<Header> operator()(const syntax::Channel& d) const { return Named(DeclarationKind::kChannel, d); }
  std::optional<Header> operator()(const syntax::Rollout& d) const { return Repeated(DeclarationKind::kRollout, d); }
  std::optional<Header> operator()(const syntax::Strategy& d) const { return Named(DeclarationKind::kStrategy, d); }
  // Nothing names a test.
  std::optional<Header> operator()(const syntax::TestDeclaration&) const { return std::nullopt; }
  std::optional<Header> operator()(const syntax::Later&) const { return std::nullopt; }

  template <typename T>
  static std::optional<Header> Named(DeclarationKind kind, const T& declaration) {
    return Header{kind, &declaration.name, nullptr};
  }
  template <typename T>
  static std::optional<Header> Repeated(DeclarationKind kind, const T& declaration) {
    return Header{kind, nullptr, &declaration.name};
  }
};

}  // namespace

class ModuleBuilder {
 public:
  ModuleBuilder(const std::vector<ModuleFile>& files, Context& context) : files_(files), context_(context) {}

  ModuleSet Build() {
    for (const ModuleFile& file : files_) {
      AddFile(file);
    }
    for (const ModuleFile& file : files_) {
      AddImports(file);
    }
    ReportImportCycles();
    for (const ModuleFile& file : files_) {
      AddDeclarations(file);
    }
    ReportUnknownDefaults();
    for (const auto& [module, declaration] : repeated_) {
      Expand(*module, *declaration);
    }
    return std::move(set_);
  }

 private:
  Module& ModuleOf(const ModuleFile& file) { return *set_.modules_.find(Directory(file.path))->second; }

  void AddFile(const ModuleFile& file) {
    const std::string path = Directory(file.path);
    auto& module = set_.modules_[path];
    if (module == nullptr) {
      module = std::make_unique<Module>(path);
    }
    module->files_.push_back(file.file);
    module->file_scopes_[file.file->file] = std::make_shared<const Scope>(module.get(), file.file->file);
  }

  void AddImports(const ModuleFile& file) {
    Module& module = ModuleOf(file);
    auto& imports = module.imports_[file.file->file];
    for (const syntax::Import& import : file.file->imports) {
      if (import.path.empty()) {
        continue;
      }
      const syntax::Name& name = import.path.back();
      const auto [at, added] = imports.try_emplace(name.text);
      if (!added) {
        context_.Report(diagnostics::kDuplicateImport, import.span, fmt::format("`{}` is bound twice", name.text))
            .Label(at->second.syntax->span, "first here");
        continue;
      }
      at->second.syntax = &import;
      at->second.module = set_.Find(PathOf(import, "/"));
      if (at->second.module == nullptr) {
        ReportUnknownModule(import);
      }
    }
  }

  void ReportUnknownModule(const syntax::Import& import) {
    const std::string path = PathOf(import, ".");
    std::vector<std::string> known;
    for (const auto& [name, module] : set_.modules_) {
      known.push_back(Dotted(name));
    }
    const std::vector<std::string> similar = SimilarNames(path, known);
    const Span span = Cover(import.path.front().span, import.path.back().span);
    if (path == "std.windows" || path.starts_with("vendor.")) {
      context_.Report(diagnostics::kNotYetSupported, span, fmt::format("`{}` is not carried out yet", path)).Emit();
      return;
    }
    auto builder = context_.Report(diagnostics::kUnknownModule, span, fmt::format("there is no module `{}`", path));
    // `std.gateway`, where the router of that name is meant.
    const std::string& last = import.path.back().text;
    if (const std::string library = path == "std." + last ? LibraryWith(last, context_) : ""; !library.empty()) {
      builder.At(fmt::format("`std.{}` has one", library))
          .Note(fmt::format("what it has is written `{}.{}`", library, last))
          .Fix(fmt::format("write `std.{}`", library), diagnostics::Safety::kUncertain, span, "std." + library);
      return;
    }
    builder.At(similar.empty() ? "" : fmt::format("did you mean `{}`?", similar[0]));
    const std::string as_file = PathOf(import, "/") + ".plan";
    const bool is_file =
        std::any_of(files_.begin(), files_.end(), [&](const ModuleFile& file) { return file.path == as_file; });
    builder.Note(is_file ? fmt::format("`{}` is a file; a module is a directory with everything in it", as_file)
                         : "a module is a directory of the plan set with plans in it, or one of `std`");
    for (const std::string& name : similar) {
      builder.Fix(fmt::format("write `{}`", name), diagnostics::Safety::kUncertain, span, name);
    }
  }

  // Modules reachable from `from`, each with the import that leads on, until `to` is found.
  bool FindPath(const Module* from, const Module* to, std::set<const Module*>& visited,
                std::vector<const ImportBinding*>& path) {
    for (const auto& [file, imports] : from->imports_) {
      for (const auto& [name, import] : imports) {
        if (import.module == nullptr || (import.module != to && !visited.insert(import.module).second)) {
          continue;
        }
        path.push_back(&import);
        if (import.module == to || FindPath(import.module, to, visited, path)) {
          return true;
        }
        path.pop_back();
      }
    }
    return false;
  }

  void ReportImportCycles() {
    std::set<const Module*> reported;
    for (const auto& [path, module] : set_.modules_) {
      std::set<const Module*> visited;
      std::vector<const ImportBinding*> cycle;
      if (reported.count(module.get()) != 0 || !FindPath(module.get(), module.get(), visited, cycle)) {
        continue;
      }
      for (const ImportBinding* import : cycle) {
        reported.insert(import->module);
      }
      ReportImportCycle(*module, cycle);
    }
  }

  void ReportImportCycle(const Module& module, std::vector<const ImportBinding*> cycle) {
    const auto name = [](const Module& m) {
      return m.path().empty() ? std::string("the root") : "`" + Dotted(m.path()) + "`";
    };
    std::vector<std::string> names = {name(module)};
    for (std::size_t i = 0; i + 1 < cycle.size(); ++i) {
      names.push_back(name(*cycle[i]->module));
    }
    // In the order of the source: the first import of the cycle carries the message.
    const auto first = std::min_element(cycle.begin(), cycle.end(), [](const ImportBinding* a, const ImportBinding* b) {
      return a->syntax->span.file != b->syntax->span.file ? a->syntax->span.file < b->syntax->span.file
                                                          : a->syntax->span.begin < b->syntax->span.begin;
    });
    std::rotate(names.begin(), names.begin() + (first - cycle.begin()), names.end());
    std::rotate(cycle.begin(), first, cycle.end());
    auto builder = context_.Report(diagnostics::kImportCycle, cycle[0]->syntax->span,
                                   names.size() == 1 ? fmt::format("module {} imports itself", names[0])
                                                     : fmt::format("modules {} import each other", JoinWords(names)));
    for (std::size_t i = 1; i < cycle.size(); ++i) {
      builder.Label(cycle[i]->syntax->span, fmt::format("{} imports {}", names[i], names[(i + 1) % names.size()]));
    }
    builder.Note("what both need belongs into a module of its own");
  }

  void AddDeclarations(const ModuleFile& file) {
    Module& module = ModuleOf(file);
    const ScopePtr scope = module.file_scopes_[file.file->file];
    for (const syntax::Declaration& declaration : file.file->declarations) {
      if (const auto* binding = std::get_if<syntax::DefaultDeclaration>(&declaration.declaration)) {
        AddDefault(module, *binding, scope);
        continue;
      }
      const std::optional<Header> header = std::visit(ReadHeader(), declaration.declaration);
      if (!header) {
        continue;
      }
      const bool literal = header->name != nullptr || header->declared->bare;
      if (!declaration.repetitions.empty() || !literal) {
        repeated_.emplace_back(&module, &declaration);
      } else if (header->name != nullptr) {
        Declare(module, *header, declaration, header->name->text, header->name->span, scope);
      } else {
        const auto name = NameOf(*header->declared, scope);
        if (name) {
          Declare(module, *header, declaration, *name, header->declared->span, scope);
        }
      }
    }
  }

  std::optional<std::string> NameOf(const syntax::DeclaredName& declared, const ScopePtr& scope) {
    if (declared.text == nullptr) {
      return std::nullopt;
    }
    const auto name = Evaluate(*declared.text, scope, {Type::Kind::kString, "a name"}, context_);
    return name && name->as_string() != nullptr ? std::optional(*name->as_string()) : std::nullopt;
  }

  void Declare(Module& module, const Header& header, const syntax::Declaration& declaration, std::string name,
               Span name_span, ScopePtr scope) {
    if (name.empty()) {
      return;  // reported by the parser
    }
    // `let` and `fn` share their names.
    const Declared* other = module.Find(header.kind, name);
    if (other == nullptr && header.kind <= DeclarationKind::kFunction) {
      other =
          module.Find(header.kind == DeclarationKind::kLet ? DeclarationKind::kFunction : DeclarationKind::kLet, name);
    }
    if (other != nullptr) {
      const std::string where = module.path().empty() ? "" : fmt::format(" in module `{}`", Dotted(module.path()));
      context_
          .Report(diagnostics::kDuplicateDeclaration, name_span,
                  fmt::format("there are two {}s called `{}`{}", DeclarationWord(header.kind), name, where))
          .Label(other->name_span, "the first one");
      return;
    }
    auto declared = std::make_unique<Declared>();
    declared->kind = header.kind;
    declared->name = std::move(name);
    declared->name_span = name_span;
    declared->syntax = &declaration;
    declared->module = &module;
    declared->scope = std::move(scope);
    module.by_name_[static_cast<std::size_t>(header.kind)][declared->name] = declared.get();
    module.declarations_.push_back(std::move(declared));
  }

  void AddDefault(Module& module, const syntax::DefaultDeclaration& declaration, const ScopePtr& scope) {
    module.defaults_.try_emplace(declaration.name.text, &declaration);
    auto& bound = module.is_stdlib() ? library_defaults_ : plan_defaults_;
    const auto [first, fresh] = bound.try_emplace(declaration.name.text, &declaration);
    if (!fresh) {
      context_
          .Report(diagnostics::kDuplicateDeclaration, declaration.name.span,
                  fmt::format("there are two defaults called `{}`", declaration.name.text))
          .Label(first->second->name.span, "the first one");
      return;
    }
    if (!module.is_stdlib() || plan_defaults_.count(declaration.name.text) == 0) {
      context_.SetDefault(declaration.name.text, &declaration, scope);
    }
  }

  void ReportUnknownDefaults() {
    std::vector<std::string> known;
    for (const auto& [name, declaration] : library_defaults_) {
      known.push_back(name);
    }
    for (const auto& [name, declaration] : plan_defaults_) {
      if (library_defaults_.empty() || library_defaults_.count(name) != 0) {
        continue;
      }
      const std::vector<std::string> similar = SimilarNames(name, known);
      auto builder = context_.Report(diagnostics::kUnknownDefault, declaration->name.span,
                                     fmt::format("nothing takes a default called `{}`", name));
      builder.At(similar.empty() ? "" : fmt::format("did you mean `{}`?", similar[0]));
      builder.Note(fmt::format("there are {}", JoinWords(known)));
    }
  }

  void Expand(Module& module, const syntax::Declaration& declaration) {
    const Header header = *std::visit(ReadHeader(), declaration.declaration);
    const source::FileId file = declaration.span.file;
    Repeat(declaration.repetitions, module.FileScope(file), context_, [&](const ScopePtr& scope) {
      if (header.name != nullptr) {
        Declare(module, header, declaration, header.name->text, header.name->span, scope);
        return;
      }
      if (const auto name = NameOf(*header.declared, scope)) {
        Declare(module, header, declaration, *name, header.declared->span, scope);
      }
    });
  }

  const std::vector<ModuleFile>& files_;
  Context& context_;
  ModuleSet set_;
  std::map<std::string, const syntax::DefaultDeclaration*> library_defaults_;
  std::map<std::string, const syntax::DefaultDeclaration*> plan_defaults_;
  std::vector<std::pair<Module*, const syntax::Declaration*>> repeated_;
};

const Module* ModuleSet::Find(std::string_view path) const {
  const auto at = modules_.find(path);
  return at != modules_.end() ? at->second.get() : nullptr;
}

bool IsLibrary(std::string_view name) {
  static constexpr std::string_view kLibraries[] = {"channels", "dialects", "gates",     "providers",
                                                    "routers",  "windows",  "strategies"};
  return std::find(std::begin(kLibraries), std::end(kLibraries), name) != std::end(kLibraries);
}

// Libraries that nothing imports are not parsed, but their files stand among the sources.
std::string LibraryWith(std::string_view name, const Context& context) {
  const std::string file = fmt::format("/{}.plan", name);
  for (std::size_t id = 0; id < context.sources().size(); ++id) {
    std::string_view path = context.sources().file(static_cast<source::FileId>(id)).path();
    if (path.starts_with("std/") && path.ends_with(file)) {
      path = path.substr(4, path.size() - 4 - file.size());
      return IsLibrary(path) ? std::string(path) : "";
    }
  }
  return "";
}

ModuleSet BuildModules(const std::vector<ModuleFile>& files, Context& context) {
  return ModuleBuilder(files, context).Build();
}

}  // namespace sluice::check
