#include "compiler/parts.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_set>
#include <variant>

#include "compiler/lint/lint.h"
#include "compiler/lower/lower.h"

namespace sluice {
namespace {

bool IsStdlib(std::string_view path) { return path.substr(0, 4) == "std/"; }

std::string DirectoryOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

std::string ModuleOf(const syntax::Import& import) {
  std::string path;
  for (const syntax::Name& name : import.path) {
    path += (path.empty() ? "" : "/") + name.text;
  }
  return path;
}

// Directories in sets that are united where one imports the other.
class Groups {
 public:
  std::size_t Of(const std::string& directory) {
    const auto [at, added] = numbers_.try_emplace(directory, parents_.size());
    if (added) {
      parents_.push_back(at->second);
    }
    return Root(at->second);
  }
  void Unite(const std::string& a, const std::string& b) {
    const std::size_t from = Of(a);
    parents_[from] = Of(b);
  }

 private:
  std::size_t Root(std::size_t number) {
    while (parents_[number] != number) {
      number = parents_[number] = parents_[parents_[number]];
    }
    return number;
  }

  std::map<std::string, std::size_t> numbers_;
  std::vector<std::size_t> parents_;
};

// `default metrics = …` of any module is meant wherever a library is used.
bool ReachesAll(const check::ModuleFile& file) {
  const auto& declarations = file.file->declarations;
  return std::any_of(declarations.begin(), declarations.end(), [](const syntax::Declaration& declaration) {
    return std::holds_alternative<syntax::DefaultDeclaration>(declaration.declaration);
  });
}

using ObjectName = std::tuple<std::string_view, std::string_view, std::string_view>;

ObjectName NameOf(const manifest::Manifest& manifest) { return {manifest.namespace_, manifest.kind, manifest.name}; }

// Adds the names of one part's services and rollouts; false if one was there.
bool Claim(const check::CheckedPlanSet& plans, std::unordered_set<std::string>& taken) {
  const auto claim = [&](const char* kind, const std::string& space, const std::string& name) {
    return taken.insert(std::string(kind) + space + "/" + name).second;
  };
  for (const auto& service : plans.services) {
    if (!claim("s/", service->namespace_, service->name)) {
      return false;
    }
  }
  for (const auto& rollout : plans.rollouts) {
    if (rollout->service != nullptr && !claim("r/", rollout->service->namespace_, rollout->name)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::vector<PartFiles> SplitIntoParts(const std::vector<check::ModuleFile>& files) {
  Groups groups;
  for (const check::ModuleFile& file : files) {
    for (const syntax::Import& import : file.file->imports) {
      const bool std = !import.path.empty() && import.path.front().text == "std";
      if (!std && !IsStdlib(file.path)) {
        groups.Unite(DirectoryOf(file.path), ModuleOf(import));
      }
    }
  }
  const bool one = std::any_of(files.begin(), files.end(),
                               [](const check::ModuleFile& file) { return !IsStdlib(file.path) && ReachesAll(file); });
  std::map<std::size_t, std::size_t> place;  // of a group, in the order of its first file
  std::vector<PartFiles> parts;
  for (const check::ModuleFile& file : files) {
    if (IsStdlib(file.path)) {
      continue;
    }
    const auto [at, added] = place.try_emplace(one ? 0 : groups.Of(DirectoryOf(file.path)), parts.size());
    if (added) {
      parts.emplace_back();
    }
    parts[at->second].push_back(file);
  }
  return parts;
}

std::shared_ptr<const Part> BuildPart(const PartFiles& files, const source::SourceSet& sources,
                                      source::NamedFiles named) {
  auto part = std::make_shared<Part>();
  part->plans = check::CheckPlanSet(files, sources, named, part->emitter);
  part->looks = named.looks();
  part->lasts = !named.has_sources();
  part->graphs = lower::Lower(part->plans, sources, part->emitter);
  lint::Lint(part->plans, part->graphs, sources, part->emitter);
  manifest::CheckPatches(part->plans, part->emitter);
  if (!part->emitter.has_errors()) {
    part->manifests = manifest::Manifests(part->plans, part->graphs, part->emitter);
  }
  for (const manifest::Manifest& manifest : part->manifests) {
    part->bytes += manifest::ToYaml(manifest.object).size();
  }
  return part;
}

bool Fit(const std::vector<std::shared_ptr<const Part>>& parts) {
  std::unordered_set<std::string> taken;
  std::vector<ObjectName> objects;
  std::size_t bytes = 0;
  for (const auto& part : parts) {
    bytes += part->bytes;
    if (part->emitter.has_errors() || !Claim(part->plans, taken)) {
      return false;
    }
    for (const manifest::Manifest& manifest : part->manifests) {
      objects.push_back(NameOf(manifest));
    }
  }
  // Of one kind's name in two groups only the whole knows that they differ.
  std::sort(objects.begin(), objects.end());
  const bool unique = std::adjacent_find(objects.begin(), objects.end()) == objects.end();
  // The whole counts bytes in its own way.
  return unique && objects.size() <= manifest::kMaxObjects && bytes <= manifest::kMaxOutputBytes / 2;
}

SharedList<graph::Graph> JoinGraphs(const std::vector<std::shared_ptr<const Part>>& parts) {
  std::vector<std::shared_ptr<const graph::Graph>> all;
  for (const auto& part : parts) {
    for (const graph::Graph& graph : part->graphs) {
      all.emplace_back(part, &graph);
    }
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::tie(a->rollout, a->rollout_namespace) < std::tie(b->rollout, b->rollout_namespace);
  });
  return SharedList(std::move(all));
}

SharedList<manifest::Manifest> JoinManifests(const std::vector<std::shared_ptr<const Part>>& parts) {
  std::vector<std::shared_ptr<const manifest::Manifest>> all;
  for (const auto& part : parts) {
    for (const manifest::Manifest& manifest : part->manifests) {
      all.emplace_back(part, &manifest);
    }
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return NameOf(*a) < NameOf(*b); });
  return SharedList(std::move(all));
}

}  // namespace sluice
