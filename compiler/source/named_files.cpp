#include "compiler/source/named_files.h"

#include <algorithm>
#include <iterator>

#include "compiler/base/hash.h"
#include "compiler/base/text.h"

namespace sluice::source {
namespace {

// More than that fits no ConfigMap, and what has a mistake isn't kept.
constexpr std::size_t kMaxHashed = 2 * 1024 * 1024;

bool NameFits(std::string_view name, std::string_view pattern) {
  const bool hidden = !name.empty() && name.front() == '.';
  return (!hidden || pattern.substr(0, 1) == ".") && FitsPattern(name, pattern);
}

// The text before the next slash, which is taken off.
std::string_view NextName(std::string_view& path) {
  const std::size_t slash = path.find('/');
  const std::string_view name = path.substr(0, slash);
  path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  return name;
}

bool PathFits(std::string_view path, std::string_view pattern) {
  while (!path.empty() && !pattern.empty()) {
    if (!NameFits(NextName(path), NextName(pattern))) {
      return false;
    }
  }
  return path.empty() && pattern.empty();
}

}  // namespace

std::vector<Entry> NamedFiles::Find(std::string_view pattern) const {
  std::vector<Entry> found;
  std::copy_if(entries_.begin(), entries_.end(), std::back_inserter(found),
               [&](const Entry& entry) { return PathFits(entry.path, pattern); });
  return found;
}

std::vector<Entry> NamedFiles::Matching(const std::string& pattern) {
  std::vector<Entry> found = Find(pattern);
  looks_.push_back({pattern, DigestOf(found)});
  return found;
}

Result<FileId> NamedFiles::ReadSource(const std::string& path, std::size_t limit) {
  if (const auto found = read_.find(path); found != read_.end()) {
    return found->second;
  }
  Result<std::string> text = Read(path, limit);
  if (!text) {
    return text.error();
  }
  return read_.emplace(path, sources_.Add(path, *std::move(text))).first->second;
}

std::string NamedFiles::DigestOf(const std::vector<Entry>& found) const {
  std::string text;
  std::size_t left = kMaxHashed;
  for (const Entry& entry : found) {
    std::string content = entry.content_id;
    if (content.empty() && entry.kind == EntryKind::kFile) {
      const Result<std::string> bytes = tree_.Read(entry.path, left);
      content = bytes ? Sha256(*bytes) : bytes.error().message;
      left -= bytes ? bytes->size() : left;
    }
    text += entry.path + '\n' + std::to_string(static_cast<int>(entry.kind)) + content + '\n';
  }
  return Sha256(text);
}

bool NamedFiles::SameAs(const std::vector<Look>& looks) const {
  return std::all_of(looks.begin(), looks.end(),
                     [&](const Look& look) { return DigestOf(Find(look.pattern)) == look.digest; });
}

}  // namespace sluice::source
