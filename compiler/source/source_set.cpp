#include "compiler/source/source_set.h"

#include <algorithm>

namespace sluice::source {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

SourceFile::SourceFile(std::string path, std::string text) : path_(std::move(path)), text_(std::move(text)) {}

const std::vector<std::uint32_t>& SourceFile::LineStarts() const {
  if (line_starts_.empty()) {
    line_starts_.push_back(0);
    for (std::size_t at = text_.find('\n'); at != std::string::npos; at = text_.find('\n', at + 1)) {
      line_starts_.push_back(static_cast<std::uint32_t>(at + 1));
    }
  }
  return line_starts_;
}

Position SourceFile::PositionAt(std::uint32_t offset) const {
  offset = std::min(offset, static_cast<std::uint32_t>(text_.size()));
  const std::vector<std::uint32_t>& starts = LineStarts();
  const auto after = std::upper_bound(starts.begin(), starts.end(), offset);
  const auto line = static_cast<std::uint32_t>(after - starts.begin());
  std::uint32_t start = *(after - 1);
  if (start == 0 && text_.starts_with(kByteOrderMark) && offset >= kByteOrderMark.size()) {
    start = static_cast<std::uint32_t>(kByteOrderMark.size());
  }
  const auto code_points = std::count_if(text_.begin() + start, text_.begin() + std::max(start, offset),
                                         [](char c) { return !IsContinuation(c); });
  return Position{line, static_cast<std::uint32_t>(code_points) + 1};
}

std::string_view SourceFile::Line(std::uint32_t line) const {
  const std::vector<std::uint32_t>& starts = LineStarts();
  if (line == 0 || line > starts.size()) {
    return {};
  }
  const std::size_t begin = starts[line - 1];
  const std::size_t end = line < starts.size() ? starts[line] - 1 : text_.size();
  std::string_view text = std::string_view(text_).substr(begin, end - begin);
  if (text.ends_with('\r')) {
    text.remove_suffix(1);
  }
  if (line == 1 && text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  return text;
}

std::uint32_t SourceFile::line_count() const { return static_cast<std::uint32_t>(LineStarts().size()); }

FileId SourceSet::Add(std::string path, std::string text) {
  files_.emplace_back(std::move(path), std::move(text));
  return static_cast<FileId>(files_.size() - 1);
}

std::string_view SourceSet::Text(Span span) const {
  return span.known() ? file(span.file).text().substr(span.begin, span.end - span.begin) : std::string_view();
}

Position SourceSet::Begin(Span span) const {
  return span.known() ? file(span.file).PositionAt(span.begin) : Position();
}

Position SourceSet::End(Span span) const { return span.known() ? file(span.file).PositionAt(span.end) : Position(); }

}  // namespace sluice::source
