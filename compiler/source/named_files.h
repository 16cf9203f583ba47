// Files that plans name beside the plans themselves: `config "PATH" from "FILES"`, `service … from "FILES"`.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/source/file_tree.h"
#include "compiler/source/source_set.h"

namespace sluice::source {

// Finds them in a tree, and remembers what was looked for: what a compile came to holds for as long as all of that is
// as it was. Tree and entries must outlive it.
class NamedFiles {
 public:
  NamedFiles(const FileTree& tree, const std::vector<Entry>& entries, SourceSet& sources)
      : tree_(tree), entries_(entries), sources_(sources) {}

  // What fits the pattern, sorted by path. `*` stands for any characters of one name in the path, `?` for one; a name
  // that begins with a dot is fitted only by a pattern that has it.
  std::vector<Entry> Matching(const std::string& pattern);
  // The bytes of a kFile entry. kNotFound; kTooLarge over `limit` bytes.
  Result<std::string> Read(const std::string& path, std::size_t limit) const { return tree_.Read(path, limit); }

  // The same as one of the sources, so that spans may lie in it; added once.
  Result<FileId> ReadSource(const std::string& path, std::size_t limit);
  // Whether there is one. Its number is this compile's own: what holds spans of it means nothing in another.
  bool has_sources() const { return !read_.empty(); }

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
  SourceSet& sources_;
  std::map<std::string, FileId> read_;  // by path
  std::vector<Look> looks_;
};

}  // namespace sluice::source
