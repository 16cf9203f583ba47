#include "reconciler/git/git_tree.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "reconciler/git/handles.h"

namespace sluice::git {
namespace {

using source::Entry;
using source::EntryKind;

// More than any plan set has; a tree with more is refused instead of read for minutes.
constexpr std::size_t kMaxEntries = 200'000;
constexpr int kMaxDepth = 64;

EntryKind KindOf(const git_tree_entry* entry) {
  switch (git_tree_entry_filemode(entry)) {
    case GIT_FILEMODE_BLOB:
    case GIT_FILEMODE_BLOB_EXECUTABLE:
      return EntryKind::kFile;
    case GIT_FILEMODE_LINK:
      return EntryKind::kSymlink;
    case GIT_FILEMODE_COMMIT:
      return EntryKind::kSubmodule;
    default:
      return EntryKind::kOther;
  }
}

class GitTree : public source::FileTree {
 public:
  GitTree(RepositoryHandle repository, TreeHandle root) : repository_(std::move(repository)), root_(std::move(root)) {}

  Result<std::vector<Entry>> List() const override {
    std::vector<Entry> entries;
    if (auto listed = ListInto(root_.get(), "", 0, entries); !listed) return listed.error();
    // Git sorts directories as if their names ended in '/', the interface promises the order of paths.
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.path < b.path; });
    return entries;
  }

  Result<std::string> Read(const std::string& path, std::size_t limit) const override {
    git_tree_entry* entry = nullptr;
    const int found = git_tree_entry_bypath(&entry, root_.get(), path.c_str());
    const TreeEntryHandle owned(entry);
    if (found != 0) return LastError(found).Within(path);
    if (KindOf(entry) != EntryKind::kFile) return Error{ErrorCode::kNotFound, path + ": not a file"};

    // The size comes from the object's header: a blob over the limit is never inflated.
    git_odb* odb = nullptr;
    if (const int status = git_repository_odb(&odb, repository_.get()); status != 0) return LastError(status);
    const OdbHandle owned_odb(odb);
    std::size_t size = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    int status = git_odb_read_header(&size, &type, odb, git_tree_entry_id(entry));
    if (status != 0) return LastError(status).Within(path);
    if (size > limit) {
      return Error{ErrorCode::kTooLarge, fmt::format("{}: {} bytes, at most {} are read", path, size, limit)};
    }
    git_blob* blob = nullptr;
    status = git_blob_lookup(&blob, repository_.get(), git_tree_entry_id(entry));
    if (status != 0) return LastError(status).Within(path);
    const BlobHandle owned_blob(blob);
    return std::string(static_cast<const char*>(git_blob_rawcontent(blob)),
                       static_cast<std::size_t>(git_blob_rawsize(blob)));
  }

 private:
  Result<void> ListInto(const git_tree* tree, const std::string& prefix, int depth, std::vector<Entry>& out) const {
    if (depth > kMaxDepth) return Error{ErrorCode::kTooLarge, prefix + ": directories are nested too deep"};
    const std::size_t count = git_tree_entrycount(tree);
    for (std::size_t i = 0; i < count; ++i) {
      const git_tree_entry* entry = git_tree_entry_byindex(tree, i);
      const std::string path = prefix + git_tree_entry_name(entry);
      if (git_tree_entry_type(entry) == GIT_OBJECT_TREE) {
        git_tree* subtree = nullptr;
        const int status = git_tree_lookup(&subtree, repository_.get(), git_tree_entry_id(entry));
        if (status != 0) return LastError(status).Within(path);
        const TreeHandle owned(subtree);
        if (auto listed = ListInto(subtree, path + "/", depth + 1, out); !listed) return listed;
        continue;
      }
      if (out.size() >= kMaxEntries) return Error{ErrorCode::kTooLarge, "the tree has too many files"};
      out.push_back(Entry{path, KindOf(entry), ToHex(*git_tree_entry_id(entry))});
    }
    return {};
  }

  RepositoryHandle repository_;
  TreeHandle root_;
};

}  // namespace

Result<std::shared_ptr<const source::FileTree>> OpenGitTree(const std::string& directory, const std::string& commit,
                                                            const std::string& path) {
  StartLibrary();
  auto repository = OpenRepository(directory);
  if (!repository) return std::move(repository).error();
  auto tree = FindTree(repository->get(), commit, path);
  if (!tree) return std::move(tree).error();
  return std::shared_ptr<const source::FileTree>(
      std::make_shared<GitTree>(std::move(repository).value(), std::move(tree).value()));
}

}  // namespace sluice::git
