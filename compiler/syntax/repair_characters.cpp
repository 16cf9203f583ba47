// Characters that no token has: signs, letters and quotes of other languages.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/syntax/token_repairer.h"

namespace sluice::syntax {

using diagnostics::Safety;

// One report for a run of characters that nothing separates.
void TokenRepairer::BadCharacters() {
  const std::size_t first = at_;
  if (ForeignOperator()) {
    return;
  }
  while (at_ < tokens_.size() && tokens_[at_].type == token::BAD_CHARACTER &&
         (at_ == first || tokens_[at_].begin == tokens_[at_ - 1].end)) {
    ++at_;
  }
  const Span span = file_.At(tokens_[first].begin, tokens_[at_ - 1].end);
  const std::string_view text = text_.substr(span.begin, span.end - span.begin);
  if (text.find('\0') != std::string_view::npos) {
    return;  // the file's NUL bytes were reported
  }
  if (FirstInvalidUtf8(text)) {
    Span word = span;  // the file's encoding was reported; a name that holds the byte is one name
    if (const std::optional<Token> name = TakeWord(word)) {
      done_.push_back(*name);
    }
    return;
  }
  if (Quotes(text, span) || ForeignLetters(text, span)) {
    return;
  }
  auto report = file_.Report(diagnostics::kBadCharacter, span, fmt::format("`{}` is not part of the language", text));
  if (text == "#") {
    report.At("comments begin with `//`").Fix("begin the comment with `//`", Safety::kUncertain, span, "//");
    SkipLine(span.end);
  } else if (text == "\xc2\xa0" || text == "\xe2\x80\x8b") {
    report.At("a space that is none to programs").Fix("write a space", Safety::kSafe, span, " ");
  } else {
    report.Fix("remove it", Safety::kPlaceholder, span, "");
  }
}

// What stands around `whole` without a space, taken out of the tokens; `whole` becomes all of it. The first part that
// is a name, if there is one.
std::optional<Token> TokenRepairer::TakeWord(Span& whole) {
  std::optional<Token> name;
  while (!done_.empty() && done_.back().end == whole.begin && !done_.back().put_in) {
    const bool dash = done_.back().type == token::MINUS && done_.size() > 1 && IsWord(done_[done_.size() - 2].type) &&
                      done_[done_.size() - 2].end == done_.back().begin;
    if (!dash && !IsWord(done_.back().type)) {
      break;
    }
    name = dash ? name : done_.back();
    whole.begin = done_.back().begin;
    done_.pop_back();
  }
  for (; at_ < tokens_.size() && tokens_[at_].begin == whole.end; ++at_) {
    const Token& token = tokens_[at_];
    if (token.type != token::MINUS && token.type != token::BAD_CHARACTER && !IsWord(token.type)) {
      break;
    }
    name = !name && IsWord(token.type) ? token : name;
    whole.end = token.end;
  }
  return name;
}

// `api-Ü`: one report for the whole word, which goes on as the part of it that is a name.
bool TokenRepairer::ForeignLetters(std::string_view text, Span span) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0xc3 || first > 0xed || first == 0xe2) {
    return false;  // signs, spaces and punctuation
  }
  Span whole = span;
  std::optional<Token> name = TakeWord(whole);
  file_
      .Report(diagnostics::kBadCharacter, whole,
              fmt::format("`{}` is no name", text_.substr(whole.begin, whole.end - whole.begin)))
      .At("names are letters from a to z, digits, `_` and single dashes");
  if (name) {
    name->type = token::ID;
    done_.push_back(*name);
  }
  return true;
}

// `'text'` and typographic quotes.
bool TokenRepairer::Quotes(std::string_view text, Span span) {
  const bool typographic = text == "\xe2\x80\x9c" || text == "\xe2\x80\x9d";
  if (text != "'" && text != "`" && !typographic) {
    return false;
  }
  const std::size_t line_end = std::min(text_.find_first_of("\r\n", span.end), text_.size());
  const std::string_view closing = text == "\xe2\x80\x9c" ? std::string_view("\xe2\x80\x9d") : text;
  const std::size_t close = text_.substr(0, line_end).find(closing, span.end);
  auto report = file_.Report(diagnostics::kBadCharacter, span, "strings stand in double quotes");
  const std::uint32_t end =
      static_cast<std::uint32_t>(close == std::string_view::npos ? line_end : close + closing.size());
  if (close != std::string_view::npos) {
    const std::string inner(text_.substr(span.end, close - span.end));
    report.Fix("write double quotes", Safety::kUncertain, file_.At(span.begin, end), "\"" + inner + "\"");
  }
  Token value = tokens_[at_ - 1];
  value.type = token::POISONED_VALUE;
  value.begin = span.begin;
  value.end = end;
  done_.push_back(value);
  SkipTo(end);
  return true;
}

// `&&`, `||`, `!x`, `5 %`.
bool TokenRepairer::ForeignOperator() {
  const Token token = tokens_[at_];
  const char c = text_[token.begin];
  const bool twice = at_ + 1 < tokens_.size() && tokens_[at_ + 1].begin == token.end && text_[token.end] == c;
  if ((c == '&' || c == '|') && twice) {
    const char* meant = c == '&' ? "and" : "or";
    ReplaceOperator(2, c == '&' ? token::AND : token::OR, meant);
    return true;
  }
  if (c == '!') {
    ReplaceOperator(1, token::NOT, "not ");
    return true;
  }
  if (c == '%' && !done_.empty() && done_.back().type == token::NUMBER) {
    const Span span = file_.At(done_.back().begin, token.end);
    const std::string number(file_.TextOf(done_.back()));
    file_.Report(diagnostics::kUnknownUnit, span, fmt::format("a space stands between `{}` and `%`", number))
        .Fix("join them", Safety::kSafe, span, number + "%");
    done_.back().type = token::POISONED_VALUE;
    done_.back().end = token.end;
    ++at_;
    return true;
  }
  return false;
}

void TokenRepairer::ReplaceOperator(std::size_t count, int type, const std::string& meant) {
  const Span span = file_.At(tokens_[at_].begin, tokens_[at_ + count - 1].end);
  const std::string trimmed = meant.substr(0, meant.find(' '));
  file_
      .Report(diagnostics::kForeignOperator, span,
              fmt::format("`{}` is written `{}`", text_.substr(span.begin, span.end - span.begin), trimmed))
      .Fix(fmt::format("write `{}`", trimmed), Safety::kSafe, span, meant);
  Put(type, span.begin, span.end);
  at_ += count;
}

}  // namespace sluice::syntax
