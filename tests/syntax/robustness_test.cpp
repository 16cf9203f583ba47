#include <random>

#include <catch2/catch.hpp>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/syntax/parse.h"

namespace sluice::syntax {
namespace {

std::vector<diagnostics::Diagnostic> Diagnose(const std::string& text) {
  source::SourceSet sources;
  diagnostics::Emitter emitter;
  (void)Parse(sources, sources.Add("test.plan", text), emitter);
  return emitter.Sorted();
}

std::vector<std::string> Codes(const std::string& text) {
  std::vector<std::string> codes;
  for (const diagnostics::Diagnostic& each : Diagnose(text)) {
    codes.emplace_back(each.kind->code);
  }
  return codes;
}

std::string Repeat(const std::string& what, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) {
    text += what;
  }
  return text;
}

using Codes_ = std::vector<std::string>;

TEST_CASE("a file beyond 256 KiB is refused at once") {
  CHECK(Codes(std::string(10 * 1024 * 1024, 'a')) == Codes_{"SL9002"});
  CHECK(Codes(std::string(10 * 1024 * 1024, '{')) == Codes_{"SL9002"});
}

TEST_CASE("a file beyond 200,000 tokens is refused") { CHECK(Codes(Repeat(",", 200'001)) == Codes_{"SL9003"}); }

TEST_CASE("nesting beyond the limit is one diagnostic, whatever nests") {
  const std::vector<std::pair<std::string, std::string>> shapes = {{"(", ")"},
                                                                   {"[", "]"},
                                                                   {"{ a: ", "}"},
                                                                   {"f(", ")"},
                                                                   {"-", ""},
                                                                   {"not ", ""},
                                                                   {"if a then b else ", ""},
                                                                   {"if ", " then a else b"},
                                                                   {"a ?? ", ""},
                                                                   {"a + ", ""},
                                                                   {"a and ", ""},
                                                                   {"all x in y: ", ""},
                                                                   {"any k, v in y: ", ""},
                                                                   {"secret ", " key a"},
                                                                   {"a[", "]"},
                                                                   {"\"${", "}\""},
                                                                   {"\"\"\"${", "}\"\"\""}};
  for (const auto& [open, close] : shapes) {
    for (const int depth : {300, 9'000}) {
      INFO(open << " x " << depth);
      CHECK(Codes("let x = " + Repeat(open, depth) + "a" + Repeat(close, depth)) == Codes_{"SL9004"});
    }
  }
  CHECK(Codes("let x = a" + Repeat(".b", 20'000)) == Codes_{"SL9004"});
  CHECK(Codes("let x = a" + Repeat("(1)", 20'000)) == Codes_{"SL9004"});
  CHECK(Codes("let x: " + Repeat("list<", 20'000)) == Codes_{"SL9004"});
  CHECK(Codes("rollout r { step s { " + Repeat("together { ", 20'000)) == Codes_{"SL9004"});
}

TEST_CASE("nesting within the limit is read") {
  for (const auto& [open, close] : std::vector<std::pair<std::string, std::string>>{
           {"(", ")"}, {"[", "]"}, {"{ a: ", "}"}, {"-", ""}, {"not ", ""}, {"a + ", ""}, {"if a then b else ", ""}}) {
    INFO(open);
    const int depth = open.find("if") == 0 ? 120 : 240;
    CHECK(Codes("let x = " + Repeat(open, depth) + "a" + Repeat(close, depth)).empty());
  }
  CHECK(Codes("let x = " + Repeat("\"${", 30) + "a" + Repeat("}\"", 30)).empty());
}

TEST_CASE("many lines do not nest") {
  CHECK(Codes(Repeat("let x = a + b * c ?? -d\n", 5000)).empty());
  CHECK(Codes("let x = { " + Repeat("k: a + 1  ", 5000) + "}").empty());
  CHECK(Codes("let x = [" + Repeat("a.b.c, ", 5000) + "]").empty());
}

TEST_CASE("a byte that is not UTF-8 is reported where it stands") {
  const std::vector<diagnostics::Diagnostic> found = Diagnose("let a = 1\nlet b = \"x\xff\"\nlet c = 2\n");
  REQUIRE(found.size() == 1);
  CHECK(std::string(found[0].kind->code) == "SL0002");
  CHECK(found[0].span.begin == 20);
  CHECK(Codes("let a = 1 \xff\xfe\n").size() == 1);
  for (const char* name : {"che\xff"
                           "ckout",
                           "\xff"
                           "checkout",
                           "checkout\xff",
                           "che\xff\xfe-\xff"
                           "ckout"}) {
    CHECK(Codes(std::string("service ") + name + " {\n  image \"a:1\"\n}\n") == Codes_{"SL0002"});
  }
  CHECK(Codes(std::string("\xff\xfel\0e\0t\0", 8)) == Codes_{"SL0002"});
}

TEST_CASE("a NUL byte is reported where it stands") {
  CHECK(Codes(std::string("let a = 1\0\nlet b = 2\n", 21)) == Codes_{"SL0003"});
  CHECK(Codes(std::string("let a = \"x\0y\"\n", 14)) == Codes_{"SL0003"});
}

TEST_CASE("CRLF, a byte order mark and a missing last line end are read") {
  CHECK(Codes("\xef\xbb\xbf"
              "import std.gates\r\n\r\nservice a {\r\n  image \"a:1\"\r\n}")
            .empty());
  CHECK(Codes("").empty());
  CHECK(Codes("\xef\xbb\xbf").empty());
  CHECK(Codes("// only a comment").empty());
}

TEST_CASE("a file with a hundred mistakes says that there are more") {
  const std::vector<std::string> codes = Codes(Repeat("let = 1\n", 300));
  CHECK(codes.size() == diagnostics::Emitter::kPerFile + 1);
}

TEST_CASE("a declaration with very many mistakes is given up") {
  const std::vector<std::string> codes = Codes("service a {\n" + Repeat("  image: \"a:1\"\n", 80) + "}\n");
  CHECK(codes.back() == "SL9005");
}

TEST_CASE("random bytes and random words never do harm") {
  const std::uint32_t seed = 20270302;
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const std::vector<std::string> words = {"service", "rollout", "step",   "weight", "{",   "}",  "(",    ")",   "[",
                                          "]",       "\"",      "\"\"\"", "${",     "10%", "5m", "a",    "=",   ":",
                                          ",",       "-",       "\n",     "if",     "for", "in", "//",   "///", "@",
                                          "..",      "not",     "secret", "hold",   "\\",  "'",  "\xff", "gate"};
  for (int round = 0; round < 300; ++round) {
    std::string bytes;
    std::string text;
    for (int i = 0; i < 300; ++i) {
      bytes += static_cast<char>(random() & 0xff);
      text += words[random() % words.size()] + (random() % 4 == 0 ? "" : " ");
    }
    CHECK(Diagnose(bytes).size() <= diagnostics::Emitter::kPerFile + 1);
    CHECK(Diagnose(text).size() <= diagnostics::Emitter::kPerFile + 1);
  }
}

}  // namespace
}  // namespace sluice::syntax
