#include "reconciler/git/handles.h"

#include <mutex>

#include <fmt/format.h>

namespace sluice::git {

void StartLibrary() {
  static std::once_flag once;
  std::call_once(once, [] {
    git_libgit2_init();
    // What somebody's ~/.gitconfig or the machine's says is not part of a plan source; one that can't be read would
    // fail every fetch.
    for (const int level :
         {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL}) {
      git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
    }
    // Nor who owns the directory: nothing in it is ever executed, and in a pod others have filled the volume.
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
    // A bounded memory for objects: plan sets are small and every blob is read once.
    git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, static_cast<ssize_t>(16 * 1024 * 1024));
  });
}

std::string ToHex(const git_oid& id) {
  char text[GIT_OID_HEXSZ + 1];
  git_oid_tostr(text, sizeof text, &id);
  return text;
}

Error LastError(int status) {
  const git_error* last = git_error_last();
  std::string message = last != nullptr && last->message != nullptr ? last->message : "unknown error of libgit2";
  switch (status) {
    case GIT_ENOTFOUND:
      return Error{ErrorCode::kNotFound, std::move(message)};
    case GIT_EAUTH:
    case GIT_ECERTIFICATE:
      return Error{ErrorCode::kUnauthorized, std::move(message)};
    case GIT_EOWNER:
      return Error{ErrorCode::kForbidden, std::move(message)};
    case GIT_EUSER:
      return Error{ErrorCode::kCancelled, std::move(message)};
    default:
      return Error{ErrorCode::kUnavailable, std::move(message)};
  }
}

Result<RepositoryHandle> OpenRepository(const std::string& directory) {
  git_repository* repository = nullptr;
  const int status = git_repository_open_bare(&repository, directory.c_str());
  if (status != 0) return LastError(status).Within("object database");
  return RepositoryHandle(repository);
}

Result<TreeHandle> FindTree(git_repository* repository, const std::string& commit, const std::string& path) {
  git_oid id;
  if (git_oid_fromstr(&id, commit.c_str()) != 0) {
    return Error{ErrorCode::kInvalid, fmt::format("`{}` is no commit id", commit)};
  }
  git_commit* found = nullptr;
  int status = git_commit_lookup(&found, repository, &id);
  if (status != 0) return LastError(status);
  const CommitHandle owned(found);
  git_tree* root = nullptr;
  status = git_commit_tree(&root, found);
  if (status != 0) return LastError(status);
  TreeHandle tree(root);
  if (path.empty() || path == ".") return tree;

  git_tree_entry* entry = nullptr;
  status = git_tree_entry_bypath(&entry, root, path.c_str());
  const TreeEntryHandle owned_entry(entry);
  if (status == GIT_ENOTFOUND || (status == 0 && git_tree_entry_type(entry) != GIT_OBJECT_TREE)) {
    return Error{ErrorCode::kNotFound, fmt::format("commit {} has no directory `{}`", commit.substr(0, 8), path)};
  }
  if (status != 0) return LastError(status);
  git_tree* subtree = nullptr;
  status = git_tree_lookup(&subtree, repository, git_tree_entry_id(entry));
  if (status != 0) return LastError(status);
  return TreeHandle(subtree);
}

}  // namespace sluice::git
