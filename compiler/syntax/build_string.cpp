// Literals: numbers with their units, dates, strings and their parts.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/syntax/builder.h"
#include "compiler/syntax/limits.h"
#include "compiler/syntax/number_units.h"

namespace sluice::syntax {
namespace {

void AppendUtf8(std::string& text, std::uint32_t code_point) {
  if (code_point < 0x80) {
    text += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    text += static_cast<char>(0xc0 | (code_point >> 6));
    text += static_cast<char>(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    text += static_cast<char>(0xe0 | (code_point >> 12));
    text += static_cast<char>(0x80 | ((code_point >> 6) & 0x3f));
    text += static_cast<char>(0x80 | (code_point & 0x3f));
  } else {
    text += static_cast<char>(0xf0 | (code_point >> 18));
    text += static_cast<char>(0x80 | ((code_point >> 12) & 0x3f));
    text += static_cast<char>(0x80 | ((code_point >> 6) & 0x3f));
    text += static_cast<char>(0x80 | (code_point & 0x3f));
  }
}

// Reads the parts of one string token.
class StringReader {
 public:
  StringReader(FileParser& file, const Token& token, bool raw)
      : file_(file),
        text_(file.text()),
        depth_(token.depth),
        raw_(raw),
        at_(token.begin + (raw ? 3 : 1)),
        end_(token.end - (raw ? 3 : 1)) {}

  std::vector<StringPart> Read() {
    Begin();
    while (at_ < end_) {
      ReadOne();
    }
    Flush();
    return std::move(parts_);
  }

 private:
  bool At(std::string_view what) const { return end_ - at_ >= what.size() && text_.substr(at_, what.size()) == what; }

  void Begin() {
    literal_.clear();
    literal_begin_ = at_;
  }
  void Flush() {
    if (!literal_.empty()) {
      parts_.push_back(StringPart{std::move(literal_), nullptr, file_.At(literal_begin_, at_)});
    }
    Begin();
  }

  void ReadOne() {
    if (At("$${")) {
      literal_ += "${";
      at_ += 3;
    } else if (At("${")) {
      ReadInterpolation();
    } else if (!raw_ && text_[at_] == '\\') {
      ReadEscape();
    } else {
      literal_ += text_[at_++];
    }
  }

  void ReadInterpolation() {
    const std::uint32_t close = EndOfInterpolation(text_, at_ + 2, end_);
    if (close == end_) {
      file_.Report(diagnostics::kUnclosedInterpolation, file_.At(at_, at_ + 2), "this `${` has no `}`")
          .At("the string ends before it does")
          .Note("write `$${` where the text itself holds `${`");
      at_ = end_;
      return;
    }
    Flush();
    StringPart part;
    part.span = file_.At(at_, close + 1);
    part.value = file_.ParseInterpolation(at_ + 2, close, static_cast<std::uint16_t>(depth_ + 1));
    parts_.push_back(std::move(part));
    at_ = close + 1;
    Begin();
  }

  void ReadEscape() {
    const char c = at_ + 1 < end_ ? text_[at_ + 1] : '\0';
    static constexpr std::string_view kFrom = "ntr\"\\$";
    static constexpr std::string_view kTo = "\n\t\r\"\\$";
    const std::size_t known = kFrom.find(c);
    if (c != '\0' && known != std::string_view::npos) {
      literal_ += kTo[known];
      at_ += 2;
    } else if (!ReadCodePoint()) {
      std::uint32_t after = at_ + 2;
      while (after < end_ && (static_cast<unsigned char>(text_[after]) & 0xc0) == 0x80) {
        ++after;  // the rest of one character
      }
      const Span span = file_.At(at_, std::min(after, end_));
      file_
          .Report(diagnostics::kBadEscape, span,
                  fmt::format("`{}` is no escape", text_.substr(span.begin, span.end - span.begin)))
          .At("known are `\\n`, `\\t`, `\\r`, `\\\"`, `\\\\`, `\\$` and `\\u{…}`")
          .Fix("write the backslash itself", diagnostics::Safety::kUncertain, file_.At(at_, at_ + 1), "\\\\");
      at_ = span.end;
    }
  }

  // `\u{20ac}`.
  bool ReadCodePoint() {
    if (!At("\\u{")) {
      return false;
    }
    const std::size_t close = text_.find('}', at_);
    if (close == std::string_view::npos || close >= end_ || close - at_ < 4 || close - at_ > 9) {
      return false;
    }
    std::uint32_t value = 0;
    for (std::size_t i = at_ + 3; i < close; ++i) {
      const char c = text_[i];
      const bool digit = c >= '0' && c <= '9';
      const char lower = static_cast<char>(c | 0x20);
      if (!digit && (lower < 'a' || lower > 'f')) {
        return false;
      }
      value = value * 16 + static_cast<std::uint32_t>(digit ? c - '0' : lower - 'a' + 10);
    }
    if (value == 0 || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) {
      return false;
    }
    AppendUtf8(literal_, value);
    at_ = static_cast<std::uint32_t>(close) + 1;
    return true;
  }

  FileParser& file_;
  std::string_view text_;
  std::uint16_t depth_;
  bool raw_;
  std::uint32_t at_;
  std::uint32_t end_;
  std::string literal_;
  std::uint32_t literal_begin_ = 0;
  std::vector<StringPart> parts_;
};

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// Removes the line ends next to the quotes and the indentation that all lines share. A CRLF becomes a line end.
void Unindent(std::vector<StringPart>& parts) {
  std::size_t shared = std::string::npos;
  bool any_line = false;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    std::string& text = parts[p].text;
    text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
    for (std::size_t line = text.find('\n'); line != std::string::npos; line = text.find('\n', line + 1)) {
      any_line = true;
      std::size_t first = line + 1;
      while (first < text.size() && IsBlank(text[first])) {
        ++first;
      }
      const bool last = p + 1 == parts.size();
      const bool blank = first < text.size() ? text[first] == '\n' : last;
      if (!blank) {
        shared = std::min(shared, first - line - 1);
      }
    }
  }
  if (!any_line) {
    return;
  }
  for (StringPart& part : parts) {
    std::string cut;
    for (std::size_t i = 0; i < part.text.size(); ++i) {
      cut += part.text[i];
      for (std::size_t n = 0;
           part.text[i] == '\n' && n < shared && i + 1 < part.text.size() && IsBlank(part.text[i + 1]); ++n) {
        ++i;
      }
    }
    part.text = std::move(cut);
  }
  if (!parts.front().value && parts.front().text.find_first_not_of(" \t") == parts.front().text.find('\n')) {
    parts.front().text.erase(0, parts.front().text.find('\n') + 1);
  }
  std::string& tail = parts.back().text;
  const std::size_t last_line = tail.rfind('\n');
  if (!parts.back().value && last_line != std::string::npos &&
      tail.find_first_not_of(" \t", last_line + 1) == std::string::npos) {
    tail.erase(last_line);
  }
  parts.erase(std::remove_if(parts.begin(), parts.end(),
                             [](const StringPart& part) { return !part.value && part.text.empty(); }),
              parts.end());
}

int DaysIn(int year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

int Digits(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

ExpressionPtr AstBuilder::Literal(const Part& part) {
  switch (part.token().type) {
    case token::NUMBER:
    case token::PERCENT:
    case token::DURATION:
    case token::BYTES:
      return Number(part);
    case token::STRING:
    case token::RAW_STRING:
      return String(part);
    case token::TRUE:
    case token::FALSE:
      return Node(part, BoolLiteral{part.token().type == token::TRUE});
    case token::NONE:
      return Node(part, NoneLiteral{});
    case token::DATE:
      return Date(part);
    case token::CLOCK:
      return Clock(part);
    default:
      return Node(part, Poisoned{});
  }
}

ExpressionPtr AstBuilder::Number(const Part& part) {
  const std::optional<NumberLiteral> number = ParseNumber(part.token().type, file_.TextOf(part.token()));
  if (!number) {
    file_.Report(diagnostics::kNumberTooLarge, SpanOf(part), fmt::format("`{}` has too many digits", TextOf(part)))
        .Note("numbers are exact: numerator and denominator fit into 64 bits, durations count milliseconds");
    return Node(part, Poisoned{});
  }
  return Node(part, *number);
}

ExpressionPtr AstBuilder::Date(const Part& part) {
  const std::string_view text = file_.TextOf(part.token());
  const DateLiteral date{Digits(text.substr(0, 4)), Digits(text.substr(5, 2)), Digits(text.substr(8, 2))};
  if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > DaysIn(date.year, date.month)) {
    file_.Report(diagnostics::kNoSuchTime, SpanOf(part), fmt::format("there is no day `{}`", text))
        .At("year, month, day");
    return Node(part, Poisoned{});
  }
  return Node(part, date);
}

ExpressionPtr AstBuilder::Clock(const Part& part) {
  const std::string_view text = file_.TextOf(part.token());
  const std::size_t colon = text.find(':');
  const int hour = Digits(text.substr(0, colon));
  const int minute = Digits(text.substr(colon + 1));
  if (hour > 24 || minute > 59 || (hour == 24 && minute > 0)) {
    file_.Report(diagnostics::kNoSuchTime, SpanOf(part), fmt::format("there is no time `{}`", text))
        .At("from `00:00` to `24:00`");
    return Node(part, Poisoned{});
  }
  return Node(part, ClockLiteral{hour * 60 + minute});
}

ExpressionPtr AstBuilder::String(const Part& part) {
  const bool raw = part.token().type == token::RAW_STRING;
  if (!raw && part.token().type != token::STRING) {
    return Node(part, Poisoned{});
  }
  StringLiteral string;
  string.raw = raw;
  string.parts = StringReader(file_, part.token(), raw).Read();
  if (raw && !string.parts.empty()) {
    Unindent(string.parts);
  }
  return Node(part, std::move(string));
}

}  // namespace sluice::syntax
