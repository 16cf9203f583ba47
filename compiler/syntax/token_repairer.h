// Repairs the tokens of one file: marks and numbers (repair_tokens.cpp), characters that no token has
// (repair_characters.cpp), strings without an end (repair_strings.cpp). Private to this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "compiler/syntax/file_parser.h"

namespace sluice::syntax {

class TokenRepairer {
 public:
  TokenRepairer(FileParser& file, Tokens tokens) : file_(file), text_(file.text()), tokens_(std::move(tokens)) {}

  Tokens Run();

 private:
  void RepairOne();
  const Token* Next(std::size_t count) const;
  bool BlockComment();
  bool DashBeforeClause();
  bool DashesBeforeItems();
  void BadNumber(const Token& token);
  void Put(int type, std::uint32_t begin, std::uint32_t end);
  void SkipLine(std::uint32_t from);
  void SkipTo(std::uint32_t end);

  void BadCharacters();
  std::optional<Token> TakeWord(Span& whole);
  bool ForeignLetters(std::string_view text, Span span);
  bool Quotes(std::string_view text, Span span);
  bool ForeignOperator();
  void ReplaceOperator(std::size_t count, int type, const std::string& meant);

  void UnterminatedRawString(const Token& token);
  void UnterminatedString(const Token& token);

  FileParser& file_;
  std::string_view text_;
  Tokens tokens_;
  std::size_t at_ = 0;
  Tokens done_;
};

}  // namespace sluice::syntax
