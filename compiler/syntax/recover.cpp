#include "compiler/syntax/recover.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/syntax/mender.h"

namespace sluice::syntax {
namespace {

using diagnostics::Safety;

bool IsBracketRule(int rule) {
  switch (rule) {
    case rule::kArguments:
    case rule::kListLiteral:
    case rule::kMapLiteral:
    case rule::kParenthesized:
    case rule::kParameters:
    case rule::kIndex:
    case rule::kRecordType:
    case rule::kTypeArguments:
      return true;
    default:
      return false;
  }
}

bool IsLiteral(int type) { return type >= token::DATE && type <= token::RAW_STRING; }

bool IsClauseRule(int rule) {
  switch (rule) {
    case rule::kImportDeclaration:
    case rule::kDeclaration:
    case rule::kAnnotation:
    case rule::kParameter:
    case rule::kRecordField:
    case rule::kRequireClause:
    case rule::kServiceItem:
    case rule::kRouteItem:
    case rule::kGateItem:
    case rule::kRouterItem:
    case rule::kEditItem:
    case rule::kProviderFunction:
    case rule::kReadingItem:
    case rule::kReadItem:
    case rule::kRequestClause:
    case rule::kRequestItem:
    case rule::kFunctionDeclaration:
    case rule::kRolloutItem:
    case rule::kOnClause:
    case rule::kStepClause:
    case rule::kHoldVerb:
    case rule::kActionVerb:
    case rule::kWindowItem:
    case rule::kClusterItem:
    case rule::kReleaseItem:
    case rule::kTestItem:
    case rule::kSimulationItem:
    case rule::kJobItem:
      return true;
    default:
      return false;
  }
}

}  // namespace

void Mend(FileParser& file, Tokens& tokens, const Failure& failure, int again) {
  Mender mender(file, tokens, failure);
  if (again > 0) {
    mender.GiveUp(again);
  } else {
    mender.Mend();
  }
}

Mender::Mender(FileParser& file, Tokens& tokens, const Failure& failure)
    : file_(file), tokens_(tokens), failure_(failure), at_(std::min<std::size_t>(failure.token, tokens.size())) {}

void Mender::Mend() {
  if (SlipOfHand()) {
    return;
  }
  for (auto frame = failure_.frames.rbegin(); frame != failure_.frames.rend(); ++frame) {
    if (frame->rule == rule::kMapEntry) {
      return InMapEntry(*frame);
    }
    const bool opened = frame->first_token < at_ || frame->rule == rule::kChunk;
    const bool body = opened && !GrammarParser::ClauseWords(frame->rule).empty();
    const bool bracket = opened && IsBracketRule(frame->rule);
    if (!body && !bracket && (!opened || !IsClauseRule(frame->rule))) {
      continue;
    }
    // A map or list that takes its first entry expects an operand too; what is wrong then is the entry.
    if (ExpectsOperand() && !body) {
      return OperandMissing();
    }
    return body ? InBody(*frame) : bracket ? InBracket(*frame) : InClause(*frame);
  }
  if (ExpectsOperand()) {
    return OperandMissing();
  }
  Unexpected("expected the end of the expression");
  Erase(at_, tokens_.size());
}

// What people who come from elsewhere write by habit.
bool Mender::SlipOfHand() {
  return RepeatedWord() || MisspeltOverTime() || WordForValue() || UnquotedText() || SpaceBeforeUnit() ||
         MarkBehindWord();
}

void Mender::InBracket(const Frame& frame) {
  const Token here = Here();
  const bool map = frame.rule == rule::kMapLiteral || frame.rule == rule::kRecordType;
  if (here.type == token::SEMICOLON) {
    file_.Report(diagnostics::kMissingMark, file_.At(here), "`;` stands where a comma separates")
        .Fix("write a comma", Safety::kSafe, file_.At(here), ",");
    tokens_[at_].type = token::COMMA;
    return;
  }
  if (here.type == token::ASSIGN && frame.rule == rule::kArguments && IsWord(Before().type)) {
    file_.Report(diagnostics::kMissingMark, file_.At(here), "an argument's name ends with `:`")
        .Fix("write `:`", Safety::kSafe, file_.At(Before().end, here.end), ":");
    tokens_[at_].type = token::COLON;
    return;
  }
  if (NameMissing()) {
    return;
  }
  const bool label = frame.rule == rule::kArguments && IsWord(Before().type) && at_ >= 2 && IsLiteral(here.type) &&
                     (tokens_[at_ - 2].type == token::LEFT_PAREN || tokens_[at_ - 2].type == token::COMMA);
  if (label) {
    const Token before = Before();
    file_.Report(diagnostics::kMissingMark, file_.At(before), fmt::format("`:` is missing behind {}", Shown(before)))
        .At("an argument's name ends with `:`")
        .Fix("put in `:`", Safety::kUncertain, file_.At(before.end, before.end), ":");
    Insert(token::COLON);
    return;
  }
  const bool separated = frame.rule == rule::kArguments || frame.rule == rule::kListLiteral ||
                         frame.rule == rule::kParameters || frame.rule == rule::kTypeArguments;
  if (separated && BeginsOperand(here.type) && Before().type != token::COMMA && Expects(token::COMMA)) {
    const Span place = file_.At(Before().end, Before().end);
    file_.Report(diagnostics::kMissingMark, file_.At(here), fmt::format("a comma is missing before {}", Shown(here)))
        .Fix("put in a comma", Safety::kUncertain, place, ",");
    Insert(token::COMMA);
    return;
  }
  Unexpected(map ? "a key is a word or a string, with `:` behind it" : "nothing of this kind can stand here");
  std::size_t end = at_;
  int depth = 0;
  while (end < tokens_.size()) {
    const Token& token = tokens_[end];
    const bool stop = depth == 0 && (IsClosing(token.type) || (end > at_ && token.type == token::COMMA) ||
                                     (map && end > at_ && token.first_on_line));
    if (stop) {
      break;
    }
    depth += IsOpening(token.type) ? 1 : IsClosing(token.type) ? -1 : 0;
    ++end;
  }
  Erase(at_, end);
}

void Mender::InMapEntry(const Frame& frame) {
  const Token here = Here();
  if (!Expects(token::COLON) || frame.first_token >= at_) {
    return OperandMissing();
  }
  const Token key = tokens_[frame.first_token];
  if (here.type == token::ASSIGN) {
    file_.Report(diagnostics::kMissingMark, file_.At(here), "a key of a map ends with `:`")
        .Fix("write `:`", Safety::kSafe, file_.At(key.end, here.end), ":");
    tokens_[at_].type = token::COLON;
    return;
  }
  auto report =
      file_.Report(diagnostics::kMissingMark, file_.At(key), fmt::format("{} has no `:` behind it", Shown(key)));
  report.At("in a map, each key has `:` and a value");
  if (BeginsOperand(here.type) && !here.first_on_line) {
    report.Fix("put in `:`", Safety::kUncertain, file_.At(key.end, key.end), ":");
    Insert(token::COLON);
    return;
  }
  Insert(token::POISONED_VALUE);
  Insert(token::COLON);
}

void Mender::InClause(const Frame& frame) {
  if (NameMissing()) {
    return;
  }
  const Token here = Here();
  if (IsWord(here.type) && MisspeltWord(ExpectedWords(), Shown(tokens_[frame.first_token]))) {
    return;
  }
  if (Expects(token::LEFT_BRACE)) {
    return BodyMissing(frame);
  }
  ExpectedMarkOrWord(frame);
}

void Mender::InBody(const Frame& frame) {
  const Token here = Here();
  // A service needs no body, so that its clauses are met behind the whole declaration.
  if (frame.rule == rule::kChunk && at_ > 0 && tokens_[ClauseStart()].type == token::SERVICE &&
      Before().type != token::RIGHT_BRACE && OpenBody(ClauseStart())) {
    return;
  }
  const int before = at_ == 0 ? kEndOfText : tokens_[at_ - 1].type;
  const bool opens = before == kEndOfText || before == token::LEFT_BRACE || before == token::SEMICOLON;
  if (!opens && !here.first_on_line) {
    return BehindClause(frame);
  }
  if (here.type == token::MINUS) {
    const std::uint32_t end = at_ + 1 < tokens_.size() ? tokens_[at_ + 1].begin : here.end;
    file_.Report(diagnostics::kDashBeforeClause, file_.At(here), "clauses stand without a dash")
        .Fix("remove the dash", Safety::kSafe, file_.At(here.begin, end), "");
    if (at_ + 1 < tokens_.size()) {
      tokens_[at_ + 1].first_on_line = here.first_on_line;
    }
    Erase(at_, at_ + 1);
    return;
  }
  if (IsWord(here.type)) {
    return UnknownClause(frame);
  }
  if (IsClosing(here.type) || AtEnd()) {
    return GiveUp(2);
  }
  if (here.type == token::COMMA) {
    return BehindClause(frame);
  }
  Unexpected(frame.rule == rule::kChunk ? "a declaration begins with a word" : "a clause begins with a word");
  Replace(at_, ClauseEnd(frame, at_ + 1), token::POISONED_CLAUSE);
}

void Mender::BehindClause(const Frame& body) {
  if (AtEnd()) {
    return GiveUp(2);
  }
  const Token here = Here();
  const bool last = at_ + 1 >= tokens_.size() || tokens_[at_ + 1].first_on_line || IsClosing(tokens_[at_ + 1].type) ||
                    StartsClause(tokens_[at_ + 1]);
  if (here.type == token::COMMA && last) {
    file_.Report(diagnostics::kCommaBehindClause, file_.At(here), "clauses stand without commas")
        .Fix("remove the comma", Safety::kSafe, file_.At(here), "");
    Erase(at_, at_ + 1);
    return;
  }
  const std::size_t start = ClauseStart();
  if (IsWord(here.type)) {
    std::vector<int> words = ExpectedWords();
    if (MisspeltWord(words, Shown(tokens_[start]))) {
      return;
    }
    const bool with_value = at_ + 1 < tokens_.size() && !tokens_[at_ + 1].first_on_line &&
                            (BeginsOperand(tokens_[at_ + 1].type) || tokens_[at_ + 1].type == token::COLON);
    if (with_value) {
      return UnknownClause(body);
    }
  }
  auto report = file_.Report(diagnostics::kUnexpected, file_.At(here),
                             fmt::format("{} does not belong to this {}", Shown(here), Shown(tokens_[start])));
  report.At("the clause is complete before it").Label(file_.At(tokens_[start]), "the clause begins here");
  std::size_t end = at_ + 1;
  int depth = IsOpening(here.type) ? 1 : 0;
  while (end < tokens_.size()) {
    const Token& token = tokens_[end];
    const bool stop = depth == 0 && (token.first_on_line || IsClosing(token.type) || token.type == token::SEMICOLON ||
                                     (StartsClause(token) && EndsOperand(tokens_[end - 1].type)));
    if (stop) {
      break;
    }
    depth += IsOpening(token.type) ? 1 : IsClosing(token.type) ? -1 : 0;
    ++end;
  }
  Erase(at_, end);
}

void Mender::Unexpected(const std::string& why) {
  const Token here = Here();
  const Span span = AtEnd() ? file_.At(Before()) : file_.At(here);
  const std::string what =
      AtEnd() ? "the text ends too early" : fmt::format("{} stands in the wrong place", Shown(here));
  file_.Report(diagnostics::kUnexpected, span, what).At(why);
}

void Mender::GiveUp(int level) {
  const Frame* body = InnermostBody();
  const Frame* clause = nullptr;
  for (const Frame& frame : failure_.frames) {
    if (body != nullptr && &frame > body && IsClauseRule(frame.rule)) {
      clause = &frame;
      break;
    }
  }
  if (level > 2 || body == nullptr || clause == nullptr || clause->first_token >= at_) {
    if (body != nullptr && level <= 2 && at_ < tokens_.size() && !IsClosing(tokens_[at_].type)) {
      Replace(at_, ClauseEnd(*body, at_ + 1), token::POISONED_CLAUSE);
      return;
    }
    if (failure_.frames.front().rule == rule::kChunk || tokens_.empty()) {
      tokens_.clear();
    } else {
      Replace(0, tokens_.size(), token::POISONED_VALUE);
    }
    return;
  }
  Replace(clause->first_token, ClauseEnd(*body, at_), token::POISONED_CLAUSE);
}

}  // namespace sluice::syntax
