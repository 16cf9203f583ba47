#include "compiler/syntax/repair_tokens.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/syntax/number_units.h"

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

class TokenRepairer {
 public:
  TokenRepairer(FileParser& file, Tokens tokens) : file_(file), text_(file.text()), tokens_(std::move(tokens)) {}

  Tokens Run() {
    while (at_ < tokens_.size()) {
      RepairOne();
    }
    return std::move(done_);
  }

 private:
  void RepairOne() {
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

  const Token* Next(std::size_t count) const {
    const bool same_line = at_ + count < tokens_.size() && !tokens_[at_ + count].first_on_line;
    return same_line ? &tokens_[at_ + count] : nullptr;
  }

  // `/* … */`: no product has two operators side by side.
  bool BlockComment() {
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
  bool DashBeforeClause() {
    const Token* word = Next(1);
    const Token* value = Next(2);
    if (word == nullptr || value == nullptr || !IsWord(word->type) || word->begin == tokens_[at_].end) {
      return false;
    }
    const bool beside =
        value->type == token::COLON ||
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
  bool DashesBeforeItems() {
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

  void Put(int type, std::uint32_t begin, std::uint32_t end) {
    Token token = tokens_[at_];
    token.type = type;
    token.begin = begin;
    token.end = end;
    done_.push_back(token);
  }

  // One report for a run of characters that nothing separates.
  void BadCharacters() {
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
      return;  // the file's encoding was reported
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

  // `api-Ü`: one report for the whole word, which goes on as the part of it that is a name.
  bool ForeignLetters(std::string_view text, Span span) {
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0xc3 || first > 0xed || first == 0xe2) {
      return false;  // signs, spaces and punctuation
    }
    Span whole = span;
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
  bool Quotes(std::string_view text, Span span) {
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
  bool ForeignOperator() {
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

  void ReplaceOperator(std::size_t count, int type, const std::string& meant) {
    const Span span = file_.At(tokens_[at_].begin, tokens_[at_ + count - 1].end);
    const std::string trimmed = meant.substr(0, meant.find(' '));
    file_
        .Report(diagnostics::kForeignOperator, span,
                fmt::format("`{}` is written `{}`", text_.substr(span.begin, span.end - span.begin), trimmed))
        .Fix(fmt::format("write `{}`", trimmed), Safety::kSafe, span, meant);
    Put(type, span.begin, span.end);
    at_ += count;
  }

  void BadNumber(const Token& token) {
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

  // All that follows belongs to it, so the brackets that are open here close behind it.
  void UnterminatedRawString(const Token& token) {
    std::vector<int> open;
    for (const Token& before : done_) {
      if (IsOpening(before.type)) {
        open.push_back(ClosingOf(before.type));
      } else if (IsClosing(before.type) && !open.empty()) {
        open.pop_back();
      }
    }
    const auto end = static_cast<std::uint32_t>(text_.size());
    Put(token::POISONED_VALUE, token.begin, end);
    for (auto type = open.rbegin(); type != open.rend(); ++type) {
      Put(*type, end, end);
      done_.back().put_in = true;
      done_.back().first_on_line = false;
    }
    at_ = tokens_.size();
  }

  // The text up to the end of the line belongs to it, but for brackets that this line opened and that its last
  // characters close.
  void UnterminatedString(const Token& token) {
    auto end = static_cast<std::uint32_t>(std::min(text_.find_first_of("\r\n", token.begin), text_.size()));
    std::vector<int> open;
    for (std::size_t i = done_.size(); i > 0; --i) {
      if (IsOpening(done_[i - 1].type)) {
        open.push_back(ClosingOf(done_[i - 1].type));
      } else if (IsClosing(done_[i - 1].type) && !open.empty()) {
        open.pop_back();
      }
      if (done_[i - 1].first_on_line) {
        break;
      }
    }
    std::reverse(open.begin(), open.end());
    // `open` is outermost first now; the last character closes the outermost.
    std::vector<std::pair<int, std::uint32_t>> closing;
    std::uint32_t last = end;
    for (std::size_t next = 0; next < open.size(); ++next) {
      while (last > token.begin + 1 && text_[last - 1] == ' ') {
        --last;
      }
      const std::string mark = Spelling(open[next]);
      if (last <= token.begin + 1 || text_[last - 1] != mark[0]) {
        break;
      }
      closing.emplace_back(open[next], --last);
    }
    if (!closing.empty()) {
      end = last;
    }
    while (end > token.begin + 1 && text_[end - 1] == ' ') {
      --end;
    }
    if (text_.substr(token.end, 2) == "${") {
      file_.Report(diagnostics::kUnclosedInterpolation, file_.At(token.end, token.end + 2), "this `${` has no `}`")
          .At("the string ends before it does")
          .Note("write `$${` where the text itself holds `${`");
    } else {
      file_.Report(diagnostics::kUnterminatedString, file_.At(token.begin, end), "this string does not end on its line")
          .At("expected `\"` behind it")
          .Note("a text of several lines stands between `\"\"\"` and `\"\"\"`")
          .Fix("end it", Safety::kUncertain, file_.At(end, end), "\"");
    }
    Put(token::POISONED_VALUE, token.begin, end);
    for (auto each = closing.rbegin(); each != closing.rend(); ++each) {
      Put(each->first, each->second, each->second + 1);
      done_.back().first_on_line = false;
    }
    SkipLine(token.begin);
  }

  void SkipLine(std::uint32_t from) {
    SkipTo(static_cast<std::uint32_t>(std::min(text_.find_first_of("\r\n", from), text_.size())));
  }
  void SkipTo(std::uint32_t end) {
    while (at_ < tokens_.size() && tokens_[at_].begin < end) {
      ++at_;
    }
  }

  FileParser& file_;
  std::string_view text_;
  Tokens tokens_;
  std::size_t at_ = 0;
  Tokens done_;
};

bool NeedsRepair(const Token& token, std::string_view text) {
  return (token.type == token::SLASH && text.substr(token.end, 1) == "*") || token.type == token::BAD_CHARACTER ||
         token.type == token::BAD_NUMBER || token.type == token::UNTERMINATED_STRING ||
         token.type == token::UNTERMINATED_RAW_STRING || (token.type == token::MINUS && token.first_on_line);
}

}  // namespace

void RepairTokens(FileParser& file, Tokens& tokens) {
  if (std::any_of(tokens.begin(), tokens.end(), [&](const Token& token) { return NeedsRepair(token, file.text()); })) {
    tokens = TokenRepairer(file, std::move(tokens)).Run();
  }
}

}  // namespace sluice::syntax
