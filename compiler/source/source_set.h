// The texts of one compile, and how a span becomes a file, a line and a column.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/source/span.h"

namespace sluice::source {

// 1-based; the column counts code points. A CRLF is one line end; a BOM has no width.
struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

// One file: its path relative to the plan set's root (stdlib files: "std/gates/latency.plan") and its bytes.
class SourceFile {
 public:
  SourceFile(std::string path, std::string text);

  const std::string& path() const { return path_; }
  std::string_view text() const { return text_; }
  Position PositionAt(std::uint32_t offset) const;
  // The line's text without its line end. `line` is 1-based.
  std::string_view Line(std::uint32_t line) const;
  std::uint32_t line_count() const;

 private:
  const std::vector<std::uint32_t>& LineStarts() const;

  std::string path_;
  std::string text_;
  mutable std::vector<std::uint32_t> line_starts_;  // built at the first question
};

// Files in the order in which they were added. References stay valid while the set lives. Not shared
// between threads.
class SourceSet {
 public:
  FileId Add(std::string path, std::string text);
  const SourceFile& file(FileId id) const { return files_[static_cast<std::size_t>(id)]; }
  std::size_t size() const { return files_.size(); }

  std::string_view Text(Span span) const;
  Position Begin(Span span) const;
  Position End(Span span) const;

 private:
  std::deque<SourceFile> files_;
};

}  // namespace sluice::source
