#include "compiler/compile.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "compiler/base/hash.h"
#include "compiler/check/check.h"
#include "compiler/lint/lint.h"
#include "compiler/lower/lower.h"
#include "compiler/parts.h"
#include "compiler/stdlib.h"
#include "compiler/suppress.h"
#include "compiler/syntax/parse.h"

namespace sluice {

namespace {

constexpr std::size_t kMaxSourceBytes = 8 * 1024 * 1024;
constexpr std::string_view kSuffix = ".plan";

// A file as it was parsed, with what the parser had to say about it.
struct ParsedFile {
  syntax::PlanFile file;
  std::vector<diagnostics::Diagnostic> diagnostics;
};

bool IsPlan(std::string_view path) {
  return path.size() > kSuffix.size() && path.substr(path.size() - kSuffix.size()) == kSuffix;
}

// Whether plans could be behind what is never followed: a submodule, or a link that may be a directory's.
bool MayHidePlans(const source::Entry& entry) {
  if (entry.kind == source::EntryKind::kSubmodule) return true;
  const std::string_view name = std::string_view(entry.path).substr(entry.path.rfind('/') + 1);
  return entry.kind == source::EntryKind::kSymlink && name.find('.', 1) == std::string_view::npos;
}

}  // namespace

// By the file's place and its content. Spans hold the number of their file, so a text that moved to
// another number is parsed again.
struct CompileCache::Parsed {
  struct Key {
    source::FileId file;
    std::string digest;
    friend bool operator<(const Key& a, const Key& b) {
      return std::tie(a.file, a.digest) < std::tie(b.file, b.digest);
    }
  };
  std::map<Key, std::shared_ptr<const ParsedFile>> files;
  std::map<std::vector<Key>, std::shared_ptr<const Part>> parts;  // by their files
};

CompileCache::CompileCache() : parsed_(std::make_unique<Parsed>()) {}
CompileCache::~CompileCache() = default;

namespace {

class Compiler {
 public:
  // `in_parts`: what is compiled may be put together from parts, which the cache keeps.
  Compiler(const source::FileTree& tree, CompileCache::Parsed& cache, bool in_parts, const CompileOptions& options)
      : tree_(tree), cache_(cache), in_parts_(in_parts), options_(options) {}

  std::unique_ptr<Compilation> Run() {
    AddStdlib();
    if (ReadTree()) {
      ParseAll();
      Build();
    }
    return std::move(result_);
  }

 private:
  void AddStdlib();
  bool ReadTree();
  void ReadFile(const source::Entry& entry);
  void ParseAll();
  void ParseOne(source::FileId file);
  void ParseImports(const syntax::PlanFile& file);
  void ParseLibrary(const std::string& directory);
  void Build();
  bool BuildInParts(const std::vector<check::ModuleFile>& files);
  std::shared_ptr<const Part> PartOf(PartFiles files, const PartFiles& stdlib, CompileCache::Parsed& fresh);

  diagnostics::Emitter& emitter() { return result_->emitter; }

