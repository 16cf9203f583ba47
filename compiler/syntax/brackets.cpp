#include "compiler/syntax/brackets.h"

#include <utility>

#include <fmt/format.h>

namespace sluice::syntax {
namespace {

bool Balanced(const Tokens& tokens) {
  std::vector<int> open;
  for (const Token& token : tokens) {
    if (IsOpening(token.type)) {
      open.push_back(ClosingOf(token.type));
    } else if (IsClosing(token.type)) {
      if (open.empty() || open.back() != token.type) {
        return false;
      }
      open.pop_back();
    }
  }
  return open.empty();
}

class Balancer {
 public:
  Balancer(FileParser& file, Tokens tokens) : file_(file), tokens_(std::move(tokens)) {}

  Tokens Run() {
    for (at_ = 0; at_ < tokens_.size(); ++at_) {
      const Token token = tokens_[at_];
      CloseWhatIsIndentedDeeper(token);
      if (IsClosing(token.type)) {
        Close(token);
        continue;
      }
      if (IsOpening(token.type)) {
        open_.push_back(Open{token, done_.size()});
      }
      done_.push_back(token);
    }
    while (!open_.empty()) {
      CloseTop();
    }
    return std::move(done_);
  }

 private:
  struct Open {
    Token token;
    std::size_t at = 0;  // in done_
  };

  // A line that is indented no deeper than the line of an open bracket is not part of its body. The line of the
  // closing bracket itself is, if it is as deep as the opening one.
  void CloseWhatIsIndentedDeeper(const Token& token) {
    if (!token.first_on_line) {
      return;
    }
    while (!open_.empty()) {
      const Token& opening = open_.back().token;
      const bool own_end = IsClosing(token.type) && token.indent == opening.indent;
      if (token.indent > opening.indent || own_end || ClosesOuter(token)) {
        return;
      }
      CloseTop();
    }
  }

  // `}` of an outer bracket with that very indentation: the ones between are closed by Close.
  bool ClosesOuter(const Token& token) const {
    return IsClosing(token.type) && !open_.empty() && ClosingOf(open_.back().token.type) == token.type &&
           open_.size() == 1;
  }

  void Close(const Token& token) {
    std::size_t match = open_.size();
    while (match > 0 && ClosingOf(open_[match - 1].token.type) != token.type) {
      --match;
    }
    // A brace on its own line ends a body that was opened on a line of the same indentation.
    const bool no_body = token.first_on_line && token.type == token::RIGHT_BRACE &&
                         (match == 0 || token.indent > open_[match - 1].token.indent);
    if (no_body && OpenMissingBody(token)) {
      return;
    }
    if (match == 0 || IsStray(token, open_[match - 1].token)) {
      if (OpenMissingMap(token)) {
        return;
      }
      file_
          .Report(diagnostics::kUnmatchedClosing, file_.At(token),
                  fmt::format("this `{}` closes nothing", Spelling(token.type)))
          .Fix("remove it", diagnostics::Safety::kUncertain, file_.At(token), "");
      return;
    }
    while (open_.size() > match) {
      CloseTop();
    }
    open_.pop_back();
    done_.push_back(token);
  }

  // A brace on a line deeper than the one that opened the body, while the next line is deeper too: the body goes
  // on behind it.
  bool IsStray(const Token& closing, const Token& opening) const {
    if (closing.type != token::RIGHT_BRACE || closing.indent <= opening.indent || at_ + 1 >= tokens_.size()) {
      return false;
    }
    const Token& next = tokens_[at_ + 1];
    return next.first_on_line && !IsClosing(next.type) && next.indent > opening.indent && next.indent <= closing.indent;
  }

  // `step a⏎ weight 10%⏎ }`: the line above with this indentation is the head that lacks its brace.
  bool OpenMissingBody(const Token& closing) {
    const std::size_t outer = open_.empty() ? 0 : open_.back().at + 1;
    std::size_t line = done_.size();
    bool found = false;
    while (line > outer && !found) {
      --line;
      found = done_[line].first_on_line && done_[line].indent <= closing.indent;
    }
    if (!found || done_[line].indent != closing.indent) {
      return false;
    }
    std::size_t end = line + 1;
    while (end < done_.size() && !done_[end].first_on_line) {
      ++end;
    }
    // The parameters may stand on lines of their own, up to `)`.
    std::size_t first = line;
    int depth = 0;
    do {
      depth += IsClosing(done_[first].type) ? 1 : IsOpening(done_[first].type) ? -1 : 0;
    } while ((depth > 0 || !done_[first].first_on_line) && first-- > outer);
    if (end == done_.size() || first < outer || first > line || !IsHead(first, end)) {
      return false;
    }
    const Span place = file_.At(done_[end - 1].end, done_[end - 1].end);
    file_
        .Report(diagnostics::kMissingMark, file_.At(done_[first].begin, place.begin),
                fmt::format("`{}` has no `{{`", file_.TextOf(done_[first])))
        .At("its body is not opened")
        .Label(file_.At(closing), "this `}` would close it")
        .Fix("open the body", diagnostics::Safety::kUncertain, place, " {");
    PutInOpening(end);
    done_.push_back(closing);
    return true;
  }

  // Something that a body can follow, and that has none.
  bool IsHead(std::size_t first, std::size_t end) const {
    const int word = done_[first].type;
    if (!IsWord(word) || word == token::LET || word == token::IMPORT || word == token::DEFAULT) {
      return false;
    }
    int depth = 0;
    for (std::size_t i = first; i < end; ++i) {
      depth += IsOpening(done_[i].type) ? 1 : IsClosing(done_[i].type) ? -1 : 0;
      if (depth == 0 && (done_[i].type == token::ASSIGN || done_[i].type == token::RIGHT_BRACE)) {
        return false;
      }
    }
    return !IsOpening(done_[end - 1].type);
  }

