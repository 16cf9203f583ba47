// Mistakes where an operand or a name is due.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/syntax/mender.h"
#include "compiler/syntax/number_units.h"

namespace sluice::syntax {
namespace {

using diagnostics::Safety;

bool IsInfix(int type) {
  switch (type) {
    case token::AND:
    case token::OR:
    case token::IN:
    case token::IS:
    case token::PLUS:
    case token::STAR:
    case token::SLASH:
    case token::COALESCE:
    case token::EQUAL:
    case token::NOT_EQUAL:
    case token::LESS:
    case token::LESS_EQUAL:
    case token::GREATER:
    case token::GREATER_EQUAL:
      return true;
    default:
      return false;
  }
}

bool IsPlainName(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !text.empty() && (text[0] < '0' || text[0] > '9') && text[0] != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), letter);
}

}  // namespace

void Mender::OperandMissing() {
  const Token here = Here();
  const bool number = here.type == token::DOT && at_ + 1 < tokens_.size() && tokens_[at_ + 1].begin == here.end &&
                      tokens_[at_ + 1].type >= token::NUMBER && tokens_[at_ + 1].type <= token::BYTES;
  if (number) {
    const Span span = file_.At(here.begin, tokens_[at_ + 1].end);
    file_.Report(diagnostics::kUnexpected, span, "a number begins with a digit")
        .Fix("put in the zero", Safety::kSafe, file_.At(here.begin, here.begin), "0");
    Replace(at_, at_ + 2, token::POISONED_VALUE);
    return;
  }
  const bool equals = here.type == token::EQUAL && Before().type == token::ASSIGN;
  const bool marks = here.type == token::ASSIGN || here.type == token::COLON || equals;
  if (marks && IsWord(Before().type) && MarkBehindWord()) {
    return;
  }
  const bool ends = AtEnd() || IsClosing(here.type) || here.type == token::COMMA || here.type == token::SEMICOLON ||
                    here.first_on_line || IsInfix(here.type) || IsKeyword(here.type) ||
                    here.type == token::LEFT_BRACE || here.type == token::ASSIGN || here.type == token::COLON;
  if (ends) {
    return NothingBefore(here);
  }
  file_.Report(diagnostics::kUnexpected, file_.At(here), fmt::format("{} stands where a value belongs", Shown(here)))
      .At("expected a value");
  Replace(at_, at_ + 1, token::POISONED_VALUE);
}

// The value is missing between the token before and this one: reported where it has to be put in.
void Mender::NothingBefore(const Token& here) {
  const Token before = Before();
  const bool reserved = IsReserved(here.type) && !here.first_on_line && !IsInfix(here.type) &&
                        (here.type == token::FOR || here.type == token::JOB);
  if (reserved) {
    file_.Report(diagnostics::kReservedWord, file_.At(here), fmt::format("{} is reserved and is no name", Shown(here)))
        .At("expected a value");
    Replace(at_, at_ + 1, token::POISONED_VALUE);
    return;
  }
  const bool opens = !IsInfix(before.type) && !EndsOperand(before.type);
  if (IsInfix(here.type) && (opens || !IsInfix(before.type))) {
    const std::string where = opens ? fmt::format("{} has nothing on its left", Shown(here))
                                    : fmt::format("nothing stands between {} and {}", Shown(before), Shown(here));
    file_.Report(diagnostics::kMissingOperand, file_.At(here), where).At("expected a value before it");
  } else if (before.type == kEndOfText) {
    file_.Report(diagnostics::kMissingOperand, file_.At(here), "a value is missing").Emit();
  } else {
    const bool infix = IsInfix(before.type) || before.type == token::MINUS || before.type == token::NOT;
    file_
        .Report(diagnostics::kMissingOperand, file_.At(before),
                fmt::format("{} has {}", Shown(before), infix ? "nothing on its right" : "no value behind it"))
        .At("expected a value behind it");
  }
  Insert(token::POISONED_VALUE);
}

// `image ghcr.io/acme/checkout:2.4.0`, `path /checkout`: the rest of the line up to a space is the text.
bool Mender::UnquotedText() {
  const std::size_t start = ClauseStart();
  if (at_ == 0 || start + 1 >= tokens_.size() || !IsWord(tokens_[start].type) || start >= at_) {
    return false;
  }
  switch (tokens_[start].type) {
    case token::IMAGE:
    case token::PATH:
    case token::HOST:
    case token::NAMESPACE:
    case token::VIA:
    case token::PROBE:
    case token::CONFIG:
      break;
    default:
      return false;
  }
  // The run of tokens without spaces around the mistake.
  std::size_t first = at_;
  while (first > start + 1 && first < tokens_.size() && tokens_[first - 1].end == tokens_[first].begin) {
    --first;
  }
  std::size_t last = at_;
  while (last < tokens_.size() && (last == at_ || tokens_[last].begin == tokens_[last - 1].end)) {
    ++last;
  }
  if (AtEnd() || last == first || IsClosing(Here().type)) {
    return false;
  }
  const std::uint32_t begin = tokens_[first].begin;
  const std::uint32_t end = tokens_[last - 1].end;
  const std::string text(file_.text().substr(begin, end - begin));
  const bool root = text == "/" && (tokens_[start].type == token::PROBE || tokens_[start].type == token::PATH);
  const bool like_text = (text.size() > 1 || root) && text.back() != ':' &&
                         text.find_first_of("/:@.") != std::string::npos && text[0] != ':' && text[0] != '=' &&
                         text[0] != '.' && text.find_first_of("\"(){}[] ,=\n") == std::string::npos;
  if (!like_text) {
    return false;
  }
  const Span span = file_.At(begin, end);
  file_.Report(diagnostics::kUnquotedText, span, fmt::format("`{}` has no quotes", text))
      .At("a text stands in double quotes")
      .Fix("put it into quotes", Safety::kSafe, span, "\"" + text + "\"");
  Replace(first, last, token::POISONED_VALUE);
  return true;
}

