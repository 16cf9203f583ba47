#include "compiler/diagnostics/render.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace sluice::diagnostics {
namespace {

using source::Position;
using source::SourceFile;
using source::SourceSet;
using source::Span;

const char* LevelName(Level level) {
  switch (level) {
    case Level::kError:
      return "error";
    case Level::kWarning:
      return "warning";
    case Level::kNote:
      return "note";
  }
  return "error";
}

// The stdlib's files stand in the binary, not below what the user named.
std::string ShownPath(const std::string& path, const std::string& prefix) {
  return path.starts_with("std/") ? path : prefix + path;
}

struct Colours {
  const char* level = "";
  const char* bold = "";
  const char* gutter = "";
  const char* label = "";
  const char* help = "";
  const char* reset = "";
};

Colours ColoursOf(Level level, bool colour) {
  if (!colour) {
    return {};
  }
  const char* level_colour = level == Level::kError     ? "\033[1;31m"
                             : level == Level::kWarning ? "\033[1;33m"
                                                        : "\033[1;36m";
  return {level_colour, "\033[1m", "\033[1;34m", "\033[1;34m", "\033[1;32m", "\033[0m"};
}

// A marked range of one line of a window.
struct Mark {
  std::uint32_t column = 1;  // 1-based, in code points
  std::uint32_t width = 1;
  std::string text;
  bool primary = false;
};

constexpr std::uint32_t kTabWidth = 4;

std::size_t CodePoints(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// The line with tabs as spaces, and the display column of each of its code points.
struct DisplayLine {
  std::string text;
  std::vector<std::uint32_t> columns;  // of code point i (0-based); one more at the end
};

DisplayLine Display(std::string_view line) {
  DisplayLine display;
  std::uint32_t column = 0;
  for (const char c : line) {
    const bool continuation = (static_cast<unsigned char>(c) & 0xc0) == 0x80;
    if (!continuation) {
      display.columns.push_back(column);
    }
    if (c == '\t') {
      display.text.append(kTabWidth, ' ');
      column += kTabWidth;
    } else {
      display.text += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
      column += continuation ? 0 : 1;
    }
  }
  display.columns.push_back(column);
  return display;
}

std::uint32_t DisplayColumn(const DisplayLine& line, std::uint32_t column) {
  const std::size_t index = std::min<std::size_t>(column - 1, line.columns.size() - 1);
  return line.columns[index];
}

class TextRenderer {
 public:
  TextRenderer(const SourceSet& sources, bool colour, const std::string& prefix)
      : sources_(sources), colour_(colour), prefix_(prefix) {}

  std::string Render(const Diagnostic& diagnostic) {
    colours_ = ColoursOf(diagnostic.level, colour_);
    std::string out =
        fmt::format("{}{}[{}]{}{}: {}{}\n", colours_.level, LevelName(diagnostic.level), diagnostic.kind->code,
                    colours_.reset, colours_.bold, diagnostic.message, colours_.reset);
    out += Windows(diagnostic);
    const std::string margin(gutter_, ' ');
    for (const std::string& note : diagnostic.notes) {
      out += fmt::format("{} {}={} note: {}\n", margin, colours_.gutter, colours_.reset, note);
    }
    for (const Fix& fix : diagnostic.fixes) {
      out += RenderFix(fix);
    }
    return out + "\n";
  }

 private:
  using Lines = std::map<std::uint32_t, std::vector<Mark>>;

  void AddMark(std::map<source::FileId, Lines>& files, Span span, const std::string& text, bool primary) const {
    if (!span.known()) {
      return;
    }
    const Position begin = sources_.Begin(span);
    const Position end = sources_.End(span);
    const std::string_view line = sources_.file(span.file).Line(begin.line);
    const std::uint32_t line_end = static_cast<std::uint32_t>(CodePoints(line)) + 1;
    const std::uint32_t last = end.line == begin.line ? end.column : line_end;
    files[span.file][begin.line].push_back(
        Mark{begin.column, last > begin.column ? last - begin.column : 1, text, primary});
  }

  std::string Windows(const Diagnostic& diagnostic) {
    std::map<source::FileId, Lines> files;
    AddMark(files, diagnostic.span, diagnostic.span_text, true);
    for (const Label& label : diagnostic.labels) {
      AddMark(files, label.span, label.text, false);
    }
    std::uint32_t last_line = 1;
    for (const auto& [file, lines] : files) {
      last_line = std::max(last_line, lines.rbegin()->first);
    }
    gutter_ = std::to_string(last_line).size();
    std::string out;
    if (diagnostic.span.known()) {
      out += Window(diagnostic.span.file, files[diagnostic.span.file], sources_.Begin(diagnostic.span), "-->");
    }
    for (const auto& [file, lines] : files) {
      if (file != diagnostic.span.file) {
        out += Window(file, lines, Position{lines.begin()->first, lines.begin()->second.front().column}, ":::");
      }
    }
    return out;
  }

  std::string Window(source::FileId id, const Lines& lines, Position at, const char* arrow) const {
    const SourceFile& file = sources_.file(id);
    const std::string margin(gutter_, ' ');
    std::string out = fmt::format("{}{}{}{} {}:{}:{}\n", margin, colours_.gutter, arrow, colours_.reset,
                                  ShownPath(file.path(), prefix_), at.line, at.column);
    if (file.text().empty()) {
      return out;  // a link or a submodule has no line to show
    }
    out += fmt::format("{} {}|{}\n", margin, colours_.gutter, colours_.reset);
    std::uint32_t previous = 0;
    for (const auto& [number, marks] : lines) {
      if (previous != 0 && number > previous + 1) {
        out += number == previous + 2 ? SourceLine(file, previous + 1)
                                      : fmt::format("{}...{}\n", colours_.gutter, colours_.reset);
      }
      out += SourceLine(file, number);
      out += Marks(Display(file.Line(number)), marks);
      previous = number;
    }
    return out;
  }

  std::string SourceLine(const SourceFile& file, std::uint32_t number) const {
    return fmt::format("{}{:>{}} |{} {}\n", colours_.gutter, number, gutter_, colours_.reset,
                       Display(file.Line(number)).text);
  }

  // One line of carets for each mark, the rightmost first, so that no text covers another.
  std::string Marks(const DisplayLine& line, std::vector<Mark> marks) const {
    std::stable_sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) { return a.column > b.column; });
    std::string out;
    for (const Mark& mark : marks) {
      const std::uint32_t begin = DisplayColumn(line, mark.column);
      const std::uint32_t end = DisplayColumn(line, mark.column + mark.width);
      const std::string carets(std::max<std::uint32_t>(1, end - std::min(begin, end)), mark.primary ? '^' : '-');
      out += fmt::format("{} {}|{} {}{}{}{}{}{}\n", std::string(gutter_, ' '), colours_.gutter, colours_.reset,
                         std::string(begin, ' '), mark.primary ? colours_.level : colours_.label, carets,
                         mark.text.empty() ? "" : " ", mark.text, colours_.reset);
    }
    return out;
  }

