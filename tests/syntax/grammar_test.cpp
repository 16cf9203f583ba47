#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <antlr4-runtime.h>
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "PlanLexer.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/syntax/grammar_parser.h"
#include "compiler/syntax/parse.h"

namespace sluice::syntax {
namespace {

namespace fs = std::filesystem;

Tokens LexAll(const std::string& text) {
  Tokens tokens = Lex(text, 0, static_cast<std::uint32_t>(text.size()), kMaxTokens, nullptr);
  MarkOverTime(text, tokens);
  return tokens;
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<fs::path> PlansWithoutMistakes() {
  const fs::path root = SLUICE_SOURCE_DIR;
  std::vector<fs::path> plans;
  for (const fs::path& folder : {root / "stdlib", root / "tests" / "golden" / "syntax"}) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      if (entry.path().extension() == ".plan" && name.rfind("fail_", 0) != 0) {
        plans.push_back(entry.path());
      }
    }
  }
  std::sort(plans.begin(), plans.end());
  return plans;
}

diagnostics::Emitter ParseText(const std::string& text) {
  source::SourceSet sources;
  diagnostics::Emitter emitter;
  (void)Parse(sources, sources.Add("test.plan", text), emitter);
  return emitter;
}

// "type begin end, …" of what the generated lexer reads.
std::string ReadByGrammar(const std::string& text) {
  antlr4::ANTLRInputStream bytes;
  std::string ascii = text;  // bytes above 127 are of strings and comments only
  std::replace_if(
      ascii.begin(), ascii.end(), [](char c) { return static_cast<unsigned char>(c) > 127; }, 'x');
  bytes.load(ascii);
  generated::PlanLexer lexer(&bytes);
  lexer.removeErrorListeners();
  std::string read;
  for (auto next = lexer.nextToken(); next->getType() != antlr4::Token::EOF; next = lexer.nextToken()) {
    read += fmt::format("{} {} {}, ", next->getType(), next->getStartIndex(), next->getStopIndex() + 1);
  }
  return read;
}

std::string ReadByHand(const std::string& text) {
  Tokens docs;
  Tokens tokens = Lex(text, 0, static_cast<std::uint32_t>(text.size()), kMaxTokens, &docs);
  tokens.insert(tokens.end(), docs.begin(), docs.end());
  std::sort(tokens.begin(), tokens.end(), [](const Token& a, const Token& b) { return a.begin < b.begin; });
  std::string read;
  for (const Token& token : tokens) {
    read += fmt::format("{} {} {}, ", token.type, token.begin, token.end);
  }
  return read;
}

TEST_CASE("what is read without the generated lexer is what it reads") {
  for (const fs::path& plan : PlansWithoutMistakes()) {
    INFO(plan);
    CHECK(ReadByHand(ReadFile(plan)) == ReadByGrammar(ReadFile(plan)));
  }
  for (const char* text :
       {"a-b a- a--b a-1 _a-_b- -a fast-track fast-trackx no-data no-dat 1a 12:30 a:b a.b a..b",
        "// x\r\n/// doc\n//\n////\n/ x /",
        "{}[](),;:@",
        "a//b\n\"//\" $ \\ a",
        "//",
        "/",
        "///",
        "a-",
        "",
        "1 1.5 1..5 1.x 1% 1.5% 1%% 1ms 1m 1mm 1h30m 1h30 1h1.5m 1.5h 2w 1B 1Ki 1KiB 1K 1TB 1_ 1a 1s%",
        "2024-01-02 2024-1-2 1-2 12:30 1:30 123:30 1:3 1.5:30 12:300 1.5-2",
        "= == === < <= <== > >= - -> --> . .. ...",
        "? ?? ??? ! != !== + * / @ ~ ` \x01",
        R"("" "a" "\"" "\\" "\" x)",
        R"("a)",
        "\"a\nb\"",
        "\"\\\n\"",
        R"("""a"b""" """ "" "")",
        R"("$" "$$" "a$b" "$\"" "$${" "$$${a" "$" "$\)",
        R"("${a}" "${ {a} }" "${"b"}" "${"${c}"}" "${"""b"""}" x)",
        R"("""""" """a""b"c""" """"a""" """"""" x)",
        R"("""a$""" """$""$""b""" """$$"$""" """$${""" x)",
        "\"\"\"a\n${b\n + \"c\"\n}\n\"\"\" x",
        R"("""${"""a"""}""" """${ {a} }""" x)",
        R"("""a"" x)",
        R"("""${a""" x)",
        R"("""\""" \"""a)",
        R"("${a)",
        R"("${"a)",
        "\"${a\n}\"",
        R"("${{}")",
        R"("${a}b${c}$" "${\"}" "$${a}" "a${"}"}")"}) {
    INFO(text);
    CHECK(ReadByHand(text) == ReadByGrammar(text));
  }
}

// The tree, or where the tokens don't fit.
std::string Print(const Part& part) {
  std::string text = fmt::format("({} {} {}", part.rule(), part.begin(), part.end());
  for (Part child = part.FirstChild(); child; child = child.Next()) {
    text += Print(child);
  }
  return text + ")";
}
std::string PrintChildren(const Tree& tree) {
  std::string text;
  for (Part child = Part(tree, tree.root).FirstChild(); child; child = child.Next()) {
    text += Print(child);
  }
  return text;
}
std::string ReadTreeByTables(Tree tree) {
  return GrammarParser::ParseByTables(GrammarParser::Entry::kChunk, tree) ? PrintChildren(tree) : "refused";
}
std::string ReadTreeByGrammar(GrammarParser& parser, Tree tree) {
  return parser.ParseGenerated(GrammarParser::Entry::kChunk, tree) ? "refused" : PrintChildren(tree);
}

TEST_CASE("what is read without the generated parser is what it reads") {
  GrammarParser parser;
  int refused = 0;
  for (const fs::path& plan : PlansWithoutMistakes()) {
    INFO(plan);
    Tree tree;
    tree.tokens = LexAll(ReadFile(plan));
    CHECK(ReadTreeByTables(tree) == ReadTreeByGrammar(parser, tree));
    const std::size_t stride = tree.tokens.size() / 8 + 1;
    for (std::size_t at = stride / 2; at < tree.tokens.size(); at += stride) {
      INFO("without the token at byte " << tree.tokens[at].begin);
      Tree without = tree;
      without.tokens.erase(without.tokens.begin() + static_cast<std::ptrdiff_t>(at));
      const std::string read = ReadTreeByTables(without);
      refused += read == "refused" ? 1 : 0;
      CHECK(read == ReadTreeByGrammar(parser, without));
    }
  }
  CHECK(refused > 100);
}

TEST_CASE("a text without mistakes needs no generated parser") {
  for (const fs::path& plan : PlansWithoutMistakes()) {
    INFO(plan);
    Tree tree;
    tree.tokens = LexAll(ReadFile(plan));
    CHECK(GrammarParser::ParseByTables(GrammarParser::Entry::kChunk, tree));
  }
}

TEST_CASE("every contextual keyword is a name, and no reserved word is") {
  for (int type = token::AND; type < token::ID; ++type) {
    const std::string word = Spelling(type);
    INFO(word);
    CHECK(LexAll(word).at(0).type == type);
    CHECK(ParseText("let " + word + " = 1").has_errors() == IsReserved(type));
    CHECK(ParseText("let x = f(" + word + ")").has_errors() ==
          (IsReserved(type) && type != token::TRUE && type != token::FALSE && type != token::NONE));
  }
}

TEST_CASE("every word is a map's key, a field and an argument's label") {
  for (int type = token::AND; type < token::ID; ++type) {
    const std::string word = Spelling(type);
    INFO(word);
    CHECK_FALSE(ParseText("let x = { " + word + ": 1 }").has_errors());
    CHECK_FALSE(ParseText("let x = { a: 1 " + word + ": 2 }").has_errors());
    CHECK_FALSE(ParseText("let x = a." + word).has_errors());
    CHECK_FALSE(ParseText("let x = f(" + word + ": 1)").has_errors());
  }
}

TEST_CASE("a clause word that begins a line is no operand there, and one in brackets is") {
  for (const int word : GrammarParser::ClauseWords(rule::kStepBody)) {
    INFO(Spelling(word));
    const diagnostics::Emitter emitter =
        ParseText("rollout r {\n  step s {\n    weight\n    " + Spelling(word) + "\n  }\n}\n");
    bool at_weight = false;
    for (const diagnostics::Diagnostic& each : emitter.Sorted()) {
      at_weight = at_weight || (each.kind == &diagnostics::kMissingOperand && each.span.begin == 27);
    }
    CHECK(at_weight);
    CHECK_FALSE(ParseText("rollout r {\n  step s {\n    weight (\n    " + Spelling(word) + ")\n  }\n}\n").has_errors());
  }
}

TEST_CASE("no plan needs the full context or meets an ambiguity") {
  const std::vector<fs::path> plans = PlansWithoutMistakes();
  REQUIRE(plans.size() > 20);
  for (const fs::path& path : plans) {
    INFO(path.string());
    const std::string text = ReadFile(path);
    CHECK(GrammarParser::CountHardPredictions(GrammarParser::Entry::kChunk, LexAll(text)) == 0);
  }
}

TEST_CASE("the stdlib parses without a diagnostic") {
  for (const fs::path& path : PlansWithoutMistakes()) {
    INFO(path.string());
    CHECK_FALSE(ParseText(ReadFile(path)).has_errors());
  }
}

TEST_CASE("spans cut out what was written") {
  source::SourceSet sources;
  diagnostics::Emitter emitter;
  const source::FileId file =
      sources.Add("test.plan", "\xef\xbb\xbflet \xc3\xa9 = 1\r\nlet name = f(\"\xc3\xa9 ${a - 1}\", 10%)\r\n");
  const PlanFile plan = Parse(sources, file, emitter);
  REQUIRE_FALSE(plan.declarations.empty());
  const auto& let = std::get<LetDeclaration>(plan.declarations.back().declaration);
  CHECK(sources.Text(let.name.span) == "name");
  CHECK(sources.Text(let.value->span) == "f(\"\xc3\xa9 ${a - 1}\", 10%)");
  const auto& call = std::get<Call>(let.value->node);
  const auto& string = std::get<StringLiteral>(call.arguments.at(0).value->node);
  CHECK(sources.Text(string.parts.at(1).value->span) == "a - 1");
  CHECK(sources.Begin(string.parts.at(1).value->span).line == 2);
  CHECK(sources.Begin(string.parts.at(1).value->span).column == 19);
}

}  // namespace
}  // namespace sluice::syntax
