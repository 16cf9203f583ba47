#include "compiler/compile.h"

#include <catch2/catch.hpp>

#include "compiler/check/check.h"
#include "compiler/diagnostics/render.h"
#include "compiler/stdlib.h"
#include "compiler/syntax/parse.h"

namespace sluice {
namespace {

const char* const kWeb = R"(service web {
  image "ghcr.io/acme/web:1.0"
  port  http 8080
  probe ready http "/readyz"
}
)";

using Files = std::map<std::string, std::string>;

std::string Short(const Compilation& compilation) {
  return diagnostics::RenderShort(compilation.emitter.Sorted(), compilation.sources);
}

// Entries that no file in memory can be.
class OddTree : public source::MemoryTree {
 public:
  OddTree(Files files, std::vector<source::Entry> odd) : MemoryTree(std::move(files)), odd_(std::move(odd)) {}

  Result<std::vector<source::Entry>> List() const override {
    Result<std::vector<source::Entry>> entries = MemoryTree::List();
    for (const source::Entry& entry : odd_) {
      entries->push_back(entry);
    }
    return entries;
  }

 private:
  std::vector<source::Entry> odd_;
};

class BrokenTree : public source::FileTree {
 public:
  Result<std::vector<source::Entry>> List() const override { return Error{ErrorCode::kNotFound, "no such directory"}; }
  Result<std::string> Read(const std::string&, std::size_t) const override {
    return Error{ErrorCode::kNotFound, "no such file"};
  }
};

class UnreadableFile : public source::MemoryTree {
 public:
  UnreadableFile() : MemoryTree(Files{{"a.plan", kWeb}}) {}
  Result<std::string> Read(const std::string&, std::size_t) const override {
    return Error{ErrorCode::kForbidden, "permission denied"};
  }
};

TEST_CASE("a plan set without a mistake gives objects") {
  const auto compilation = Compile(source::MemoryTree(Files{{"web.plan", kWeb}}));
  CHECK(Short(*compilation) == "");
  REQUIRE(compilation->plans.services.size() == 1);
  CHECK(compilation->plans.services[0]->ports[0].number == 8080);
  CHECK(compilation->plan_files == 1);
  CHECK_FALSE(compilation->manifests.empty());
}

TEST_CASE("a tree without a plan is a mistake") {
  const auto compilation = Compile(source::MemoryTree(Files{{"README.md", "# plans"}}));
  CHECK(Short(*compilation).find("SL2390") != std::string::npos);
  CHECK(compilation->plan_files == 0);
}

TEST_CASE("a tree that cannot be listed is a mistake that says why") {
  const std::string text = Short(*Compile(BrokenTree()));
  CHECK(text.find("SL2391") != std::string::npos);
  CHECK(text.find("no such directory") != std::string::npos);
}

TEST_CASE("a file that cannot be read is a mistake at its name") {
  const std::string text = Short(*Compile(UnreadableFile()));
  CHECK(text.find("a.plan:1:1: error[SL2391]") == 0);
  CHECK(text.find("permission denied") != std::string::npos);
}

TEST_CASE("links and submodules that could hold plans are refused, others are nobody's business") {
  const OddTree tree({{"web.plan", kWeb}}, {{"linked.plan", source::EntryKind::kSymlink, ""},
                                            {"module.d", source::EntryKind::kSubmodule, ""},
                                            {"teams/common", source::EntryKind::kSymlink, ""},
                                            {"teams/.shared", source::EntryKind::kSymlink, ""},
                                            {"LICENSE.md", source::EntryKind::kSymlink, ""}});
  const std::string text = Short(*Compile(tree));
  CHECK(text.find("linked.plan:1:1: error[SL2392]: `linked.plan` is a symbolic link") != std::string::npos);
  CHECK(text.find("module.d:1:1: error[SL2392]: `module.d` is a submodule") != std::string::npos);
  CHECK(text.find("teams/common:1:1: error[SL2392]: `teams/common` is a symbolic link") != std::string::npos);
  CHECK(text.find("teams/.shared:1:1: error[SL2392]: `teams/.shared` is a symbolic link") != std::string::npos);
  CHECK(text.find("LICENSE.md") == std::string::npos);
}

