#include "compiler/source/file_tree.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace sluice::source {
namespace {

namespace fs = std::filesystem;

EntryKind KindOf(const fs::directory_entry& entry) {
  std::error_code error;
  if (entry.is_symlink(error)) {
    return EntryKind::kSymlink;
  }
  return entry.is_regular_file(error) ? EntryKind::kFile : EntryKind::kOther;
}

Error TooLarge(const std::string& path, std::size_t limit) {
  return Error{ErrorCode::kTooLarge, path + " has more than " + std::to_string(limit) + " bytes"};
}

}  // namespace

Result<std::vector<Entry>> DiskTree::List() const {
  std::error_code error;
  if (!fs::is_directory(root_, error)) {
    const bool exists = fs::exists(root_, error);
    return Error{ErrorCode::kNotFound, root_ + (exists ? " is not a directory" : " does not exist")};
  }
  std::vector<Entry> entries;
  auto iterator = fs::recursive_directory_iterator(root_, error);
  for (; !error && iterator != fs::recursive_directory_iterator(); iterator.increment(error)) {
    const bool link = iterator->is_symlink(error);
    const std::string path = iterator->path().lexically_relative(root_).generic_string();
    if (!link && iterator->is_directory(error)) {
      // A repository in the repository: git keeps no more of it than its name.
      const bool submodule = fs::exists(iterator->path() / ".git", error);
      if (submodule) entries.push_back(Entry{path, EntryKind::kSubmodule, ""});
      if (submodule || iterator->path().filename() == ".git") iterator.disable_recursion_pending();
      continue;
    }
    entries.push_back(Entry{path, KindOf(*iterator), ""});
  }
  if (error) {
    return Error{ErrorCode::kUnavailable, "cannot read " + root_ + ": " + error.message()};
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.path < b.path; });
  return entries;
}

Result<std::string> DiskTree::Read(const std::string& path, std::size_t limit) const {
  std::ifstream file(fs::path(root_) / path, std::ios::binary);
  if (!file) {
    return Error{ErrorCode::kNotFound, "cannot read " + path};
  }
  // In blocks: texts stay for the whole compile, and most are far smaller than the limit.
  std::string text;
  std::array<char, 8 * 1024> block{};
  do {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    text.append(block.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > limit) {
      return TooLarge(path, limit);
    }
  } while (file);
  return text;
}

Result<std::vector<Entry>> MemoryTree::List() const {
  std::vector<Entry> entries;
  for (const auto& [path, text] : files_) {
    entries.push_back(Entry{path, EntryKind::kFile, ""});
  }
  return entries;
}

Result<std::string> MemoryTree::Read(const std::string& path, std::size_t limit) const {
  const auto found = files_.find(path);
  if (found == files_.end()) {
    return Error{ErrorCode::kNotFound, "cannot read " + path};
  }
  if (found->second.size() > limit) {
    return TooLarge(path, limit);
  }
  return found->second;
}

}  // namespace sluice::source
