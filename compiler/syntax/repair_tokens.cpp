#include "compiler/syntax/repair_tokens.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "compiler/syntax/number_units.h"
#include "compiler/syntax/token_repairer.h"

namespace sluice::syntax {
namespace {

using diagnostics::Safety;

// What follows this word is a name.
bool IsNamed(int word) {
  switch (word) {
    case token::SERVICE:
    case token::ROUTE:
    case token::OBJECT:
    case token::GATE:
    case token::ROUTER:
    case token::PROVIDER:
    case token::DIALECT:
    case token::CHANNEL:
    case token::ROLLOUT:
    case token::STRATEGY:
    case token::LET:
    case token::FN:
    case token::STEP:
      return true;
    default:
      return false;
  }
}

bool NeedsRepair(const Token& token, std::string_view text) {
  return (token.type == token::SLASH && text.substr(token.end, 1) == "*") || token.type == token::BAD_CHARACTER ||
         token.type == token::BAD_NUMBER || token.type == token::UNTERMINATED_STRING ||
         token.type == token::UNTERMINATED_RAW_STRING || (token.type == token::MINUS && token.first_on_line);
}

}  // namespace

Tokens TokenRepairer::Run() {
  while (at_ < tokens_.size()) {
    RepairOne();
  }
  return std::move(done_);
}

void TokenRepairer::RepairOne() {
  const Token token = tokens_[at_];
  switch (token.type) {
    case token::BAD_CHARACTER:
      BadCharacters();
      return;
    case token::BAD_NUMBER:
      BadNumber(token);
      break;
    case token::UNTERMINATED_STRING:
      UnterminatedString(token);
      return;
    case token::UNTERMINATED_RAW_STRING:
      file_
          .Report(diagnostics::kUnterminatedString, file_.At(token.begin, token.begin + 3),
                  "this raw string has no end")
          .At("expected `\"\"\"` behind it");
      UnterminatedRawString(token);
      return;
    case token::SLASH:
      if (BlockComment()) {
        return;
      }
      done_.push_back(token);
      break;
    case token::MINUS:
      if (token.first_on_line && (DashBeforeClause() || DashesBeforeItems())) {
        return;
      }
      done_.push_back(token);
      break;
    default:
      done_.push_back(token);
  }
  ++at_;
}

const Token* TokenRepairer::Next(std::size_t count) const {
  const bool same_line = at_ + count < tokens_.size() && !tokens_[at_ + count].first_on_line;
  return same_line ? &tokens_[at_ + count] : nullptr;
}

// `/* … */`: no product has two operators side by side.
bool TokenRepairer::BlockComment() {
  const Token slash = tokens_[at_];
  if (text_.substr(slash.begin, 2) != "/*") {
    return false;
  }
  const std::size_t close = text_.find("*/", slash.end + 1);
  const auto end = static_cast<std::uint32_t>(close == std::string_view::npos ? text_.size() : close + 2);
  auto report =
      file_.Report(diagnostics::kForeignOperator, file_.At(slash.begin, slash.end + 1), "`/*` begins no comment");
  report.At("comments begin with `//` and end with their line");
  const std::string_view line = text_.substr(slash.begin, text_.find_first_of("\r\n", slash.begin) - slash.begin);
  if (slash.begin + line.size() == end && close != std::string_view::npos) {
    const std::string inner(text_.substr(slash.end + 1, close - slash.end - 1));
    report.Fix("write `//`", Safety::kUncertain, file_.At(slash.begin, end),
               "//" + inner.substr(0, inner.find_last_not_of(' ') + 1));
  }
  SkipTo(end);
  return true;
}

// `- weight 10%`, `- name: x`: no subtraction has two operands side by side behind its sign.
bool TokenRepairer::DashBeforeClause() {
  const Token* word = Next(1);
  const Token* value = Next(2);
  if (word == nullptr || value == nullptr || !IsWord(word->type) || word->begin == tokens_[at_].end) {
    return false;
  }
  const bool beside = value->type == token::COLON ||
                      (BeginsOperand(value->type) && value->type != token::MINUS && value->type != token::LEFT_PAREN &&
                       value->type != token::IF && value->type != token::LEFT_BRACKET && value->type != token::NOT);
  if (!beside) {
    return false;
  }
  file_.Report(diagnostics::kDashBeforeClause, file_.At(tokens_[at_]), "clauses stand without a dash")
      .Fix("remove the dash", Safety::kSafe, file_.At(tokens_[at_].begin, word->begin), "");
  tokens_[at_ + 1].first_on_line = true;
  ++at_;
  return true;
}

// `args⏎ - "--fast"⏎ - "--once"`: a string is never subtracted.
bool TokenRepairer::DashesBeforeItems() {
  if (Next(1) == nullptr || Next(1)->type != token::STRING) {
    return false;
  }
  const std::size_t first = at_;
  std::string list;
  while (at_ + 1 < tokens_.size() && tokens_[at_].type == token::MINUS && tokens_[at_].first_on_line &&
         tokens_[at_ + 1].type == token::STRING) {
    list += list.empty() ? "" : ", ";
    list += file_.TextOf(tokens_[at_ + 1]);
    at_ += 2;
  }
  const Span span = file_.At(tokens_[first].begin, tokens_[at_ - 1].end);
  file_.Report(diagnostics::kDashBeforeClause, file_.At(tokens_[first]), "a list stands in brackets")
      .At("items stand between `[` and `]`, with commas")
      .Fix("write a list", Safety::kUncertain, span, "[" + list + "]");
  Token value = tokens_[first];
  value.type = token::POISONED_VALUE;
  value.end = span.end;
  value.first_on_line = false;
  done_.push_back(value);
  return true;
}

void TokenRepairer::BadNumber(const Token& token) {
  const std::string text(file_.TextOf(token));
  const std::size_t digits = text.find_first_not_of("0123456789.");
  const std::string number = text.substr(0, digits);
  const std::string unit = text.substr(digits);
  if (!done_.empty() && !token.first_on_line && IsNamed(done_.back().type) && text[0] != '.') {
    file_.Report(diagnostics::kMissingName, file_.At(token), fmt::format("`{}` is no name", text))
        .At("a name is letters, digits, `_` and single dashes, and begins with a letter");
    const std::size_t letter = text.find_first_not_of("0123456789._%");
    Put(token::ID, token.begin + static_cast<std::uint32_t>(std::min(letter, text.size())), token.end);
    return;
  }
  Put(token::POISONED_VALUE, token.begin, token.end);
  if (unit.find_first_not_of("0123456789_") == std::string::npos) {
    const std::string plain = LikelyNumber(text);
    file_.Report(diagnostics::kUnknownUnit, file_.At(token), fmt::format("`{}` has a `_` between its digits", text))
        .Fix("write `" + plain + "`", Safety::kSafe, file_.At(token), plain);
    return;
  }
  auto report =
      file_.Report(diagnostics::kUnknownUnit, file_.At(token), fmt::format("`{}` is no unit of a number", unit));
  report.Note(
      "durations: `ms` `s` `m` (minutes) `h` `d` `w`; bytes: `B`, `KB` `MB` `GB` `TB`, `Ki` `Mi` `Gi` `Ti`; "
      "shares: `%`");
  if (unit == "M") {
    report.At("minutes or mebibytes?");
    report.Fix("minutes", Safety::kUncertain, file_.At(token), number + "m");
    report.Fix("mebibytes", Safety::kUncertain, file_.At(token), number + "Mi");
    return;
  }
  const std::string likely = LikelyNumber(text);
  if (!likely.empty()) {
    report.Fix("write `" + likely + "`", Safety::kUncertain, file_.At(token), likely);
  }
}

void TokenRepairer::Put(int type, std::uint32_t begin, std::uint32_t end) {
  Token token = tokens_[at_];
  token.type = type;
  token.begin = begin;
  token.end = end;
  done_.push_back(token);
}

void TokenRepairer::SkipLine(std::uint32_t from) {
  SkipTo(static_cast<std::uint32_t>(std::min(text_.find_first_of("\r\n", from), text_.size())));
}

void TokenRepairer::SkipTo(std::uint32_t end) {
  while (at_ < tokens_.size() && tokens_[at_].begin < end) {
    ++at_;
  }
}

void RepairTokens(FileParser& file, Tokens& tokens) {
  if (std::any_of(tokens.begin(), tokens.end(), [&](const Token& token) { return NeedsRepair(token, file.text()); })) {
    tokens = TokenRepairer(file, std::move(tokens)).Run();
  }
}

}  // namespace sluice::syntax
