// The tokens of one text, and what is known of token types.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/source/span.h"
#include "compiler/syntax/symbols.h"

namespace sluice::syntax {

inline constexpr int kEndOfText = -1;

// Offsets are bytes of the whole file, also where only a part of it was read.
struct Token {
  int type = kEndOfText;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t indent = 0;  // bytes before the first token of its line
  std::uint16_t depth = 0;   // levels of nesting around it
  bool first_on_line = false;
  bool put_in = false;  // stands for something that is missing or was reported
};

using Tokens = std::vector<Token>;

// A word of the language, reserved or contextual.
inline bool IsKeyword(int type) { return type >= token::AND && type < token::ID; }
inline bool IsReserved(int type) { return type >= token::AND && type <= token::JOB; }
inline bool IsWord(int type) { return IsKeyword(type) || type == token::ID; }
inline bool IsOpening(int type) {
  return type == token::LEFT_BRACE || type == token::LEFT_BRACKET || type == token::LEFT_PAREN;
}
inline bool IsClosing(int type) {
  return type == token::RIGHT_BRACE || type == token::RIGHT_BRACKET || type == token::RIGHT_PAREN;
}
// The bracket that ends what `opening` began.
int ClosingOf(int opening);

// Whether an operand can end with this token, and whether one can begin with it.
bool EndsOperand(int type);
bool BeginsOperand(int type);

// How a token type is written: "weight", "{", "a name", "a number".
std::string Spelling(int type);

// The reads of one text. `end` is where the text ends in the file; it stops after `limit` tokens.
// `docs`: the `///` lines apart from the others.
Tokens Lex(std::string_view text, std::uint32_t begin, std::uint32_t end, std::size_t limit, Tokens* docs);

// Makes words of `always`, `never` and `eventually` where they stand between `expect` and a condition; everywhere else
// they are names like any other. The grammar can't tell: `(a)` behind a name may be a condition or a call's argument.
void MarkOverTime(std::string_view text, Tokens& tokens);

// The text from the start of the line that holds `offset` up to `offset` is blank.
bool FirstOnLine(std::string_view text, std::uint32_t offset, std::uint32_t* indent);

}  // namespace sluice::syntax
