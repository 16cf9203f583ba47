// Repositories on disk for tests, made with libgit2: no process, no identity of the machine, fixed times.
#pragma once

#include <map>
#include <string>

#include <git2.h>

namespace sluice::git {

// A directory that is gone with its owner.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A bare repository whose commits are written object by object.
class TestRepository {
 public:
  explicit TestRepository(const std::string& directory);
  ~TestRepository();
  TestRepository(const TestRepository&) = delete;
  TestRepository& operator=(const TestRepository&) = delete;

  // Commits exactly `files` (by path) on `branch`, on top of `parent` ("" for none); the commit's id.
  std::string Commit(const std::string& branch, const std::map<std::string, std::string>& files,
                     const std::string& parent);
  void Tag(const std::string& name, const std::string& commit, bool annotated);
  void DeleteBranch(const std::string& branch);
  // What the next commit contains beside files.
  void AddSymlink(const std::string& path, const std::string& target) { symlinks_[path] = target; }
  void AddSubmodule(const std::string& path, const std::string& commit) { submodules_[path] = commit; }

 private:
  git_repository* repository_ = nullptr;
  std::map<std::string, std::string> symlinks_, submodules_;
  int commits_ = 0;
};

}  // namespace sluice::git
