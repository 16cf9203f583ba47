#include "compiler/syntax/read_piece.h"

#include <algorithm>
#include <unordered_map>

#include "compiler/syntax/symbols.h"
#include "compiler/syntax/tables.h"

namespace sluice::syntax {
namespace {

constexpr std::size_t kNone = std::string_view::npos;
constexpr std::string_view kRawQuotes = R"(""")";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWordCharacter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '_'; }

// The character at `at`, or NUL behind the end: no token's own character.
char CharacterAt(std::string_view text, std::size_t at) { return at < text.size() ? text[at] : '\0'; }

const std::unordered_map<std::string_view, int>& Keywords() {
  static const auto* const kKeywords = [] {
    auto* made = new std::unordered_map<std::string_view, int>;
    for (int type = token::AND; type < token::ID; ++type) {
      made->emplace(tables::kSpellings[static_cast<std::size_t>(type)], type);
    }
    return made;
  }();
  return *kKeywords;
}

Piece Word(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && (IsWordCharacter(text[end]) ||
                               (text[end] == '-' && end + 1 < text.size() && IsWordCharacter(text[end + 1])))) {
    ++end;
  }
  const auto keyword = Keywords().find(text.substr(at, end - at));
  return {keyword == Keywords().end() ? token::ID : keyword->second, end};
}

// The type of a number with this unit behind it; 0 of units that need a closer look.
int UnitType(std::string_view unit) {
  if (unit.empty()) {
    return token::NUMBER;
  }
  if (unit == "%") {
    return token::PERCENT;
  }
  if (unit == "ms" || (unit.size() == 1 && std::string_view("smhdw").find(unit.front()) != kNone)) {
    return token::DURATION;
  }
  const bool bytes = unit == "B" || (unit.size() == 2 && std::string_view("KMGTP").find(unit.front()) != kNone &&
                                     (unit.back() == 'B' || unit.back() == 'i'));
  return bytes ? token::BYTES : 0;
}

Piece Number(std::string_view text, std::size_t at) {
  std::size_t end = at;
  const auto skip_digits = [&] {
    while (IsDigit(CharacterAt(text, end))) {
      ++end;
    }
  };
  skip_digits();
  const char mark = CharacterAt(text, end);
  if ((mark == '-' || mark == ':') && IsDigit(CharacterAt(text, end + 1))) {
    return {0, at};  // perhaps a date or a clock time
  }
  if (mark == '.' && IsDigit(CharacterAt(text, end + 1))) {
    ++end;
    skip_digits();
  }
  const std::size_t unit = end;
  while (IsWordCharacter(CharacterAt(text, end)) || CharacterAt(text, end) == '%') {
    ++end;
  }
  const int type = UnitType(text.substr(unit, end - unit));
  return {type, type == 0 ? at : end};
}

std::size_t EndOfString(std::string_view text, std::size_t at);

// Whether what is read may go on to another line.
enum class Lines { kOne, kMany };

// Behind the `}` of what was opened by the `{` before `at`; npos if it isn't closed.
std::size_t EndOfInterpolation(std::string_view text, std::size_t at, Lines lines) {
  while (at < text.size()) {
    switch (text[at]) {
      case '}':
        return at + 1;
      case '\r':
      case '\n':
        if (lines == Lines::kOne) {
          return kNone;
        }
        ++at;
        break;
      case '"':
        at = EndOfString(text, at);
        break;
      case '{':
        at = EndOfInterpolation(text, at + 1, lines);
        break;
      default:
        ++at;
    }
  }
  return kNone;
}

// Behind the `$` at `at` and what belongs to it: `${…}`, or `$$…{`, which is text.
std::size_t EndOfDollars(std::string_view text, std::size_t at, Lines lines) {
  const std::size_t first = at;
  while (CharacterAt(text, at) == '$') {
    ++at;
  }
  if (CharacterAt(text, at) != '{') {
    return at;
  }
  return at - first == 1 ? EndOfInterpolation(text, at + 1, lines) : at + 1;
}

// Behind the `"` that ends the string whose `"` is at `at`; npos if it doesn't end on its line. Limits hold how deep
// strings and brackets nest.
std::size_t EndOfString(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size()) {
    switch (text[at]) {
      case '"':
        return at + 1;
      case '\r':
      case '\n':
        return kNone;
      case '\\':
        if (const char escaped = CharacterAt(text, at + 1); escaped == '\r' || escaped == '\n') {
          return kNone;
        }
        at += 2;
        break;
      case '$':
        at = EndOfDollars(text, at, Lines::kOne);
        break;
      default:
        ++at;
    }
  }
  return kNone;
}

// Behind the `"""` that ends the string whose `"""` ends at `at`; npos if none does.
std::size_t EndOfRawString(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    if (text.substr(at, kRawQuotes.size()) == kRawQuotes) {
      return at + kRawQuotes.size();
    }
    at = text[at] == '$' ? EndOfDollars(text, at, Lines::kMany) : at + 1;
  }
  return kNone;
}

Piece String(std::string_view text, std::size_t at) {
  const bool raw = text.substr(at, kRawQuotes.size()) == kRawQuotes;
  const std::size_t end = raw ? EndOfRawString(text, at + kRawQuotes.size()) : EndOfString(text, at);
  return end == kNone ? Piece{0, at} : Piece{raw ? token::RAW_STRING : token::STRING, end};
}

Piece Mark(std::string_view text, std::size_t at) {
  const char next = CharacterAt(text, at + 1);
  const auto either = [&](char second, int both, int one) {
    return next == second ? Piece{both, at + 2} : Piece{one, at + 1};
  };
  switch (text[at]) {
    case '{':
      return {token::LEFT_BRACE, at + 1};
    case '}':
      return {token::RIGHT_BRACE, at + 1};
    case '[':
      return {token::LEFT_BRACKET, at + 1};
    case ']':
      return {token::RIGHT_BRACKET, at + 1};
    case '(':
      return {token::LEFT_PAREN, at + 1};
    case ')':
      return {token::RIGHT_PAREN, at + 1};
    case ',':
      return {token::COMMA, at + 1};
    case ';':
      return {token::SEMICOLON, at + 1};
    case ':':
      return {token::COLON, at + 1};
    case '@':
      return {token::AT_SIGN, at + 1};
    case '+':
      return {token::PLUS, at + 1};
    case '*':
      return {token::STAR, at + 1};
    case '.':
      return either('.', token::DOTS, token::DOT);
    case '=':
      return either('=', token::EQUAL, token::ASSIGN);
    case '<':
      return either('=', token::LESS_EQUAL, token::LESS);
    case '>':
      return either('=', token::GREATER_EQUAL, token::GREATER);
    case '-':
      return either('>', token::ARROW, token::MINUS);
    case '?':
      return either('?', token::COALESCE, token::QUESTION);
    case '!':
      return next == '=' ? Piece{token::NOT_EQUAL, at + 2} : Piece{0, at};
    case '/':
      // Comments are skipped before: two of them are three.
      return next == '/' ? Piece{token::DOC_COMMENT, std::min(text.find_first_of("\r\n", at), text.size())}
                         : Piece{token::SLASH, at + 1};
    default:
      return {0, at};
  }
}

}  // namespace

Piece ReadPiece(std::string_view text, std::size_t at) {
  const char first = text[at];
  if (IsDigit(first)) {
    return Number(text, at);
  }
  if (IsWordCharacter(first)) {
    return Word(text, at);
  }
  return first == '"' ? String(text, at) : Mark(text, at);
}

}  // namespace sluice::syntax