// `hold 10 m`, `deadline 5 min`.
bool Mender::SpaceBeforeUnit() {
  const Token here = Here();
  if (here.type != token::ID || here.first_on_line || at_ == 0 || tokens_[at_ - 1].type != token::NUMBER) {
    return false;
  }
  const std::string number(file_.TextOf(tokens_[at_ - 1]));
  const std::string unit(file_.TextOf(here));
  const std::string joined = unit == "m" ? number + unit : LikelyNumber(number + unit);
  if (joined.empty()) {
    return false;
  }
  const Span span = file_.At(tokens_[at_ - 1].begin, here.end);
  file_.Report(diagnostics::kUnknownUnit, span, fmt::format("a space stands between `{}` and its unit", number))
      .Fix("write `" + joined + "`", Safety::kUncertain, span, joined);
  Replace(at_ - 1, at_ + 1, token::POISONED_VALUE);
  return true;
}

// `hold while healthy`, `approved by within 5m`: the second word was read as the value of the first.
bool Mender::WordForValue() {
  if (at_ < 2 || AtEnd() || Here().first_on_line || !BeginsOperand(Here().type)) {
    return false;
  }
  const Token before = tokens_[at_ - 2];
  const Token word = Before();
  const bool joins = word.type == token::WITHIN || word.type == token::WHILE || word.type == token::RETRY;
  const bool takes = before.type == token::HOLD || before.type == token::CHECK || before.type == token::BY ||
                     before.type == token::QUORUM || before.type == token::WITHIN || before.type == token::WHILE;
  if (!joins || !takes || word.first_on_line || before.put_in) {
    return false;
  }
  file_.Report(diagnostics::kMissingOperand, file_.At(before), fmt::format("{} has no value behind it", Shown(before)))
      .At("expected a value behind it");
  --at_;
  Insert(token::POISONED_VALUE);
  return true;
}

bool Mender::NameMissing() {
  if (!Expects(token::ID) || ExpectsOperand() || Expects(token::LEFT_BRACE)) {
    return false;
  }
  const Token here = Here();
  if (IsReserved(here.type) && !Expects(here.type)) {
    file_.Report(diagnostics::kReservedWord, file_.At(here), fmt::format("{} is reserved and is no name", Shown(here)))
        .At("choose another name");
    tokens_[at_].type = token::ID;
    return true;
  }
  if (here.type == token::STRING) {
    const std::string_view text = file_.TextOf(here);
    const std::string inner(text.substr(1, text.size() - 2));
    if (IsPlainName(inner)) {
      file_.Report(diagnostics::kQuotedName, file_.At(here), fmt::format("the name {} stands in quotes", Shown(here)))
          .Fix("remove the quotes", Safety::kSafe, file_.At(here), inner);
      tokens_[at_].type = token::ID;
      ++tokens_[at_].begin;
      --tokens_[at_].end;
      return true;
    }
  }
  const Token before = Before();
  if (before.type == token::ELSE) {
    file_.Report(diagnostics::kMissingWord, file_.At(before), "`else` has no action behind it")
        .At("expected `rollback`, `continue`, `hold` or `fail` behind it");
    Insert(token::ID);
    return true;
  }
  const bool wrong = before.type != token::PORT && !AtEnd() && !here.first_on_line && here.type >= token::DATE &&
                     here.type <= token::RAW_STRING;
  if (wrong) {
    file_.Report(diagnostics::kMissingName, file_.At(here), fmt::format("{} is no name", Shown(here)))
        .At("a name is letters, digits, `_` and single dashes, and begins with a letter");
    tokens_[at_].type = token::ID;
    return true;
  }
  if (before.type == token::PORT && here.type == token::NUMBER) {
    file_.Report(diagnostics::kMissingName, file_.At(here), "this port has no name")
        .At("a port is written `port NAME NUMBER`")
        .Fix("call it `http`", Safety::kUncertain, file_.At(here.begin, here.begin), "http ");
    Insert(token::ID);
    return true;
  }
  const Span span = before.type == kEndOfText ? file_.At(here) : file_.At(before);
  file_.Report(diagnostics::kMissingName, span, fmt::format("{} has no name behind it", Shown(before)))
      .At("expected a name behind it");
  Insert(token::ID);
  return true;
}

}  // namespace sluice::syntax
