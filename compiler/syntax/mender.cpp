// What mending sees of the tokens around a mistake, and how it changes them.
#include "compiler/syntax/mender.h"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::syntax {

const Frame* Mender::InnermostBody() const {
  for (auto frame = failure_.frames.rbegin(); frame != failure_.frames.rend(); ++frame) {
    const bool opened = frame->first_token < at_ || frame->rule == rule::kChunk;
    if (opened && !GrammarParser::ClauseWords(frame->rule).empty()) {
      return &*frame;
    }
  }
  return nullptr;
}

// The first token of the clause that ends before the mistake.
std::size_t Mender::ClauseStart() const {
  std::size_t start = at_ == 0 ? 0 : at_ - 1;
  int depth = 0;
  while (start > 0) {
    depth += IsClosing(tokens_[start].type) ? 1 : IsOpening(tokens_[start].type) ? -1 : 0;
    const int before = tokens_[start - 1].type;
    if (depth == 0 && (tokens_[start].first_on_line || before == token::LEFT_BRACE || before == token::SEMICOLON ||
                       (StartsClause(tokens_[start]) && EndsOperand(before)))) {
      break;
    }
    --start;
  }
  return start;
}

// One past the clause that holds `from`: its lines are indented deeper than its first.
std::size_t Mender::ClauseEnd(const Frame& body, std::size_t from) const {
  const std::set<int>& words = GrammarParser::ClauseWords(body.rule);
  const std::uint32_t indent = from > 0 ? tokens_[from - 1].indent : 0;
  int depth = 0;
  std::size_t end = from;
  while (end < tokens_.size()) {
    const Token& token = tokens_[end];
    if (depth == 0) {
      const bool next = token.first_on_line && (token.indent <= indent || words.count(token.type) != 0);
      const bool beside = words.count(token.type) != 0 && end > from && EndsOperand(tokens_[end - 1].type);
      if (IsClosing(token.type) || token.type == token::SEMICOLON || next || beside) {
        break;
      }
    }
    depth += IsOpening(token.type) ? 1 : IsClosing(token.type) ? -1 : 0;
    ++end;
  }
  return end;
}

bool Mender::StartsClause(const Token& token) const {
  const Frame* body = InnermostBody();
  return body != nullptr && GrammarParser::ClauseWords(body->rule).count(token.type) != 0;
}

bool Mender::ExpectsOperand() const {
  return Expects(token::NUMBER) && Expects(token::STRING) && Expects(token::LEFT_BRACKET);
}

Token Mender::Here() const {
  if (!AtEnd()) {
    return tokens_[at_];
  }
  Token end = Before();
  end.type = kEndOfText;
  end.begin = end.end;
  return end;
}

Token Mender::Before() const {
  if (at_ > 0) {
    return tokens_[at_ - 1];
  }
  Token start = tokens_.empty() ? Token() : tokens_.front();
  start.type = kEndOfText;
  start.end = start.begin;
  return start;
}

// As it stands in the text; long tokens by their kind.
std::string Mender::Shown(const Token& token) const {
  const std::string_view text = file_.TextOf(token);
  if (token.type == kEndOfText) {
    return Spelling(token.type);
  }
  if (text.size() > 40 || text.find_first_of("\r\n`") != std::string_view::npos || text.empty()) {
    return text.empty() ? "this" : token.type == token::STRING ? "this string" : "this text";
  }
  return fmt::format("`{}`", text);
}

void Mender::Insert(int type) {
  Token put_in = Before();
  put_in.type = type;
  put_in.begin = put_in.end;
  put_in.put_in = true;
  put_in.first_on_line = false;
  tokens_.insert(tokens_.begin() + static_cast<std::ptrdiff_t>(at_), put_in);
}

void Mender::Erase(std::size_t from, std::size_t to) {
  tokens_.erase(tokens_.begin() + static_cast<std::ptrdiff_t>(from), tokens_.begin() + static_cast<std::ptrdiff_t>(to));
}

void Mender::Replace(std::size_t from, std::size_t to, int type) {
  Token token = tokens_[from];
  token.type = type;
  token.end = tokens_[std::max(to, from + 1) - 1].end;
  token.put_in = true;
  Erase(from + 1, std::max(to, from + 1));
  tokens_[from] = token;
}

std::vector<int> Mender::ExpectedWords() const {
  std::vector<int> words;
  for (const int type : failure_.expected) {
    if (IsKeyword(type)) {
      words.push_back(type);
    }
  }
  return words;
}

}  // namespace sluice::syntax
