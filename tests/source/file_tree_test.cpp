#include "compiler/source/file_tree.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>
#include <unistd.h>

namespace sluice::source {
namespace {

namespace fs = std::filesystem;

// A directory that is gone after the test.
class ScratchDirectory {
 public:
  ScratchDirectory() : path_(fs::temp_directory_path() / ("sluice-file-tree-" + std::to_string(getpid()))) {
    fs::create_directories(path_);
  }
  ~ScratchDirectory() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

TEST_CASE("a directory is listed by path, links and submodules are named and never followed") {
  const ScratchDirectory scratch;
  fs::create_directories(scratch.path() / ".git");
  fs::create_directories(scratch.path() / "b");
  fs::create_directories(scratch.path() / "module");
  std::ofstream(scratch.path() / "b" / "x.plan") << "let x = 1";
  std::ofstream(scratch.path() / ".git" / "config") << "hidden";
  std::ofstream(scratch.path() / "module" / ".git") << "gitdir: ../.git/modules/module";
  std::ofstream(scratch.path() / "module" / "y.plan") << "let y = 1";
  std::ofstream(scratch.path() / "a.plan") << "";
  fs::create_symlink("/etc/passwd", scratch.path() / "link.plan");

  const DiskTree tree(scratch.path().string());
  const auto entries = tree.List();
  REQUIRE(entries.ok());
  REQUIRE(entries->size() == 4);
  CHECK((*entries)[0].path == "a.plan");
  CHECK((*entries)[1].path == "b/x.plan");
  CHECK((*entries)[2].kind == EntryKind::kSymlink);
  CHECK((*entries)[3].path == "module");
  CHECK((*entries)[3].kind == EntryKind::kSubmodule);
  CHECK(tree.Read("b/x.plan", 100).value() == "let x = 1");
  CHECK(tree.Read("b/x.plan", 3).error().code == ErrorCode::kTooLarge);
  CHECK(tree.Read("none", 3).error().code == ErrorCode::kNotFound);
}

TEST_CASE("a text takes the memory of what it holds, not of what it may") {
  const ScratchDirectory scratch;
  const std::string large(20'000, 'x');
  std::ofstream(scratch.path() / "small.plan") << "let x = 1";
  std::ofstream(scratch.path() / "large.plan") << large;
  const DiskTree tree(scratch.path().string());
  CHECK(tree.Read("small.plan", 256 * 1024).value().capacity() < 100);
  CHECK(tree.Read("large.plan", 256 * 1024).value() == large);
  CHECK(tree.Read("large.plan", large.size()).value() == large);
  CHECK(tree.Read("large.plan", large.size() - 1).error().code == ErrorCode::kTooLarge);
}

TEST_CASE("a root that is missing or no directory says so") {
  CHECK(DiskTree("/nonexistent/plans").List().error().message == "/nonexistent/plans does not exist");
  CHECK(DiskTree("/dev/null").List().error().message == "/dev/null is not a directory");
}

TEST_CASE("a tree in memory behaves alike") {
  const MemoryTree tree({{"b.plan", "b"}, {"a.plan", "a"}});
  CHECK(tree.List()->front().path == "a.plan");
  CHECK(tree.Read("a.plan", 1).value() == "a");
  CHECK(tree.Read("a.plan", 0).error().code == ErrorCode::kTooLarge);
}

}  // namespace sluice::source