TEST_CASE("a file over the limit is refused and the rest is still checked") {
  const std::string large(syntax::kMaxFileBytes + 1, '\n');
  const std::string text = Short(*Compile(source::MemoryTree(Files{{"a.plan", large}, {"b.plan", "service b { }\n"}})));
  CHECK(text.find("a.plan:1:1: error[SL9201]") == 0);
  CHECK(text.find("b.plan:1:9: error[SL2001]") != std::string::npos);
}

TEST_CASE("sources over the limit together are refused") {
  Files files;
  for (int i = 0; i < 33; ++i) {
    files["a" + std::to_string(i) + ".plan"] = std::string(syntax::kMaxFileBytes, '\n');
  }
  CHECK(Short(*Compile(source::MemoryTree(files))).find("SL9202") != std::string::npos);
}

TEST_CASE("a compile with a cache gives what one without gives") {
  CompileCache cache;
  const Files before = {{"a.plan", kWeb}, {"b.plan", "service b { }\n"}};
  const std::string first = Short(*Compile(source::MemoryTree(before), &cache));
  CHECK(Short(*Compile(source::MemoryTree(before), &cache)) == first);
  Files after = before;
  after["a.plan"] = "service a { }\n";
  CHECK(Short(*Compile(source::MemoryTree(after), &cache)) == Short(*Compile(source::MemoryTree(after))));
  // Every file behind a new one gets another number.
  after["0.plan"] = "service zero { imagee \"x:1\" }\n";
  CHECK(Short(*Compile(source::MemoryTree(after), &cache)) == Short(*Compile(source::MemoryTree(after))));
}

TEST_CASE("what a file of the stdlib is called after is offered wherever its name stands alone") {
  int offered = 0;
  for (const StdlibFile& file : StdlibFiles()) {
    const std::size_t slash = file.path.rfind('/');
    const std::string library(file.path.substr(0, slash));
    if (library == "std") {
      continue;
    }
    const std::string name(file.path.substr(slash + 1, file.path.size() - slash - 1 - std::string(".plan").size()));
    CAPTURE(file.path);
    const std::string module = library.substr(4);
    const auto bare = Compile(source::MemoryTree(Files{{"a.plan", "let x = " + name + "\n"}}));
    const std::string text = diagnostics::RenderText(bare->emitter.Sorted(), bare->sources, false);
    CHECK(text.find("write `" + module + "." + name + "` and import it: `import std." + module + "`") !=
          std::string::npos);
    const std::string use = "import std." + module + "\nlet x = " + module + "." + name + "\n";
    const auto full = Compile(source::MemoryTree(Files{{"a.plan", use}}));
    CHECK(diagnostics::RenderText(full->emitter.Sorted(), full->sources, false).find("declares no") ==
          std::string::npos);
    ++offered;
  }
  CHECK(offered > 10);
}

TEST_CASE("the stdlib has no mistake, used or not") {
  source::SourceSet sources;
  diagnostics::Emitter emitter;
  std::vector<syntax::PlanFile> parsed;
  parsed.reserve(StdlibFiles().size());
  std::vector<check::ModuleFile> files;
  for (const StdlibFile& file : StdlibFiles()) {
    const source::FileId id = sources.Add(std::string(file.path), std::string(file.text));
    parsed.push_back(syntax::Parse(sources, id, emitter));
    files.push_back({std::string(file.path), &parsed.back()});
  }
  REQUIRE(files.size() > 10);
  check::CheckPlanSet(files, sources, emitter, true);
  CHECK(diagnostics::RenderShort(emitter.Sorted(), sources) == "");
}

}  // namespace
}  // namespace sluice
