// The cases of recover.h, by what was being read when the tokens stopped to fit.
#pragma once

#include <string>
#include <vector>

#include "compiler/syntax/recover.h"

namespace sluice::syntax {

// "a step", "a service": whose clauses the body of this rule holds.
std::string BodyNoun(int body);
// The nouns of all bodies that have a clause of this word.
std::vector<std::string> BodiesWith(int word);

class Mender {
 public:
  Mender(FileParser& file, Tokens& tokens, const Failure& failure);

  void Mend();
  // Takes the clause out, or the whole declaration, or all tokens, without a word. `level`: how often mending
  // did not help.
  void GiveUp(int level);

 private:
  // recover.cpp
  bool SlipOfHand();
  void InBracket(const Frame& frame);
  void InMapEntry(const Frame& frame);
  void InClause(const Frame& frame);
  void InBody(const Frame& frame);
  void BehindClause(const Frame& body);

  // recover_operand.cpp
  void OperandMissing();
  void NothingBefore(const Token& here);
  bool UnquotedText();
  bool SpaceBeforeUnit();
  bool NameMissing();
  bool WordForValue();

  // recover_words.cpp
  bool MarkBehindWord();
  bool RepeatedWord();
  bool MisspeltOverTime();
  bool MisspeltWord(const std::vector<int>& candidates, const std::string& of_what);
  bool StrategyWithoutUsing(const Frame& body);
  void UnknownClause(const Frame& body);
  void ExpectedMarkOrWord(const Frame& clause);
  void BodyMissing(const Frame& clause);
  bool OpenBody(std::size_t head);

  // Shared.
  void Unexpected(const std::string& why);
  const Frame* InnermostBody() const;
  std::size_t ClauseStart() const;
  std::size_t ClauseEnd(const Frame& body, std::size_t from) const;
  bool StartsClause(const Token& token) const;
  bool Expects(int type) const { return failure_.expected.count(type) != 0; }
  bool ExpectsOperand() const;
  bool AtEnd() const { return at_ >= tokens_.size(); }
  Token Here() const;
  Token Before() const;
  std::string Shown(const Token& token) const;
  void Insert(int type);
  void Erase(std::size_t from, std::size_t to);
  void Replace(std::size_t from, std::size_t to, int type);
  std::vector<int> ExpectedWords() const;

  FileParser& file_;
  Tokens& tokens_;
  const Failure& failure_;
  std::size_t at_;
};

}  // namespace sluice::syntax
