#include "compiler/syntax/tokens.h"

namespace sluice::syntax {

int ClosingOf(int opening) {
  switch (opening) {
    case token::LEFT_BRACE:
      return token::RIGHT_BRACE;
    case token::LEFT_BRACKET:
      return token::RIGHT_BRACKET;
    default:
      return token::RIGHT_PAREN;
  }
}

bool EndsOperand(int type) {
  switch (type) {
    case token::AND:
    case token::OR:
    case token::NOT:
    case token::IF:
    case token::THEN:
    case token::ELSE:
    case token::IN:
    case token::IS:
    case token::FOR:
    case token::ALL:
    case token::ANY:
    case token::SECRET:
    case token::JOB:
      return false;
    case token::POISONED_VALUE:
    case token::UNTERMINATED_STRING:
    case token::UNTERMINATED_RAW_STRING:
      return true;
    default:
      return IsWord(type) || (type >= token::DATE && type <= token::RAW_STRING) || IsClosing(type);
  }
}

bool BeginsOperand(int type) {
  switch (type) {
    case token::AND:
    case token::OR:
    case token::THEN:
    case token::ELSE:
    case token::IN:
    case token::IS:
    case token::FOR:
      return false;
    case token::POISONED_VALUE:
    case token::UNTERMINATED_STRING:
    case token::UNTERMINATED_RAW_STRING:
    case token::MINUS:
      return true;
    default:
      return IsWord(type) || (type >= token::DATE && type <= token::RAW_STRING) || IsOpening(type);
  }
}

void MarkOverTime(std::string_view text, Tokens& tokens) {
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    Token& token = tokens[i];
    if (token.type != token::ID || tokens[i - 1].type != token::EXPECT) {
      continue;
    }
    const int next = i + 1 < tokens.size() ? tokens[i + 1].type : token::RIGHT_BRACE;
    if (!BeginsOperand(next) && !IsClosing(next)) {
      continue;
    }
    const std::string_view word = text.substr(token.begin, token.end - token.begin);
    if (word == "always" || word == "never" || word == "eventually") {
      token.type = token::OVER_TIME;
    }
  }
}

bool FirstOnLine(std::string_view text, std::uint32_t offset, std::uint32_t* indent) {
  std::uint32_t start = offset;
  while (start > 0 && text[start - 1] != '\n' && text[start - 1] != '\r') {
    --start;
  }
  // The byte order mark has no width.
  if (start == 0 && text.substr(0, 3) == "\xef\xbb\xbf") {
    start = 3;
  }
  std::uint32_t first = start;
  while (first < offset && (text[first] == ' ' || text[first] == '\t')) {
    ++first;
  }
  *indent = first - start;
  return first == offset;
}

}  // namespace sluice::syntax
