// Every plan without a mistake, with one token taken out, doubled or replaced.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/tokens.h"

namespace sluice::syntax {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> Samples() {
  std::vector<std::string> texts;
  const fs::path folder = fs::path(SLUICE_SOURCE_DIR) / "tests" / "golden" / "syntax";
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".plan" && entry.path().filename().string().rfind("sample_", 0) == 0) {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    texts.push_back(text.str());
  }
  return texts;
}

std::size_t CountDiagnostics(const std::string& text) {
  source::SourceSet sources;
  diagnostics::Emitter emitter;
  (void)Parse(sources, sources.Add("mutant.plan", text), emitter);
  for (const diagnostics::Diagnostic& each : emitter.Sorted()) {
    CHECK(each.span.begin <= each.span.end);
    CHECK(each.span.end <= text.size());
    CHECK(each.message.find_first_of("\n") == std::string::npos);
    CHECK_FALSE(each.message.empty());
    for (const diagnostics::Fix& fix : each.fixes) {
      for (const auto& [span, replacement] : fix.edits) {
        CHECK(span.end <= text.size());
      }
    }
  }
  return emitter.Sorted().size();
}

struct Tally {
  std::size_t wrong = 0;  // mutants with a diagnostic
  std::size_t noisy = 0;  // of these, those with more than one

  void Add(const std::string& text) {
    const std::size_t count = CountDiagnostics(text);
    CHECK(count <= diagnostics::Emitter::kPerFile + 1);
    wrong += count > 0 ? 1 : 0;
    noisy += count > 1 ? 1 : 0;
  }
};

TEST_CASE("a plan with one token changed gives diagnostics inside the file, and mostly one") {
  Tally words;
  Tally marks;  // a bracket that goes or comes changes what all that follows belongs to
  for (const std::string& text : Samples()) {
    const Tokens tokens = Lex(text, 0, static_cast<std::uint32_t>(text.size()), kMaxTokens, nullptr);
    REQUIRE(tokens.size() > 10);
    for (const Token& token : tokens) {
      const std::string head = text.substr(0, token.begin);
      const std::string tail = text.substr(token.end);
      const std::string own = text.substr(token.begin, token.end - token.begin);
      const bool bracket = IsOpening(token.type) || IsClosing(token.type);
      Tally& tally = bracket ? marks : words;
      tally.Add(head + tail);
      tally.Add(head + own + " " + own + tail);
      for (const char* other : {"zzz", "7", "weight"}) {
        tally.Add(head + other + tail);
      }
      for (const char* other : {"=", "}", "%"}) {
        marks.Add(head + other + tail);
      }
    }
  }
  INFO(words.wrong << " changes of a word have a diagnostic, " << words.noisy << " several");
  CHECK(words.wrong > 1000);
  CHECK(words.noisy * 4 < words.wrong);
}

}  // namespace
}  // namespace sluice::syntax
