// Owners of libgit2's objects, and its errors as ours.
#pragma once

#include <memory>
#include <string>

#include <git2.h>

#include "compiler/base/result.h"

namespace sluice::git {

// Where our copy of a repository says which commit was verified last.
inline constexpr const char* kCurrentRef = "refs/sluice/current";

// Readies libgit2, once for the life of the process: with each shutdown it loses what its threads keep of errors.
void StartLibrary();

template <typename T, void (*free_function)(T*)>
struct Freed {
  void operator()(T* object) const { free_function(object); }
};
template <typename T, void (*free_function)(T*)>
using Owned = std::unique_ptr<T, Freed<T, free_function>>;

using RepositoryHandle = Owned<git_repository, git_repository_free>;
using RemoteHandle = Owned<git_remote, git_remote_free>;
using ObjectHandle = Owned<git_object, git_object_free>;
using CommitHandle = Owned<git_commit, git_commit_free>;
using TreeHandle = Owned<git_tree, git_tree_free>;
using TreeEntryHandle = Owned<git_tree_entry, git_tree_entry_free>;
using BlobHandle = Owned<git_blob, git_blob_free>;
using OdbHandle = Owned<git_odb, git_odb_free>;
using ReferenceHandle = Owned<git_reference, git_reference_free>;

std::string ToHex(const git_oid& id);

// libgit2's last error on this thread. `status` is what the call gave.
Error LastError(int status);

// Opens a bare repository of ours.
Result<RepositoryHandle> OpenRepository(const std::string& directory);

// The tree at `path` ("" for the root) of a commit. kNotFound with a message that names both.
Result<TreeHandle> FindTree(git_repository* repository, const std::string& commit, const std::string& path);

}  // namespace sluice::git
