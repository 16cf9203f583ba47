// Parses one file: limits, tokens, brackets, then chunk by chunk the grammar and its tree's translation.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/source/source_set.h"
#include "compiler/syntax/ast.h"
#include "compiler/syntax/grammar_parser.h"

namespace sluice::syntax {

// What all parts of the parser share about the file at hand.
class FileParser {
 public:
  FileParser(const source::SourceSet& sources, source::FileId file, diagnostics::Emitter& emitter);

  PlanFile Run();

  // The expression in bytes [begin, end), which stand inside a string that is itself `depth` levels deep.
  ExpressionPtr ParseInterpolation(std::uint32_t begin, std::uint32_t end, std::uint16_t depth);

  std::string_view text() const { return text_; }
  std::string_view TextOf(const Token& token) const { return text_.substr(token.begin, token.end - token.begin); }
  Span At(std::uint32_t begin, std::uint32_t end) const { return Span{file_, begin, end}; }
  Span At(const Token& token) const { return At(token.begin, token.end); }
  diagnostics::Builder Report(const diagnostics::Kind& kind, Span span, std::string message) {
    return emitter_.Report(kind, span, std::move(message));
  }
  // The text of the `///` lines that end right above this offset.
  std::string DocAbove(std::uint32_t offset) const;

 private:
  // False: the text is beyond a limit, which was reported.
  bool ReadTokens(Tokens& tokens);
  void ParseChunk(Tokens tokens, PlanFile& plan);
  // Mends until it parses; false where that was given up.
  bool ParseMending(GrammarParser::Entry entry, Tree& tree);

  source::FileId file_;
  std::string_view text_;
  diagnostics::Emitter& emitter_;
  GrammarParser grammar_;
  Tokens docs_;
};

}  // namespace sluice::syntax
