#include "compiler/syntax/limits.h"

#include <vector>

#include "compiler/syntax/parse.h"

namespace sluice::syntax {
namespace {

bool At(std::string_view text, std::size_t position, std::string_view what) {
  return text.compare(position, what.size(), what) == 0;
}

enum class Mode { kCode, kString, kRawString };

struct Level {
  Mode mode = Mode::kCode;
  int brackets = 0;  // open in this code
};

// Walks over the bytes as the lexer would, without recursion. Unbalanced text is no concern here.
class NestingScanner {
 public:
  explicit NestingScanner(std::string_view text) : text_(text) {}

  std::optional<TooDeep> Run() {
    while (position_ < text_.size()) {
      const auto at = static_cast<std::uint32_t>(position_);
      if (levels_.back().mode == Mode::kCode) {
        ReadCode();
      } else {
        ReadText();
      }
      if (brackets_ > kMaxNesting) {
        return TooDeep{at, false};
      }
      if (strings_ > kMaxStringNesting) {
        return TooDeep{at, true};
      }
    }
    return std::nullopt;
  }

 private:
  void ReadCode() {
    const char c = text_[position_];
    const bool in_string = levels_.size() > 1;
    if (c == '/' && At(text_, position_, "//") && !in_string) {
      position_ = std::min(text_.find('\n', position_), text_.size());
      return;
    }
    if (At(text_, position_, "\"\"\"")) {
      Push(Mode::kRawString);
      position_ += 3;
      return;
    }
    if (c == '"') {
      Push(Mode::kString);
    } else if (c == '{' || c == '(' || c == '[') {
      ++levels_.back().brackets;
      ++brackets_;
    } else if (c == '}' && in_string && levels_.back().brackets == 0) {
      Pop();
    } else if (c == '}' || c == ')' || c == ']') {
      if (levels_.back().brackets > 0) {
        --levels_.back().brackets;
        --brackets_;
      }
    } else if (c == '\n' && levels_.size() > 1) {
      EndLine();
    }
    ++position_;
  }

  void ReadText() {
    const bool raw = levels_.back().mode == Mode::kRawString;
    if (At(text_, position_, "$${")) {
      position_ += 3;
    } else if (At(text_, position_, "${")) {
      levels_.push_back(Level{Mode::kCode, 0});
      ++brackets_;
      position_ += 2;
    } else if (raw && At(text_, position_, "\"\"\"")) {
      position_ += 3;
      Pop();
    } else if (!raw && text_[position_] == '\\') {
      position_ += 2;
    } else if (!raw && text_[position_] == '"') {
      ++position_;
      Pop();
    } else {
      if (text_[position_] == '\n') {
        EndLine();
      }
      ++position_;
    }
  }

  // A line end closes what must stand on one line.
  void EndLine() {
    while (levels_.size() > 1) {
      bool raw = false;
      for (const Level& level : levels_) {
        raw = raw || level.mode == Mode::kRawString;
      }
      if (raw) {
        return;
      }
      Pop();
    }
  }

  void Push(Mode mode) {
    levels_.push_back(Level{mode, 0});
    ++strings_;
  }
  void Pop() {
    if (levels_.back().mode == Mode::kCode) {
      brackets_ -= levels_.back().brackets + 1;
    } else {
      --strings_;
    }
    levels_.pop_back();
  }

  std::string_view text_;
  std::size_t position_ = 0;
  std::vector<Level> levels_ = {Level{}};
  int brackets_ = 0;
  int strings_ = 0;
};

// The tree nests one level deeper with each of these, without a bracket.
bool Deepens(int type) {
  switch (type) {
    case token::AND:
    case token::OR:
    case token::NOT:
    case token::IF:
    case token::ELSE:
    case token::ALL:
    case token::ANY:
    case token::SECRET:
    case token::PLUS:
    case token::MINUS:
    case token::STAR:
    case token::SLASH:
    case token::COALESCE:
    case token::DOT:
    case token::LESS:
      return true;
    default:
      return false;
  }
}

bool EndsChain(const Tokens& tokens, std::size_t at) {
  const int type = tokens[at].type;
  if (type == token::SEMICOLON || type == token::ASSIGN) {
    return true;
  }
  if (at == 0) {
    return false;
  }
  if (type == token::COMMA) {
    // `all k, v in m:` goes on.
    return at < 2 || (tokens[at - 2].type != token::ALL && tokens[at - 2].type != token::ANY);
  }
  const bool call = type == token::LEFT_PAREN || type == token::LEFT_BRACKET;
  return EndsOperand(tokens[at - 1].type) && BeginsOperand(type) && type != token::MINUS && !call &&
         type != token::NOT && type != token::IF;
}

}  // namespace

std::optional<TooDeep> FindTooDeep(std::string_view text) { return NestingScanner(text).Run(); }

std::optional<std::size_t> MeasureDepth(Tokens& tokens, std::uint16_t base) {
  struct Bracket {
    int chain = 0;
    bool behind_operand = false;
  };
  std::vector<Bracket> open = {Bracket{}};
  int depth = base;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    Token& token = tokens[i];
    if (EndsChain(tokens, i)) {
      depth -= open.back().chain;
      open.back().chain = 0;
    }
    if (IsOpening(token.type)) {
      const bool behind = i > 0 && EndsOperand(tokens[i - 1].type) && token.type != token::LEFT_BRACE;
      open.push_back(Bracket{0, behind});
      ++depth;
    } else if (IsClosing(token.type) && open.size() > 1) {
      depth -= open.back().chain + 1;
      const bool behind = open.back().behind_operand;
      open.pop_back();
      if (behind) {
        ++open.back().chain;
        ++depth;
      }
    } else if (Deepens(token.type)) {
      ++open.back().chain;
      ++depth;
    }
    if (depth > kMaxNesting) {
      return i;
    }
    token.depth = static_cast<std::uint16_t>(depth);
  }
  return std::nullopt;
}

namespace {

std::uint32_t EndOfString(std::string_view text, std::uint32_t begin, std::uint32_t end) {
  const bool raw = At(text, begin, "\"\"\"");
  std::uint32_t at = begin + (raw ? 3 : 1);
  while (at < end) {
    if (raw ? At(text, at, "\"\"\"") : text[at] == '"') {
      return at + (raw ? 3 : 1);
    }
    if (At(text, at, "$${")) {
      at += 3;
    } else if (At(text, at, "${")) {
      at = EndOfInterpolation(text, at + 2, end) + 1;
    } else {
      at += !raw && text[at] == '\\' ? 2 : 1;
    }
  }
  return end;
}

}  // namespace

std::uint32_t EndOfInterpolation(std::string_view text, std::uint32_t begin, std::uint32_t end) {
  int braces = 0;
  std::uint32_t at = begin;
  while (at < end) {
    const char c = text[at];
    if (c == '"') {
      at = EndOfString(text, at, end);
      continue;
    }
    if (c == '{') {
      ++braces;
    } else if (c == '}' && braces-- == 0) {
      return at;
    }
    ++at;
  }
  return end;
}

}  // namespace sluice::syntax
