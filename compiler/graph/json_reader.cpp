#include "compiler/graph/json_reader.h"

#include <string>

#include "compiler/base/text.h"

namespace sluice::graph {
namespace {

void AppendUtf8(std::string& out, std::uint32_t code) {
  const auto byte = [&](std::uint32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | code >> 6);
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3F));
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

class Reader {
 public:
  Reader(std::string_view text, int max_depth) : text_(text), left_(max_depth) {}

  bool ReadDocument(Value& value) {
    SkipSpace();
    if (!ReadValue(value)) {
      return false;
    }
    SkipSpace();
    return at_ == text_.size() || Fail("something stands behind the value");
  }

  const std::string& message() const { return message_; }

 private:
  bool Fail(const char* what) {
    if (message_.empty()) {
      message_ = "no JSON at byte " + std::to_string(at_) + ": " + what;
    }
    return false;
  }

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(char c) {
    if (Peek() != c || at_ >= text_.size()) {
      return false;
    }
    ++at_;
    return true;
  }
  void SkipSpace() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  bool ReadWord(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) {
      return Fail("unknown word");
    }
    at_ += word.size();
    return true;
  }

  bool ReadValue(Value& value) {
    switch (Peek()) {
      case '{':
        return ReadMap(value);
      case '[':
        return ReadList(value);
      case '"': {
        std::string text;
        if (!ReadString(text)) {
          return false;
        }
        value = Value(std::move(text));
        return true;
      }
      case 't':
        value = Value(true);
        return ReadWord("true");
      case 'f':
        value = Value(false);
        return ReadWord("false");
      case 'n':
        value = Value();
        return ReadWord("null");
      default:
        return ReadNumber(value);
    }
  }

  bool ReadNumber(Value& value) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && std::string_view("+-.eE0123456789").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
    const std::string_view digits = text_.substr(begin, at_ - begin);
    if (digits.empty()) {
      return Fail("a value is missing");
    }
    const std::optional<Number> number = Number::Parse(digits, true, true);
    if (!number || number->overflowed()) {
      return Fail("the number doesn't fit");
    }
    value = Value(*number);
    return true;
  }

  bool ReadHex(std::uint32_t& code) {
    code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = Peek();
      const bool digit = c >= '0' && c <= '9';
      const char lower = static_cast<char>(c | 0x20);
      if (!digit && (lower < 'a' || lower > 'f')) {
        return Fail("`\\u` takes four hexadecimal digits");
      }
      code = code * 16 + static_cast<std::uint32_t>(digit ? c - '0' : lower - 'a' + 10);
    }
    return true;
  }

  // Behind `\u`. A lone surrogate becomes U+FFFD.
  bool ReadUnicode(std::string& out) {
    std::uint32_t code = 0;
    if (!ReadHex(code)) {
      return false;
    }
    if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
      at_ += 2;
      std::uint32_t low = 0;
      if (!ReadHex(low)) {
        return false;
      }
      if (low >= 0xDC00 && low < 0xE000) {
        AppendUtf8(out, 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00));
        return true;
      }
      AppendUtf8(out, 0xFFFD);
      code = low;
    }
    AppendUtf8(out, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
    return true;
  }

  bool ReadEscape(std::string& out) {
    static constexpr std::string_view kFrom = "\"\\/bfnrt";
    static constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
    const char c = Peek();
    if (c == 'u') {
      ++at_;
      return ReadUnicode(out);
    }
    const std::size_t which = at_ < text_.size() ? kFrom.find(c) : std::string_view::npos;
    if (which == std::string_view::npos) {
      return Fail("unknown escape");
    }
    out += kTo[which];
    ++at_;
    return true;
  }

  bool ReadString(std::string& out) {
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) {
        return Fail("a control character in text");
      }
      ++at_;
      if (c != '\\') {
        out += c;
      } else if (!ReadEscape(out)) {
        return false;
      }
    }
    return Fail("text without an end");
  }

  bool Enter() {
    ++at_;
    SkipSpace();
    return --left_ >= 0 || Fail("nested too deeply");
  }
  bool Leave() {
    ++left_;
    return true;
  }

  bool ReadList(Value& value) {
    List list;
    if (!Enter()) {
      return false;
    }
    if (!Take(']')) {
      do {
        SkipSpace();
        if (!ReadValue(list.emplace_back())) {
          return false;
        }
        SkipSpace();
      } while (Take(','));
      if (!Take(']')) {
        return Fail("`,` or `]` is missing");
      }
    }
    value = Value(std::move(list));
    return Leave();
  }

  bool ReadEntry(Map& map) {
    SkipSpace();
    std::string key;
    if (Peek() != '"') {
      return Fail("a key is missing");
    }
    if (!ReadString(key)) {
      return false;
    }
    SkipSpace();
    if (!Take(':')) {
      return Fail("`:` is missing");
    }
    SkipSpace();
    Value item;
    if (!ReadValue(item)) {
      return false;
    }
    map.Set(std::move(key), std::move(item));
    SkipSpace();
    return true;
  }

  bool ReadMap(Value& value) {
    Map map;
    if (!Enter()) {
      return false;
    }
    if (!Take('}')) {
      do {
        if (!ReadEntry(map)) {
          return false;
        }
      } while (Take(','));
      if (!Take('}')) {
        return Fail("`,` or `}` is missing");
      }
    }
    value = Value(std::move(map));
    return Leave();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int left_;
  std::string message_;
};

}  // namespace

Result<Value> ReadJson(std::string_view json, int max_depth) {
  if (const auto at = FirstInvalidUtf8(json)) {
    return Error{ErrorCode::kInvalid, "no UTF-8 at byte " + std::to_string(*at)};
  }
  Reader reader(json, max_depth);
  Value value;
  if (!reader.ReadDocument(value)) {
    return Error{ErrorCode::kInvalid, reader.message()};
  }
  return value;
}

}  // namespace sluice::graph
