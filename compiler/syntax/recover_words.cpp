// Mistakes in the words and marks of clauses.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/syntax/mender.h"

namespace sluice::syntax {
namespace {

using diagnostics::Safety;

// More choices than these are no help.
constexpr std::size_t kMaxChoices = 4;

std::string Choices(const std::vector<int>& types) {
  std::vector<std::string> words;
  for (const int type : types) {
    const std::string spelling = Spelling(type);
    words.push_back(IsKeyword(type) || spelling.find(' ') == std::string::npos ? "`" + spelling + "`" : spelling);
  }
  return JoinWords(words, "or");
}

}  // namespace

std::string BodyNoun(int body) {
  switch (body) {
    case rule::kServiceBody:
      return "a service";
    case rule::kRouteBody:
      return "a route";
    case rule::kGateBody:
      return "a gate";
    case rule::kRouterBody:
      return "a router";
    case rule::kEditBody:
      return "an edit";
    case rule::kProviderBody:
      return "a provider";
    case rule::kReadingBody:
      return "a provider's function or a channel";
    case rule::kReadBody:
      return "a `read`";
    case rule::kRequestBody:
      return "a request";
    case rule::kDialectBody:
      return "a dialect";
    case rule::kRolloutBody:
      return "a rollout";
    case rule::kOnBody:
      return "an `on` block";
    case rule::kStepBody:
      return "a step";
    case rule::kWindowBody:
      return "a window";
    case rule::kClusterBody:
      return "a cluster";
    case rule::kReleaseBody:
      return "a release";
    case rule::kStageBody:
      return "a stage";
    case rule::kTestBody:
      return "a test";
    case rule::kSimulationBody:
      return "a simulation";
    case rule::kJobBody:
      return "a job";
    default:
      return "a file";
  }
}

std::vector<std::string> BodiesWith(int word) {
  std::vector<std::string> nouns;
  for (const int body : GrammarParser::Bodies()) {
    if (GrammarParser::ClauseWords(body).count(word) != 0) {
      nouns.push_back(BodyNoun(body));
    }
  }
  return nouns;
}

// `weight: 10%`, `weight = 10%`.
bool Mender::MarkBehindWord() {
  const Token here = Here();
  const Token before = Before();
  const bool mark =
      here.type == token::COLON || here.type == token::ASSIGN || here.type == token::ARROW || here.type == token::EQUAL;
  if (!mark || !IsWord(before.type) || before.put_in || InnermostBody() == nullptr) {
    return false;
  }
  if (here.type == token::ASSIGN && InnermostBody()->rule == rule::kChunk && Expects(token::ID) && !ExpectsOperand()) {
    return false;  // it is the name that is missing
  }
  const bool ends_line = at_ + 1 < tokens_.size() && tokens_[at_ + 1].first_on_line;
  if (ends_line && Expects(token::LEFT_BRACE) && !ExpectsOperand()) {
    return false;  // `step a:`, as in YAML: the body is not opened
  }
  const bool map = std::any_of(failure_.frames.rbegin(), failure_.frames.rend(),
                               [](const Frame& frame) { return frame.rule == rule::kMapEntry; });
  const bool declares = Expects(token::ASSIGN) || Expects(token::COLON) || Expects(token::ARROW);
  if (map || (declares && !ExpectsOperand() && !Expects(token::LEFT_BRACE))) {
    return false;
  }
  for (auto frame = failure_.frames.rbegin(); frame != failure_.frames.rend(); ++frame) {
    if (frame->rule == rule::kArguments || frame->rule == rule::kParameters || frame->rule == rule::kListLiteral) {
      return false;
    }
    if (&*frame == InnermostBody()) {
      break;
    }
  }
  // An unknown word at the start of a clause is reported as such.
  const std::size_t start = ClauseStart();
  if (start + 1 == at_ && !IsKeyword(before.type)) {
    return false;
  }
  const Span gap = file_.At(before.end, here.end);
  file_
      .Report(diagnostics::kMarkBehindWord, file_.At(here),
              fmt::format("{} takes no `{}`", Shown(before), file_.TextOf(here)))
      .Fix(fmt::format("remove the `{}`", file_.TextOf(here)), Safety::kSafe, gap, "");
  Erase(at_, at_ + 1);
  return true;
}

// `weight weight 10%`: the second was read as a name.
bool Mender::RepeatedWord() {
  if (at_ < 2 || AtEnd() || Here().first_on_line) {
    return false;
  }
  const Token& second = tokens_[at_ - 1];
  const Token& first = tokens_[at_ - 2];
  if (!IsKeyword(second.type) || second.type != first.type || second.first_on_line || !BeginsOperand(Here().type)) {
    return false;
  }
  file_.Report(diagnostics::kRepeatedWord, file_.At(second), fmt::format("{} stands twice", Shown(second)))
      .Label(file_.At(first), "first here")
      .Fix("remove the second", Safety::kSafe, file_.At(first.end, second.end), "");
  Erase(at_ - 1, at_);
  return true;
}

// `expect alway weight <= 10%`: what may stand between `expect` and its condition was read as a name.
bool Mender::MisspeltOverTime() {
  const bool between = at_ >= 2 && !AtEnd() && tokens_[at_ - 2].type == token::EXPECT &&
                       tokens_[at_ - 1].type == token::ID && BeginsOperand(Here().type) && !Here().first_on_line;
  if (!between) {
    return false;
  }
  const Token word = Before();
  const std::vector<std::string> similar = SimilarNames(file_.TextOf(word), {"always", "never", "eventually"});
  if (similar.empty()) {
    return false;
  }
  file_.Report(diagnostics::kUnknownWord, file_.At(word), fmt::format("{} is no word of `expect`", Shown(word)))
      .At(fmt::format("there is a word with a similar name: `{}`", similar.front()))
      .Fix(fmt::format("write `{}`", similar.front()), Safety::kUncertain, file_.At(word), similar.front());
  tokens_[at_ - 1].type = token::OVER_TIME;
  return true;
}

bool Mender::MisspeltWord(const std::vector<int>& candidates, const std::string& of_what) {
  const Token here = Here();
  std::vector<std::string> spelt;
  for (const int type : candidates) {
    spelt.push_back(Spelling(type));
  }
  const std::vector<std::string> similar = SimilarNames(file_.TextOf(here), spelt);
  if (similar.empty() || std::find(spelt.begin(), spelt.end(), file_.TextOf(here)) != spelt.end()) {
    return false;
  }
  auto report =
      file_.Report(diagnostics::kUnknownWord, file_.At(here), fmt::format("{} is no word of {}", Shown(here), of_what));
  std::vector<std::string> quoted;
  for (const std::string& name : similar) {
    quoted.push_back("`" + name + "`");
  }
  report.At((similar.size() == 1 ? "there is a word with a similar name: " : "there are words with similar names: ") +
            JoinWords(quoted));
  if (similar.size() == 1) {
    report.Fix(fmt::format("write {}", quoted.front()), Safety::kUncertain, file_.At(here), similar.front());
  }
  const auto meant = std::find(spelt.begin(), spelt.end(), similar.front());
  tokens_[at_].type = candidates[static_cast<std::size_t>(meant - spelt.begin())];
  return true;
}

// `canary(guard: ok)`, `strategies.canary(guard: ok)` as a clause of a rollout: no clause begins like a call.
bool Mender::StrategyWithoutUsing(const Frame& body) {
  const Token here = Here();
  const bool call = at_ + 1 < tokens_.size() && !tokens_[at_ + 1].first_on_line &&
                    (tokens_[at_ + 1].type == token::LEFT_PAREN || tokens_[at_ + 1].type == token::DOT);
  if (body.rule != rule::kRolloutBody || !call) {
    return false;
  }
  file_.Report(diagnostics::kMissingWord, file_.At(here), fmt::format("`using` is missing before {}", Shown(here)))
      .At("a rollout's strategy stands behind `using`")
      .Fix("put in `using`", Safety::kSafe, file_.At(here.begin, here.begin), "using ");
  Insert(token::USING);
  tokens_[at_].first_on_line = here.first_on_line;
  tokens_[at_ + 1].first_on_line = false;
  return true;
}

void Mender::UnknownClause(const Frame& body) {
  const Token here = Here();
  const bool file = body.rule == rule::kChunk;
  std::vector<int> types(GrammarParser::ClauseWords(body.rule).begin(), GrammarParser::ClauseWords(body.rule).end());
  std::vector<std::string> words;
  for (const int type : types) {
    words.push_back(Spelling(type));
  }
  const std::vector<std::string> elsewhere =
      IsKeyword(here.type) && !IsReserved(here.type) ? BodiesWith(here.type) : std::vector<std::string>();
  if (!elsewhere.empty()) {
    file_
        .Report(diagnostics::kMisplacedClause, file_.At(here),
                file ? fmt::format("{} stands outside of every declaration", Shown(here))
                     : fmt::format("{} is no clause of {}", Shown(here), BodyNoun(body.rule)))
        .At(fmt::format("it belongs into {}", JoinWords(elsewhere, "or")));
    Replace(at_, ClauseEnd(body, at_ + 1), token::POISONED_CLAUSE);
    return;
  }
  if (StrategyWithoutUsing(body)) {
    return;
  }
  const std::vector<std::string> similar = SimilarNames(file_.TextOf(here), words);
  auto report = file_.Report(diagnostics::kUnknownClause, file_.At(here),
                             file ? fmt::format("no declaration begins with {}", Shown(here))
                                  : fmt::format("{} is no clause of {}", Shown(here), BodyNoun(body.rule)));
  if (similar.empty()) {
    if (words.size() <= 12) {
      report.Note(fmt::format("{} has {}", BodyNoun(body.rule), Choices(types)));
    }
    Replace(at_, ClauseEnd(body, at_ + 1), token::POISONED_CLAUSE);
    return;
  }
  std::vector<std::string> quoted;
  for (const std::string& name : similar) {
    quoted.push_back("`" + name + "`");
  }
  report.At(
      (similar.size() == 1 ? "there is a clause with a similar name: " : "there are clauses with similar names: ") +
      JoinWords(quoted));
  if (similar.size() > 1) {
    Replace(at_, ClauseEnd(body, at_ + 1), token::POISONED_CLAUSE);
    return;
  }
  report.Fix(fmt::format("write {}", quoted.front()), Safety::kUncertain, file_.At(here), similar.front());
  const auto meant = std::find(words.begin(), words.end(), similar.front());
  tokens_[at_].type = types[static_cast<std::size_t>(meant - words.begin())];
}

void Mender::BodyMissing(const Frame& clause) {
  // Something stands between the head and its body.
  std::size_t brace = at_;
  while (brace < tokens_.size() && tokens_[brace].type != token::LEFT_BRACE &&
         (brace == at_ || !tokens_[brace].first_on_line)) {
    ++brace;
  }
  const Token head = tokens_[clause.first_token];
  if (!AtEnd() && !Here().first_on_line && brace < tokens_.size() && tokens_[brace].type == token::LEFT_BRACE) {
    file_
        .Report(diagnostics::kUnexpected, file_.At(Here().begin, tokens_[brace - 1].end),
                fmt::format("{} does not belong to the head of this {}", Shown(Here()), Shown(head)))
        .At("expected `{` here");
    Erase(at_, brace);
    return;
  }
  if (OpenBody(clause.first_token)) {
    return;
  }
  file_
      .Report(diagnostics::kMissingBody, file_.At(head.begin, Before().end),
              fmt::format("this {} has no body", Shown(head)))
      .At("expected `{` behind it");
  Insert(token::RIGHT_BRACE);
  Insert(token::LEFT_BRACE);
}

// `service web:⏎ image: "a"`: the lines that are indented deeper than the head are its body.
bool Mender::OpenBody(std::size_t head) {
  const bool mark = !AtEnd() && Here().type == token::COLON;
  const std::size_t first = mark ? at_ + 1 : at_;
  const Token start = tokens_[head];
  if (first >= tokens_.size() || !tokens_[first].first_on_line || tokens_[first].indent <= start.indent) {
    return false;
  }
  std::size_t end = first;
  int depth = 0;
  while (end < tokens_.size()) {
    const Token& token = tokens_[end];
    if (depth == 0 && (IsClosing(token.type) || (token.first_on_line && token.indent <= start.indent))) {
      break;
    }
    depth += IsOpening(token.type) ? 1 : IsClosing(token.type) ? -1 : 0;
    ++end;
  }
  file_
      .Report(diagnostics::kMissingMark, file_.At(start.begin, Before().end),
              fmt::format("{} has no `{{`", Shown(start)))
      .At("its body is not opened")
      .Note("a body stands between `{` and `}`");
  const std::size_t head_end = at_;
  at_ = end;
  Insert(token::RIGHT_BRACE);
  at_ = head_end;
  if (mark) {
    Erase(at_, at_ + 1);
  }
  Insert(token::LEFT_BRACE);
  return true;
}

void Mender::ExpectedMarkOrWord(const Frame& clause) {
  std::vector<int> expected;
  for (const int type : failure_.expected) {
    if (type != token::POISONED_VALUE && type != token::POISONED_CLAUSE && type > 0) {
      expected.push_back(type);
    }
  }
  const Token before = Before();
  const Token here = Here();
  const Span place = before.type == kEndOfText ? file_.At(here) : file_.At(before);
  if (clause.rule == rule::kParameter && Expects(token::COLON) && here.type != token::ASSIGN) {
    file_.Report(diagnostics::kMissingWord, place, fmt::format("the parameter {} has no type", Shown(before)))
        .At("expected `:` and a type behind it");
    Insert(token::ID);
    Insert(token::COLON);
    return;
  }
  if (Expects(token::ASSIGN) && BeginsOperand(here.type) && !here.first_on_line) {
    file_.Report(diagnostics::kMissingMark, place, fmt::format("`=` is missing behind {}", Shown(before)))
        .At("expected `=` behind it")
        .Fix("put in `=`", Safety::kUncertain, file_.At(before.end, before.end), " =");
    Insert(token::ASSIGN);
    return;
  }
  if (expected.size() == 1) {
    const int type = expected.front();
    const std::string spelling = Spelling(type);
    auto report = file_.Report(IsKeyword(type) ? diagnostics::kMissingWord : diagnostics::kMissingMark, place,
                               fmt::format("`{}` is missing behind {}", spelling, Shown(before)));
    report.At(fmt::format("expected `{}` behind it", spelling));
    // `let x: 5`, `f(a = 1)`: the other mark stands there.
    const bool other_mark =
        (here.type == token::COLON || here.type == token::ASSIGN) && (type == token::COLON || type == token::ASSIGN);
    if (other_mark) {
      report.Fix(fmt::format("write `{}`", spelling), Safety::kUncertain, file_.At(here), spelling);
      tokens_[at_].type = type;
      return;
    }
    report.Fix(fmt::format("put in `{}`", spelling), Safety::kUncertain, file_.At(before.end, before.end),
               (IsKeyword(type) || type == token::ASSIGN ? " " : "") + spelling);
    Insert(type);
    return;
  }
  const std::string choices = expected.size() <= kMaxChoices && !expected.empty() ? "expected " + Choices(expected)
                                                                                  : "this clause is not complete";
  if (AtEnd() || here.first_on_line || IsClosing(here.type)) {
    file_
        .Report(diagnostics::kMissingWord, place, fmt::format("{} is not complete", Shown(tokens_[clause.first_token])))
        .At(choices + (expected.size() <= kMaxChoices ? fmt::format(" behind {}", Shown(before)) : ""));
  } else {
    Unexpected(choices);
  }
  GiveUp(1);
}

}  // namespace sluice::syntax
