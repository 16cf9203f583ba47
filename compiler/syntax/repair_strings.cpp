// Strings without an end: how much of the text belongs to them.
#include <algorithm>
#include <utility>
#include <vector>

#include "compiler/syntax/token_repairer.h"

namespace sluice::syntax {

using diagnostics::Safety;

// All that follows belongs to it, so the brackets that are open here close behind it.
void TokenRepairer::UnterminatedRawString(const Token& token) {
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
void TokenRepairer::UnterminatedString(const Token& token) {
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

}  // namespace sluice::syntax
