// Where the bytes of a plan set come from: a directory, a git tree, or memory.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "compiler/base/result.h"

namespace sluice::source {

// What stands at a path. Only kFile can be read; the others are named so that a diagnostic can say why.
enum class EntryKind { kFile, kSymlink, kSubmodule, kOther };

struct Entry {
  std::string path;  // relative to the root, '/'-separated
  EntryKind kind = EntryKind::kFile;
  std::string content_id;  // equal ids mean equal bytes (a git blob id, or the SHA-256); "" if not known
};

// A plan set's tree at one moment.
class FileTree {
 public:
  virtual ~FileTree() = default;

  // Every entry below the root, sorted by path; directories themselves are not listed. ".git" is left out.
  virtual Result<std::vector<Entry>> List() const = 0;
  // The bytes of a kFile entry. kNotFound; kTooLarge over `limit` bytes.
  virtual Result<std::string> Read(const std::string& path, std::size_t limit) const = 0;
};

// A directory on disk. Symlinks and submodules are reported, never followed: it lists what git would.
class DiskTree : public FileTree {
 public:
  explicit DiskTree(std::string root) : root_(std::move(root)) {}
  Result<std::vector<Entry>> List() const override;
  Result<std::string> Read(const std::string& path, std::size_t limit) const override;

 private:
  std::string root_;
};

// Files by path, for tests and for the stdlib inside the binary.
class MemoryTree : public FileTree {
 public:
  explicit MemoryTree(std::map<std::string, std::string> files) : files_(std::move(files)) {}
  Result<std::vector<Entry>> List() const override;
  Result<std::string> Read(const std::string& path, std::size_t limit) const override;

 private:
  std::map<std::string, std::string> files_;
};

}  // namespace sluice::source
