// The grammar behind values: tokens in, a tree or the first mistake out.
//
// Text without a mistake is read by tables that the build makes of the grammar; only where they refuse does the
// generated parser read it again, which knows what would have fitted. A test compares the two.
//
// It never recovers. Whoever calls mends the tokens and parses again, so that what is said about a mistake, and
// how much of the text it costs, is decided by us alone.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "compiler/syntax/tree.h"

namespace sluice::syntax {

// A rule that was being read.
struct Frame {
  int rule = 0;
  std::uint32_t first_token = 0;
};

struct Failure {
  std::uint32_t token = 0;    // nothing fits here; all tokens before it do. May be one past the last
  std::vector<Frame> frames;  // outermost first
  std::set<int> expected;     // token types that would have fitted; `name` counts as ID alone
};

// Not shared between threads; reuse it for all texts of a file.
class GrammarParser {
 public:
  enum class Entry { kChunk, kExpression };

  GrammarParser();
  ~GrammarParser();

  // Fills the nodes of `tree` from its tokens, or says where they stop to fit.
  std::optional<Failure> Parse(Entry entry, Tree& tree);

  // The two ways to do so. By tables: false where the tokens don't fit.
  static bool ParseByTables(Entry entry, Tree& tree);
  std::optional<Failure> ParseGenerated(Entry entry, Tree& tree);

  // The words that can begin a clause of the body that this rule reads; empty where `rule` is no body.
  static const std::set<int>& ClauseWords(int rule);
  // Every rule that reads a body (or the whole file).
  static const std::vector<int>& Bodies();

  // Counts predictions that needed the full context or met an ambiguity since the start, for the test that
  // keeps the grammar free of both.
  static int CountHardPredictions(Entry entry, const Tokens& tokens);

 private:
  struct State;
  std::unique_ptr<State> state_;  // of the generated parser; null until it is needed
};

// A clause word that stands first on its line is not a name where its body expects clauses. Walking the rules that
// are being read outwards from the name, the first that gives an answer tells whether `type` begins a clause.
bool MayBeginClause(const Token& token);
std::optional<bool> BeginsClauseIn(int rule, int type);

}  // namespace sluice::syntax
