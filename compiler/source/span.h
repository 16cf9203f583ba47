// A place in the sources: a range of bytes in one file.
#pragma once

#include <cstdint>

namespace sluice::source {

// Index into a SourceSet.
enum class FileId : std::uint32_t { kNone = 0xffffffff };

// Bytes [begin, end) of a file. Line and column are computed only when something is printed.
struct Span {
  FileId file = FileId::kNone;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  bool known() const { return file != FileId::kNone; }
  friend bool operator==(const Span&, const Span&) = default;
};

// From the first byte of `first` to the last of `last`, which stand in the same file.
inline Span Cover(Span first, Span last) { return Span{first.file, first.begin, last.end}; }

}  // namespace sluice::source