  // The change as it would read; lines that go as they are, behind a minus.
  std::string RenderFix(const Fix& fix) const {
    std::string out = fmt::format("{}help{}: {}\n", colours_.help, colours_.reset, fix.title);
    if (fix.edits.size() != 1 || !fix.edits[0].first.known()) {
      return out;
    }
    const auto& [span, replacement] = fix.edits[0];
    const Position begin = sources_.Begin(span);
    const SourceFile& file = sources_.file(span.file);
    if (replacement.empty() && begin.column == 1 && sources_.End(span).column == 1) {
      for (std::uint32_t number = begin.line; number < sources_.End(span).line; ++number) {
        out += fmt::format("{}{:>{}} -{} {}\n", colours_.gutter, number, gutter_, colours_.reset,
                           Display(file.Line(number)).text);
      }
      return out;
    }
    std::string changed = "\n" + std::string(file.text().substr(0, span.begin)) + replacement;
    const std::size_t line_start = changed.rfind('\n', changed.size() - replacement.size() - 1) + 1;
    changed = changed.substr(line_start);
    const std::string_view rest = file.text().substr(span.end);
    changed += rest.substr(0, std::min(rest.find_first_of("\r\n"), rest.size()));
    std::uint32_t number = begin.line;
    for (std::size_t at = 0; at <= changed.size();) {
      const std::size_t end = std::min(changed.find('\n', at), changed.size());
      out += fmt::format("{}{:>{}} |{} {}\n", colours_.gutter, number++, gutter_, colours_.reset,
                         Display(changed.substr(at, end - at)).text);
      at = end + 1;
    }
    return out;
  }

