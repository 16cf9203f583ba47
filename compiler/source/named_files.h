// Files that plans name beside the plans themselves: `config "PATH" from "FILES"`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/source/file_tree.h"

namespace sluice::source {

// Finds them in a tree, and remembers what was looked for: what a compile came to holds for as long as all of that is
// as it was. Tree and entries must outlive it.
class NamedFiles {
 public:
  NamedFiles(const FileTree& tree, const std::vector<Entry>& entries) : tree_(tree), entries_(entries) {}

  // What fits the pattern, sorted by path. `*` stands for any characters of one name in the path, `?` for one; a name
  // that begins with a dot is fitted only by a pattern that has it.
  std::vector<Entry> Matching(const std::string& pattern);
  // The bytes of a kFile entry. kNotFound; kTooLarge over `limit` bytes.
  Result<std::string> Read(const std::string& path, std::size_t limit) const { return tree_.Read(path, limit); }

  // A pattern that was looked for, and a hash of the files that it found, with their content.
  struct Look {
    std::string pattern;
    std::string digest;
  };
  const std::vector<Look>& looks() const { return looks_; }
  // Whether each of these would find the same.
  bool SameAs(const std::vector<Look>& looks) const;

 private:
  std::string DigestOf(const std::vector<Entry>& found) const;
  std::vector<Entry> Find(std::string_view pattern) const;

  const FileTree& tree_;
  const std::vector<Entry>& entries_;
  std::vector<Look> looks_;
};

}  // namespace sluice::source
