#include "compiler/syntax/recover.h"
namespace sluice::syntax {
void Mend(FileParser& file, Tokens& tokens, const Failure& failure, bool again) {
  (void)again;
  std::string s;
  for (auto& f : failure.frames) s += GrammarParser::RuleName(f.rule) + " ";
  s += " expected:";
  for (int e : failure.expected) s += " " + Spelling(e);
  auto& t = tokens[std::min<std::size_t>(failure.token, tokens.size() - 1)];
  file.Report(diagnostics::kUnexpected, file.At(t), s).Emit();
  tokens.clear();
}
}  // namespace sluice::syntax
