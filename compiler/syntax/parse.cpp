#include "compiler/syntax/parse.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/syntax/brackets.h"
#include "compiler/syntax/builder.h"
#include "compiler/syntax/limits.h"
#include "compiler/syntax/recover.h"
#include "compiler/syntax/repair_tokens.h"

namespace sluice::syntax {
namespace {

// A declaration that needs more mendings is given up, as is one so large that they would take long.
constexpr int kMaxMendings = 64;
constexpr std::size_t kMaxTokensMended = 2'000'000;

}  // namespace

FileParser::FileParser(const source::SourceSet& sources, source::FileId file, diagnostics::Emitter& emitter)
    : file_(file), text_(sources.file(file).text()), emitter_(emitter) {}

PlanFile FileParser::Run() {
  PlanFile plan;
  plan.file = file_;
  Tokens tokens;
  if (!ReadTokens(tokens)) {
    return plan;
  }
  // A declaration's word that begins a line outside of all brackets begins a chunk, unless it is indented deeper
  // than the chunk before it: then it may belong to a body that was not opened. Annotations belong to what follows.
  const std::set<int>& words = GrammarParser::ClauseWords(rule::kChunk);
  int depth = 0;
  bool annotated = false;
  Tokens chunk;
  for (const Token& token : tokens) {
    const bool annotation = token.type == token::AT_SIGN;
    const bool begins = depth == 0 && token.first_on_line && (annotation || words.count(token.type) != 0) &&
                        (chunk.empty() || token.indent <= chunk.front().indent);
    if (begins && !annotated && !chunk.empty()) {
      ParseChunk(std::move(chunk), plan);
      chunk.clear();
    }
    annotated = begins ? annotation : annotated;
    depth += IsOpening(token.type) ? 1 : IsClosing(token.type) ? -1 : 0;
    chunk.push_back(token);
  }
  ParseChunk(std::move(chunk), plan);
  return plan;
}

bool FileParser::ReadTokens(Tokens& tokens) {
  if (text_.size() > kMaxFileBytes) {
    Report(diagnostics::kFileTooLarge, At(0, 0),
           fmt::format("this file has {} bytes, a plan at most {}", text_.size(), kMaxFileBytes))
        .Note("split it; a directory of plans is one module");
    return false;
  }
  if (const std::optional<std::size_t> bad = FirstInvalidUtf8(text_)) {
    const auto at = static_cast<std::uint32_t>(*bad);
    auto report = Report(diagnostics::kInvalidUtf8, At(at, at + 1), "this byte is not UTF-8");
    report.At(fmt::format("byte 0x{:02x}", static_cast<unsigned char>(text_[at])));
    if (text_.substr(0, 2) == "\xff\xfe" || text_.substr(0, 2) == "\xfe\xff") {
      report.Note("the file looks like UTF-16; save it as UTF-8");
      return false;
    }
  }
  if (const std::size_t nul = text_.find('\0'); nul != std::string_view::npos) {
    const auto at = static_cast<std::uint32_t>(nul);
    Report(diagnostics::kBadCharacter, At(at, at + 1), "this byte is NUL").At("a plan is text").Emit();
  }
  if (const std::optional<TooDeep> deep = FindTooDeep(text_)) {
    const std::string what = deep->strings ? fmt::format("strings nest more than {} deep", kMaxStringNesting)
                                           : fmt::format("brackets nest more than {} deep", kMaxNesting);
    Report(diagnostics::kNestedTooDeeply, At(deep->at, deep->at + 1), what).At("nothing of this file is read");
    return false;
  }
  const bool marked = text_.substr(0, 3) == "\xef\xbb\xbf";
  tokens = Lex(text_, marked ? 3 : 0, static_cast<std::uint32_t>(text_.size()), kMaxTokens + 1, &docs_);
  if (tokens.size() > kMaxTokens) {
    Report(diagnostics::kTooManyTokens, At(tokens.back()),
           fmt::format("this file has more than {} words, numbers, strings and marks", kMaxTokens))
        .Emit();
    return false;
  }
  MarkOverTime(text_, tokens);
  RepairTokens(*this, tokens);
  BalanceBrackets(*this, tokens);
  if (const std::optional<std::size_t> deep = MeasureDepth(tokens, 0)) {
    Report(diagnostics::kNestedTooDeeply, At(tokens[*deep]),
           fmt::format("this is nested more than {} deep", kMaxNesting))
        .At("nothing of this file is read")
        .Note("each bracket counts, and each operator of a chain such as `a + b + c`");
    return false;
  }
  return true;
}

void FileParser::ParseChunk(Tokens tokens, PlanFile& plan) {
  Tree tree;
  tree.tokens = std::move(tokens);
  if (ParseMending(GrammarParser::Entry::kChunk, tree)) {
    AstBuilder(*this).Chunk(Part(tree, tree.root), plan);
  }
}

ExpressionPtr FileParser::ParseInterpolation(std::uint32_t begin, std::uint32_t end, std::uint16_t depth) {
  auto poisoned = std::make_unique<Expression>();
  poisoned->span = At(begin, end);
  Tree tree;
  tree.tokens = Lex(text_, begin, end, kMaxTokens, nullptr);
  if (tree.tokens.empty()) {
    Report(diagnostics::kMissingOperand, At(begin - 2, end + 1), "this interpolation has no value")
        .At("expected an expression between `${` and `}`");
    return poisoned;
  }
  RepairTokens(*this, tree.tokens);
  BalanceBrackets(*this, tree.tokens);
  if (const std::optional<std::size_t> deep = MeasureDepth(tree.tokens, depth)) {
    Report(diagnostics::kNestedTooDeeply, At(tree.tokens[*deep]),
           fmt::format("this is nested more than {} deep", kMaxNesting))
        .Emit();
    return poisoned;
  }
  if (!ParseMending(GrammarParser::Entry::kExpression, tree)) {
    return poisoned;
  }
  return AstBuilder(*this).Expression(Part(tree, tree.root).Expression());
}

bool FileParser::ParseMending(GrammarParser::Entry entry, Tree& tree) {
  std::size_t read = 0;
  std::size_t last_left = ~std::size_t{0};
  int again = 0;
  for (int mendings = 0;; ++mendings) {
    const std::optional<Failure> failure = grammar_.Parse(entry, tree);
    if (!failure) {
      return true;
    }
    read += tree.tokens.size();
    const Token* at = failure->token < tree.tokens.size() ? &tree.tokens[failure->token] : nullptr;
    if (mendings == kMaxMendings || read > kMaxTokensMended || tree.tokens.empty()) {
      Report(diagnostics::kTooManyMistakes,
             At(at != nullptr         ? *at
                : tree.tokens.empty() ? Token()
                                      : tree.tokens.back()),
             "the rest of this declaration is not read")
          .At("it has too many mistakes up to here");
      return false;
    }
    // Tokens before the mistake may have gone, so its place from the end tells whether it moved; what was put in
    // there is no part of the text.
    const auto from =
        tree.tokens.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(failure->token, tree.tokens.size()));
    const auto left = static_cast<std::size_t>(
        std::count_if(from, tree.tokens.end(), [](const Token& token) { return !token.put_in; }));
    again = left >= last_left ? again + 1 : 0;
    last_left = left;
    Mend(*this, tree.tokens, *failure, again);
  }
}

std::string FileParser::DocAbove(std::uint32_t offset) const {
  auto doc = std::lower_bound(docs_.begin(), docs_.end(), offset,
                              [](const Token& token, std::uint32_t end) { return token.begin < end; });
  std::vector<std::string_view> lines;
  std::uint32_t below = offset;
  while (doc != docs_.begin()) {
    --doc;
    const std::string_view between = text_.substr(doc->end, below - doc->end);
    if (between.find_first_not_of(" \t\r\n") != std::string_view::npos ||
        std::count(between.begin(), between.end(), '\n') > 1) {
      break;
    }
    std::string_view line = TextOf(*doc).substr(3);
    lines.push_back(line.substr(line.substr(0, 1) == " " ? 1 : 0));
    below = doc->begin;
  }
  std::string text;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    text += text.empty() ? "" : "\n";
    text += *line;
  }
  return text;
}

PlanFile Parse(const source::SourceSet& sources, source::FileId file, diagnostics::Emitter& emitter) {
  return FileParser(sources, file, emitter).Run();
}

}  // namespace sluice::syntax