  const source::FileTree& tree_;
  CompileCache::Parsed& cache_;
  const bool in_parts_;
  const CompileOptions& options_;
  std::unique_ptr<Compilation> result_ = std::make_unique<Compilation>();
  std::vector<source::Entry> entries_;
  std::vector<source::FileId> plans_;
  std::map<std::string, std::vector<source::FileId>, std::less<>> libraries_;  // by directory: "std/gates"
  std::map<std::string, std::shared_ptr<const ParsedFile>> parsed_;            // by path
  std::map<CompileCache::Parsed::Key, std::shared_ptr<const ParsedFile>> used_;
  std::map<source::FileId, std::string> digests_;
  std::set<std::string> asked_;  // library directories
  std::size_t bytes_ = 0;
};

// Their numbers are the same in every compile, so that they are parsed once for a cache.
void Compiler::AddStdlib() {
  for (const StdlibFile& file : StdlibFiles()) {
    const source::FileId id = result_->sources.Add(std::string(file.path), std::string(file.text));
    libraries_[std::string(file.path.substr(0, file.path.rfind('/')))].push_back(id);
  }
}

bool Compiler::ReadTree() {
  Result<std::vector<source::Entry>> entries = tree_.List();
  if (!entries) {
    emitter()
        .Report(diagnostics::kUnreadableTree, {},
                fmt::format("the plan set cannot be read: {}", entries.error().message))
        .Emit();
    return false;
  }
  entries_ = *std::move(entries);
  for (const source::Entry& entry : entries_) {
    if (IsPlan(entry.path)) ++result_->plan_files;
    if (IsPlan(entry.path) || MayHidePlans(entry)) ReadFile(entry);
  }
  if (result_->plan_files == 0) {
    emitter().Report(diagnostics::kNoPlanFiles, {}, "there is no file `*.plan` in this directory or below it").Emit();
    return false;
  }
  return true;
}

void Compiler::ReadFile(const source::Entry& entry) {
  const source::FileId id{static_cast<std::uint32_t>(result_->sources.size())};
  const source::Span start{id, 0, 0};
  if (entry.kind != source::EntryKind::kFile) {
    result_->sources.Add(entry.path, "");
    const char* what = entry.kind == source::EntryKind::kSymlink     ? "a symbolic link"
                       : entry.kind == source::EntryKind::kSubmodule ? "a submodule"
                                                                     : "no regular file";
    emitter()
        .Report(diagnostics::kNotAFile, start, fmt::format("`{}` is {}, which is never followed", entry.path, what))
        .Note("put the plans themselves into the plan set's directory, or the link out of it")
        .Emit();
    return;
  }
  Result<std::string> text = tree_.Read(entry.path, syntax::kMaxFileBytes);
  if (!text) {
    result_->sources.Add(entry.path, "");
    const bool large = text.error().code == ErrorCode::kTooLarge;
    emitter()
        .Report(large ? diagnostics::kPlanTooLarge : diagnostics::kUnreadableTree, start,
                large ? fmt::format("the file is larger than {} KiB", syntax::kMaxFileBytes / 1024)
                      : fmt::format("the file cannot be read: {}", text.error().message))
        .Emit();
    return;
  }
  bytes_ += text->size();
  if (bytes_ > kMaxSourceBytes) {
    result_->sources.Add(entry.path, "");
    emitter()
        .Report(diagnostics::kPlanSetTooLarge, {},
                fmt::format("the plan files together are larger than {} MiB", kMaxSourceBytes / (1024 * 1024)))
        .Emit();
    return;
  }
  result_->sources.Add(entry.path, std::move(*text));
  plans_.push_back(id);
}

void Compiler::ParseOne(source::FileId file) {
  const source::SourceFile& source = result_->sources.file(file);
  CompileCache::Parsed::Key key{file, Sha256(source.text())};
  std::shared_ptr<const ParsedFile> parsed;
  if (auto cached = cache_.files.find(key); cached != cache_.files.end()) {
    parsed = cached->second;
  } else {
    diagnostics::Emitter own;
    auto fresh = std::make_shared<ParsedFile>();
    fresh->file = syntax::Parse(result_->sources, file, own);
    fresh->diagnostics = own.Sorted();
    parsed = std::move(fresh);
  }
  for (const diagnostics::Diagnostic& diagnostic : parsed->diagnostics) {
    emitter().Add(diagnostic);
  }
  parsed_.emplace(source.path(), parsed);
  digests_.emplace(file, key.digest);
  used_.emplace(std::move(key), parsed);
  ParseImports(parsed->file);
}

void Compiler::ParseImports(const syntax::PlanFile& file) {
  for (const syntax::Import& import : file.imports) {
    if (import.path.size() < 2 || import.path.front().text != "std") {
      continue;
    }
    std::string directory = "std";
    for (std::size_t i = 1; i < import.path.size(); ++i) {
      directory += "/" + import.path[i].text;
    }
    ParseLibrary(directory);
  }
}

void Compiler::ParseLibrary(const std::string& directory) {
  auto library = libraries_.find(directory);
  if (library == libraries_.end() || !asked_.insert(directory).second) {
    return;
  }
  for (source::FileId file : library->second) {
    ParseOne(file);
  }
}

void Compiler::ParseAll() {
  for (source::FileId file : plans_) {
    ParseOne(file);
  }
  // `default.…` is there without an import.
  ParseLibrary("std");
  // What this compile did not use, the next one hardly will.
  cache_.files = used_;
}

void Compiler::Build() {
  std::vector<check::ModuleFile> files;
  for (const auto& [path, parsed] : parsed_) {
    files.push_back({path, &parsed->file});
  }
  if (in_parts_ && !emitter().has_errors() && BuildInParts(files)) {
    return;
  }
  source::NamedFiles named(tree_, entries_, result_->sources);
  result_->plans =
      check::CheckPlanSet(files, result_->sources, named, emitter(), {.libraries = false, .images = options_.images});
  std::vector<graph::Graph> graphs = lower::Lower(result_->plans, result_->sources, emitter());
  lint::Lint(result_->plans, graphs, result_->sources, emitter());
  manifest::CheckPatches(result_->plans, emitter());
  if (!emitter().has_errors()) {
    result_->manifests = SharedList(manifest::Manifests(result_->plans, graphs, emitter()));
  }
  result_->graphs = SharedList(std::move(graphs));
  ApplySuppressions(result_->plans.suppressions, emitter());
}

std::shared_ptr<const Part> Compiler::PartOf(PartFiles files, const PartFiles& stdlib, CompileCache::Parsed& fresh) {
  std::vector<CompileCache::Parsed::Key> key;
  for (const check::ModuleFile& file : files) {
    // A file's path is part of what its number stands for: it tells the module.
    key.push_back({file.file->file, file.path + '\n' + digests_.at(file.file->file)});
  }
  std::shared_ptr<const Part> part;
  source::NamedFiles named(tree_, entries_, result_->sources);
  if (const auto cached = cache_.parts.find(key); cached != cache_.parts.end() && named.SameAs(cached->second->looks)) {
    part = cached->second;
  } else {
    files.insert(files.end(), stdlib.begin(), stdlib.end());
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    part = BuildPart(files, result_->sources, named);
  }
  if (part->lasts) {
    fresh.parts.emplace(std::move(key), part);
  }
  return part;
}

// False: the parts don't fit together, or one has a mistake; nothing is built.
bool Compiler::BuildInParts(const std::vector<check::ModuleFile>& files) {
  std::vector<PartFiles> split = SplitIntoParts(files);
  const bool in_stdlib = std::any_of(plans_.begin(), plans_.end(), [&](source::FileId file) {
    return result_->sources.file(file).path().rfind("std/", 0) == 0;
  });
  if (split.size() < 2 || in_stdlib) {
    return false;
  }
  PartFiles stdlib;
  std::copy_if(files.begin(), files.end(), std::back_inserter(stdlib),
               [](const check::ModuleFile& file) { return file.path.rfind("std/", 0) == 0; });
  CompileCache::Parsed fresh;
  std::vector<std::shared_ptr<const Part>> parts;
  for (PartFiles& part : split) {
    parts.push_back(PartOf(std::move(part), stdlib, fresh));
    if (parts.back()->emitter.has_errors()) {
      return false;
    }
  }
  cache_.parts = std::move(fresh.parts);
  if (!Fit(parts)) {
    return false;
  }
  result_->graphs = JoinGraphs(parts);
  result_->manifests = JoinManifests(parts);
  std::vector<check::Suppression> suppressions;
  for (const auto& part : parts) {
    suppressions.insert(suppressions.end(), part->plans.suppressions.begin(), part->plans.suppressions.end());
    for (diagnostics::Diagnostic& diagnostic : part->emitter.Sorted()) {
      emitter().Add(std::move(diagnostic));
    }
  }
  ApplySuppressions(suppressions, emitter());
  return true;
}

}  // namespace

std::unique_ptr<Compilation> Compile(const source::FileTree& tree, CompileCache* cache, const CompileOptions& options) {
  CompileCache own;
  // Parts are kept by their files, which say nothing of other images.
  const bool in_parts = cache != nullptr && options.images.empty();
  return Compiler(tree, *(cache == nullptr ? own : *cache).parsed_, in_parts, options).Run();
}

}  // namespace sluice