  // `env A: "x" }`: a key behind the first word of the line begins the map.
  bool OpenMissingMap(const Token& closing) {
    std::size_t line = done_.size();
    while (line > 0 && !done_[line - 1].first_on_line) {
      --line;
    }
    if (closing.type != token::RIGHT_BRACE || closing.first_on_line || line == 0 || !IsWord(done_[line - 1].type)) {
      return false;
    }
    for (std::size_t key = line; key + 2 < done_.size(); ++key) {
      const bool is_key = IsWord(done_[key].type) || done_[key].type == token::STRING;
      if (!is_key || done_[key + 1].type != token::COLON) {
        continue;
      }
      const Span place = file_.At(done_[key].begin, done_[key].begin);
      file_
          .Report(diagnostics::kMissingMark, file_.At(done_[key - 1]),
                  fmt::format("`{{` is missing behind `{}`", file_.TextOf(done_[key - 1])))
          .At("expected `{` behind it")
          .Label(file_.At(closing), "this `}` would close it")
          .Fix("put in `{`", diagnostics::Safety::kUncertain, place, "{ ");
      PutInOpening(key);
      done_.push_back(closing);
      return true;
    }
    return false;
  }

  void PutInOpening(std::size_t at) {
    Token brace = done_[at - 1];
    brace.type = token::LEFT_BRACE;
    brace.begin = brace.end;
    brace.put_in = true;
    brace.first_on_line = false;
    done_.insert(done_.begin() + static_cast<std::ptrdiff_t>(at), brace);
  }

  // Reports the innermost open bracket and closes it here.
  void CloseTop() {
    const Open top = open_.back();
    open_.pop_back();
    const std::string closing = Spelling(ClosingOf(top.token.type));
    auto report = file_.Report(diagnostics::kUnclosedBracket, file_.At(top.token),
                               fmt::format("this `{}` is never closed", Spelling(top.token.type)));
    if (top.token.type == token::LEFT_BRACE) {
      report.At("its body has no `}`");
      if (at_ < tokens_.size()) {
        report.Label(file_.At(tokens_[at_]), "this is indented no deeper than the line of the `{`");
      }
      PutInClosing(top.token.type);
      return;
    }
    report.At(fmt::format("expected `{}` behind its content", closing));
    if (HoldsParameters(top)) {
      CloseParameters(top);
      return;
    }
    DropContent(top);
  }

  // `fn NAME(`, `gate NAME(`.
  bool HoldsParameters(const Open& top) const {
    if (top.token.type != token::LEFT_PAREN || top.at < 2) {
      return false;
    }
    switch (done_[top.at - 2].type) {
      case token::FN:
      case token::GATE:
      case token::ROUTER:
      case token::PROVIDER:
      case token::STRATEGY:
      case token::CHANNEL:
      case token::DIALECT:
        return true;
      default:
        return false;
    }
  }

  // Parameters are kept, so that the body still knows them: they end before the result, the body or the next line.
  void CloseParameters(const Open& top) {
    std::size_t end = top.at + 1;
    while (end < done_.size() && done_[end].type != token::ARROW && done_[end].type != token::LEFT_BRACE &&
           !(done_[end].first_on_line && done_[end].indent <= top.token.indent)) {
      ++end;
    }
    const Tokens rest(done_.begin() + static_cast<std::ptrdiff_t>(end), done_.end());
    done_.resize(end);
    PutInClosing(top.token.type);
    done_.insert(done_.end(), rest.begin(), rest.end());
  }

  // What stands behind an open `(` or `[` on its line may belong to it or not; it is taken out, so that it
  // is not reported again.
  void DropContent(const Open& top) {
    std::size_t keep = done_.size();
    int depth = 0;
    for (std::size_t i = top.at + 1; i < done_.size(); ++i) {
      const bool next_clause = done_[i].first_on_line && depth == 0 && done_[i].indent <= top.token.indent;
      const bool body = done_[i].type == token::LEFT_BRACE && depth == 0 && !done_[i].first_on_line;
      if (next_clause || body) {
        keep = i;
        break;
      }
      depth += IsOpening(done_[i].type) ? 1 : IsClosing(done_[i].type) ? -1 : 0;
    }
    Tokens rest(done_.begin() + static_cast<std::ptrdiff_t>(keep), done_.end());
    done_.resize(top.at + 1);
    Token value = top.token;
    value.type = token::POISONED_VALUE;
    value.begin = value.end;
    value.put_in = true;
    value.first_on_line = false;
    done_.push_back(value);
    PutInClosing(top.token.type);
    done_.insert(done_.end(), rest.begin(), rest.end());
  }

  void PutInClosing(int opening) {
    Token closing = done_.back();
    closing.type = ClosingOf(opening);
    closing.begin = closing.end;
    closing.put_in = true;
    closing.first_on_line = false;
    done_.push_back(closing);
  }

  FileParser& file_;
  Tokens tokens_;
  std::size_t at_ = 0;
  Tokens done_;
  std::vector<Open> open_;
};

}  // namespace

void BalanceBrackets(FileParser& file, Tokens& tokens) {
  if (!Balanced(tokens)) {
    tokens = Balancer(file, std::move(tokens)).Run();
  }
}

}  // namespace sluice::syntax
