// Drives the generated lexer. One of the files that see ANTLR.
#include <algorithm>
#include <optional>

#include <antlr4-runtime.h>

#include "PlanLexer.h"
#include "compiler/syntax/read_piece.h"
#include "compiler/syntax/tables.h"
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

std::string_view Literal(int type) {
  return type < 0 ? std::string_view() : tables::kSpellings[static_cast<std::size_t>(type)];
}

// Reads what plans consist of: blanks, comments, words, marks, plain numbers, strings. The generated
// lexer, which at first use of each character works out its states anew in every process, reads the rest. A test
// compares the two on every plan of the tests.
class Reader {
 public:
  Reader(std::string_view text, std::size_t begin, std::size_t end)
      : whole_(text), text_(text.substr(0, end)), at_(begin) {}

  // nullopt at the end of the text.
  std::optional<Token> Next() {
    SkipBlanksAndComments();
    if (at_ >= text_.size()) {
      return std::nullopt;
    }
    Token token;
    token.begin = static_cast<std::uint32_t>(at_);
    if (const Piece piece = ReadPiece(text_, at_); piece.end != at_) {
      token.type = piece.type;
      at_ = piece.end;
    } else {
      token.type = ReadGenerated();
    }
    token.end = static_cast<std::uint32_t>(at_);
    return token;
  }

 private:
  struct Generated {
    explicit Generated(std::string_view text, std::size_t begin, std::size_t end)
        : bytes(text, begin, end), lexer(&bytes) {
      lexer.removeErrorListeners();
    }
    ByteStream bytes;
    generated::PlanLexer lexer;
  };

  int ReadGenerated() {
    if (!generated_) {
      generated_.emplace(whole_, at_, text_.size());
    }
    generated_->bytes.seek(at_);
    const int type = static_cast<int>(generated_->lexer.nextToken()->getType());
    at_ = generated_->bytes.index();
    return type;
  }

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

  static bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

  std::string_view whole_;
  std::string_view text_;
  std::size_t at_;
  std::optional<Generated> generated_;
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
  return std::string(Literal(type));
}

}  // namespace sluice::syntax
