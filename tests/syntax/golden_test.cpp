// tests/golden/syntax/NAME.plan: NAME.ast is its tree, NAME.diag what is wrong with it. A name begins with
// `fail_` if and only if the file has an error. UPDATE_GOLDEN=1 rewrites the expectations.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>

#include "compiler/diagnostics/render.h"
#include "compiler/syntax/parse.h"
#include "tests/syntax/ast_printer.h"

namespace sluice::syntax {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(SLUICE_SOURCE_DIR) / "tests" / "golden" / "syntax";

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<fs::path> Plans() {
  std::vector<fs::path> plans;
  for (const auto& entry : fs::directory_iterator(kGolden)) {
    if (entry.path().extension() == ".plan") {
      plans.push_back(entry.path());
    }
  }
  std::sort(plans.begin(), plans.end());
  return plans;
}

void CompareWith(const fs::path& expectation, const std::string& text) {
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    if (text.empty()) {
      fs::remove(expectation);
    } else {
      std::ofstream(expectation, std::ios::binary) << text;
    }
  }
  CHECK(ReadFile(expectation) == text);
}

TEST_CASE("every golden plan parses to its tree and its diagnostics") {
  const std::vector<fs::path> plans = Plans();
  REQUIRE(plans.size() > 20);
  for (const fs::path& path : plans) {
    INFO(path.filename().string());
    source::SourceSet sources;
    const source::FileId file = sources.Add(path.filename().string(), ReadFile(path));
    diagnostics::Emitter emitter;
    const PlanFile plan = Parse(sources, file, emitter);
    const bool fails = path.filename().string().rfind("fail_", 0) == 0;
    CHECK(emitter.has_errors() == fails);
    CompareWith(fs::path(path).replace_extension(".ast"), fails ? "" : Print(plan));
    CompareWith(fs::path(path).replace_extension(".diag"), diagnostics::RenderText(emitter.Sorted(), sources, false));
  }
}

TEST_CASE("every diagnostic of the syntax stands in some golden file") {
  std::string all;
  for (const fs::path& path : Plans()) {
    all += ReadFile(fs::path(path).replace_extension(".diag"));
  }
  // Limits are reached by the robustness tests; a file of 256 KiB is no golden.
  const std::set<std::string> elsewhere = {"SL9001", "SL9002", "SL9003", "SL9005"};
  for (const diagnostics::Kind* kind : diagnostics::AllKinds()) {
    const std::string code = kind->code;
    if ((code.rfind("SL0", 0) == 0 || code.rfind("SL9", 0) == 0) && elsewhere.count(code) == 0 && code < "SL9100") {
      INFO(code << " " << kind->name);
      CHECK(all.find("[" + code + "]") != std::string::npos);
    }
  }
}

TEST_CASE("no diagnostic speaks of the parser") {
  for (const fs::path& path : Plans()) {
    const std::string text = ReadFile(fs::path(path).replace_extension(".diag"));
    for (const char* jargon : {"viable", "mismatched", "extraneous", "<EOF>", "token", "ANTLR", "POISON"}) {
      INFO(path.filename().string() << " says " << jargon);
      CHECK(text.find(jargon) == std::string::npos);
    }
  }
}

}  // namespace
}  // namespace sluice::syntax
