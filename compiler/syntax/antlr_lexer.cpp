// Drives the generated lexer. One of the two files that see ANTLR.
#include <algorithm>
#include <optional>
#include <unordered_map>

#include <antlr4-runtime.h>

#include "PlanLexer.h"
#include "compiler/syntax/tokens.h"

namespace sluice::syntax {
namespace {

// The bytes of a text as characters. All that the grammar looks at is ASCII, so offsets stay byte offsets and
// nothing is converted; a byte above 127 is part of a string, a comment or a bad character.
class ByteStream final : public antlr4::CharStream {
 public:
  ByteStream(std::string_view text, std::size_t begin, std::size_t end) : text_(text), position_(begin), end_(end) {}

  void consume() override { ++position_; }
  std::size_t LA(ssize_t offset) override {
    const std::size_t at =
        offset > 0 ? position_ + static_cast<std::size_t>(offset) - 1 : position_ - static_cast<std::size_t>(-offset);
    return at < end_ ? static_cast<unsigned char>(text_[at]) : IntStream::EOF;
  }
  ssize_t mark() override { return -1; }
  void release(ssize_t) override {}
  std::size_t index() override { return position_; }
  void seek(std::size_t index) override { position_ = index; }
  std::size_t size() override { return end_; }
  std::string getSourceName() const override { return {}; }
  std::string getText(const antlr4::misc::Interval& interval) override {
    const auto first = static_cast<std::size_t>(interval.a);
    return std::string(text_.substr(first, static_cast<std::size_t>(interval.b) + 1 - first));
  }
  std::string toString() const override { return std::string(text_.substr(0, end_)); }

 private:
  std::string_view text_;
  std::size_t position_;
  std::size_t end_;
};

const antlr4::dfa::Vocabulary& Vocabulary() {
  static const antlr4::dfa::Vocabulary* const vocabulary = [] {
    antlr4::ANTLRInputStream empty;
    generated::PlanLexer lexer(&empty);
    return new antlr4::dfa::Vocabulary(lexer.getVocabulary());
  }();
  return *vocabulary;
}

// "weight" of the grammar's 'weight'; "" of a type that has no one spelling.
std::string Literal(int type) {
  const std::string literal = Vocabulary().getLiteralName(static_cast<std::size_t>(type));
  return literal.size() > 2 ? literal.substr(1, literal.size() - 2) : "";
}

const std::unordered_map<std::string_view, int>& Keywords() {
  static const auto* const keywords = [] {
    auto* made = new std::unordered_map<std::string_view, int>;
    for (int type = token::AND; type < token::ID; ++type) {
      made->emplace(*new std::string(Literal(type)), type);  // NOLINT(cppcoreguidelines-owning-memory)
    }
    return made;
  }();
  return *keywords;
}

// Marks that no longer token begins with.
int MarkType(char c) {
  switch (c) {
    case '{':
      return token::LEFT_BRACE;
    case '}':
      return token::RIGHT_BRACE;
    case '[':
      return token::LEFT_BRACKET;
    case ']':
      return token::RIGHT_BRACKET;
    case '(':
      return token::LEFT_PAREN;
    case ')':
      return token::RIGHT_PAREN;
    case ',':
      return token::COMMA;
    case ';':
      return token::SEMICOLON;
    case ':':
      return token::COLON;
    default:
      return kEndOfText;
  }
}

// The tokens of a text. What most of a plan consists of (blanks, comments, words, marks) is read here; the generated
// lexer, which at first use of each character works out its states anew in every process, reads the rest: strings,
// numbers, operators. A test compares the two on every plan of the tests.
class Reader {
 public:
  Reader(std::string_view text, std::size_t begin, std::size_t end)
      : text_(text.substr(0, end)), at_(begin), bytes_(text, begin, end), generated_(&bytes_) {
    generated_.removeErrorListeners();
  }

  // nullopt at the end of the text.
  std::optional<Token> Next() {
    SkipBlanksAndComments();
    if (at_ >= text_.size()) {
      return std::nullopt;
    }
    Token token;
    token.begin = static_cast<std::uint32_t>(at_);
    if (const std::size_t end = EndOfWord(); end != at_) {
      const auto keyword = Keywords().find(text_.substr(at_, end - at_));
      token.type = keyword == Keywords().end() ? token::ID : keyword->second;
      at_ = end;
    } else if (const int mark = MarkType(text_[at_]); mark != kEndOfText) {
      token.type = mark;
      ++at_;
    } else {
      bytes_.seek(at_);
      token.type = static_cast<int>(generated_.nextToken()->getType());
      at_ = bytes_.index();
    }
    token.end = static_cast<std::uint32_t>(at_);
    return token;
  }

 private:
  void SkipBlanksAndComments() {
    while (at_ < text_.size()) {
      if (IsBlank(text_[at_])) {
        ++at_;
      } else if (text_.substr(at_, 2) == "//" && text_.substr(at_, 3) != "///") {
        at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
      } else {
        return;
      }
    }
  }

  // Where the word that begins here ends: ID or a keyword. Here if none begins.
  std::size_t EndOfWord() const {
    if (!IsWordCharacter(text_[at_]) || IsDigit(text_[at_])) {
      return at_;
    }
    std::size_t end = at_ + 1;
    while (end < text_.size() && (IsWordCharacter(text_[end]) ||
                                  (text_[end] == '-' && end + 1 < text_.size() && IsWordCharacter(text_[end + 1])))) {
      ++end;
    }
    return end;
  }

  static bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }
  static bool IsWordCharacter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '_';
  }

  std::string_view text_;
  std::size_t at_;
  ByteStream bytes_;
  generated::PlanLexer generated_;
};

}  // namespace

Tokens Lex(std::string_view text, std::uint32_t begin, std::uint32_t end, std::size_t limit, Tokens* docs) {
  Reader reader(text, begin, end);
  Tokens tokens;
  tokens.reserve(static_cast<std::size_t>(end - begin) / 4 + 1);
  std::uint32_t line_break_before = begin;
  std::uint32_t indent = 0;
  bool first = FirstOnLine(text, begin, &indent);
  while (tokens.size() < limit) {
    std::optional<Token> read = reader.Next();
    if (!read) {
      break;
    }
    Token& token = *read;
    const std::string_view between = text.substr(line_break_before, token.begin - line_break_before);
    if (first || between.find_first_of("\r\n") != std::string_view::npos) {
      first = FirstOnLine(text, token.begin, &indent);
      token.first_on_line = first;
      first = false;
    }
    token.indent = indent;
    line_break_before = token.end;
    if (token.type != token::DOC_COMMENT) {
      tokens.push_back(token);
    } else if (docs != nullptr) {
      docs->push_back(token);
    }
  }
  return tokens;
}

std::string Spelling(int type) {
  switch (type) {
    case kEndOfText:
      return "the end of the file";
    case token::ID:
      return "a name";
    case token::STRING:
    case token::RAW_STRING:
      return "a string";
    case token::NUMBER:
      return "a number";
    case token::DURATION:
      return "a duration";
    case token::PERCENT:
      return "a percentage";
    case token::BYTES:
      return "an amount of bytes";
    case token::DATE:
      return "a date";
    case token::CLOCK:
      return "a clock time";
    default:
      break;
  }
  return Literal(type);
}

}  // namespace sluice::syntax
