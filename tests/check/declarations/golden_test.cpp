// One plan set each in tests/golden/check: NAME.plan, or a directory NAME with several files, manifests among them.
// Beside it NAME.diag, what `sluice lint --format short` prints with the notes and fixes below each line, and
// NAME.tests, its tests as they were checked, if it has some without a mistake. UPDATE_GOLDEN=1 rewrites them.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "compiler/compile.h"
#include "compiler/diagnostics/render.h"
#include "compiler/source/file_tree.h"
#include "tests/check/declarations/describe_tests.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = fs::path(SLUICE_SOURCE_DIR) / "tests/golden/check";

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Every case with its files, by name.
std::map<std::string, std::map<std::string, std::string>> Cases() {
  std::map<std::string, std::map<std::string, std::string>> cases;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kRoot)) {
    const bool manifests = entry.path().extension() == ".yaml";
    if (entry.path().extension() != ".plan" && !manifests) {
      continue;
    }
    const fs::path relative = fs::relative(entry.path(), kRoot);
    const std::string first = relative.begin()->string();
    const bool alone = std::next(relative.begin()) == relative.end();
    const std::string name = alone ? relative.stem().string() : first;
    cases[name][alone ? first : fs::relative(entry.path(), kRoot / first).generic_string()] = ReadFile(entry.path());
  }
  return cases;
}

std::string Describe(const Compilation& compilation) {
  std::string text;
  for (const diagnostics::Diagnostic& diagnostic : compilation.emitter.Sorted()) {
    text += diagnostics::RenderShort({diagnostic}, compilation.sources);
    for (const diagnostics::Label& label : diagnostic.labels) {
      const source::Position at = compilation.sources.Begin(label.span);
      text += fmt::format("    {}:{}:{}: {}\n", compilation.sources.file(label.span.file).path(), at.line, at.column,
                          label.text);
    }
    for (const std::string& note : diagnostic.notes) {
      text += fmt::format("    note: {}\n", note);
    }
    for (const diagnostics::Fix& fix : diagnostic.fixes) {
      text += fmt::format("    fix: {}\n", fix.title);
    }
  }
  return text;
}

TEST_CASE("every plan set of tests/golden/check gives the diagnostics beside it") {
  const bool update = std::getenv("UPDATE_GOLDEN") != nullptr;
  const auto cases = Cases();
  REQUIRE(cases.size() > 20);
  for (const auto& [name, files] : cases) {
    INFO(name);
    const auto compilation = Compile(source::MemoryTree(files));
    const std::string found = Describe(*compilation);
    const fs::path expected = kRoot / (name + ".diag");
    const std::string tests = DescribeTests(compilation->plans.tests);
    const fs::path expected_tests = kRoot / (name + ".tests");
    if (update) {
      std::ofstream(expected, std::ios::binary) << found;
      if (!tests.empty()) {
        std::ofstream(expected_tests, std::ios::binary) << tests;
      }
    }
    CHECK(found == ReadFile(expected));
    CHECK(tests == ReadFile(expected_tests));
    CHECK((name.rfind("fail_", 0) == 0) == compilation->emitter.has_errors());
  }
}

TEST_CASE("every diagnostic of declarations, names and gates occurs in a golden") {
  std::string all;
  for (const fs::directory_entry& entry : fs::directory_iterator(kRoot)) {
    all += entry.path().extension() == ".diag" ? ReadFile(entry.path()) : "";
  }
  std::set<std::string> missing;
  for (const diagnostics::Kind* kind : diagnostics::AllKinds()) {
    const std::string code = kind->code;
    const bool ours = (code >= "SL2000" && code < "SL2390") || (code >= "SL2600" && code < "SL2700") ||
                      (code >= "SL3000" && code < "SL3100") || (code >= "SL4000" && code < "SL5000");
    if (ours && all.find("[" + code + "]") == std::string::npos) {
      missing.insert(code + " " + kind->name);
    }
  }
  CHECK(missing == std::set<std::string>());
}

}  // namespace
}  // namespace sluice