  const SourceSet& sources_;
  bool colour_;
  const std::string& prefix_;
  Colours colours_;
  std::size_t gutter_ = 1;
};

nlohmann::ordered_json Place(const SourceSet& sources, Span span, const std::string& prefix) {
  nlohmann::ordered_json place;
  if (!span.known()) {
    place["file"] = nullptr;
    return place;
  }
  const Position begin = sources.Begin(span);
  const Position end = sources.End(span);
  place["file"] = ShownPath(sources.file(span.file).path(), prefix);
  place["line"] = begin.line;
  place["column"] = begin.column;
  place["end_line"] = end.line;
  place["end_column"] = end.column;
  return place;
}

const char* SafetyName(Safety safety) {
  switch (safety) {
    case Safety::kSafe:
      return "safe";
    case Safety::kUncertain:
      return "uncertain";
    case Safety::kPlaceholder:
      return "placeholder";
  }
  return "uncertain";
}

nlohmann::ordered_json FixJson(const Fix& fix, const SourceSet& sources, const std::string& prefix) {
  nlohmann::ordered_json edits = nlohmann::ordered_json::array();
  for (const auto& [span, text] : fix.edits) {
    nlohmann::ordered_json edit = Place(sources, span, prefix);
    edit["text"] = text;
    edits.push_back(std::move(edit));
  }
  return {{"title", fix.title}, {"safety", SafetyName(fix.safety)}, {"edits", std::move(edits)}};
}

}  // namespace

std::string RenderText(const std::vector<Diagnostic>& diagnostics, const SourceSet& sources, bool colour,
                       const std::string& prefix) {
  TextRenderer renderer(sources, colour, prefix);
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) {
    out += renderer.Render(diagnostic);
  }
  return out;
}

std::string RenderShort(const std::vector<Diagnostic>& diagnostics, const SourceSet& sources,
                        const std::string& prefix) {
  std::string out;
  for (const Diagnostic& d : diagnostics) {
    if (d.span.known()) {
      const Position at = sources.Begin(d.span);
      out += fmt::format("{}:{}:{}: ", ShownPath(sources.file(d.span.file).path(), prefix), at.line, at.column);
    }
    out += fmt::format("{}[{}]: {} [{}]\n", LevelName(d.level), d.kind->code, d.message, d.kind->name);
  }
  return out;
}

std::string RenderJson(const std::vector<Diagnostic>& diagnostics, const SourceSet& sources,
                       const std::string& prefix) {
  std::string out;
  for (const Diagnostic& d : diagnostics) {
    nlohmann::ordered_json object = {
        {"code", d.kind->code}, {"name", d.kind->name}, {"level", LevelName(d.level)}, {"message", d.message}};
    object.update(Place(sources, d.span, prefix));
    object["labels"] = nlohmann::ordered_json::array();
    for (const Label& label : d.labels) {
      nlohmann::ordered_json place = Place(sources, label.span, prefix);
      place["text"] = label.text;
      object["labels"].push_back(std::move(place));
    }
    object["notes"] = d.notes;
    object["fixes"] = nlohmann::ordered_json::array();
    for (const Fix& fix : d.fixes) {
      object["fixes"].push_back(FixJson(fix, sources, prefix));
    }
    out += object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  }
  return out;
}

}  // namespace sluice::diagnostics
