#include "reconciler/git/git_repository.h"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "tests/git/fixture.h"

namespace sluice::git {
namespace {

using source::EntryKind;

// A remote, and our copy of it.
struct Setup {
  ScratchDirectory scratch;
  std::string remote_path = scratch.path() + "/remote";
  TestRepository remote{remote_path};

  GitRepository Open(const std::string& ref, const std::string& path = "plans", const std::string& url = "") {
    FetchRequest request;
    request.directory = scratch.path() + "/copy";
    request.url = url.empty() ? remote_path : url;
    request.ref = ref;
    return GitRepository(request, path, Fetch);
  }
};

TEST_CASE("a branch gives its commit and the files below the path") {
  Setup setup;
  const std::string commit =
      setup.remote.Commit("main", {{"plans/shop/a.plan", "A"}, {"plans/b.plan", "B"}, {"README.md", "no"}}, "");
  auto snapshot = setup.Open("main").Fetch("");
  REQUIRE(snapshot.ok());
  CHECK(snapshot->commit == commit);
  CHECK_FALSE(snapshot->rewritten);
  const auto entries = snapshot->files->List();
  REQUIRE(entries.ok());
  REQUIRE(entries->size() == 2);
  CHECK((*entries)[0].path == "b.plan");
  CHECK((*entries)[1].path == "shop/a.plan");
  CHECK((*entries)[1].content_id.size() == 40);
  CHECK(*snapshot->files->Read("shop/a.plan", 10) == "A");
  CHECK(snapshot->files->Read("shop/missing.plan", 10).error().code == ErrorCode::kNotFound);
  CHECK(snapshot->files->Read("b.plan", 0).error().code == ErrorCode::kTooLarge);
}

TEST_CASE("an address may be a path or a file URL") {
  Setup setup;
  const std::string commit = setup.remote.Commit("main", {{"a.plan", "A"}}, "");
  CHECK(setup.Open("main", "").Fetch("")->commit == commit);
  CHECK(setup.Open("main", "", "file://" + setup.remote_path).Fetch("")->commit == commit);
}

TEST_CASE("who owns the repository doesn't matter") {
  if (geteuid() != 0) return;  // only root gives files away
  Setup setup;
  const std::string commit = setup.remote.Commit("main", {{"a.plan", "A"}}, "");
  constexpr uid_t kNobody = 65'534;
  REQUIRE(chown(setup.remote_path.c_str(), kNobody, kNobody) == 0);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(setup.remote_path)) {
    REQUIRE(lchown(entry.path().c_str(), kNobody, kNobody) == 0);
  }
  const auto snapshot = setup.Open("main", "").Fetch("");
  INFO((snapshot.ok() ? "" : snapshot.error().message));
  REQUIRE(snapshot.ok());
  CHECK(snapshot->commit == commit);
}

TEST_CASE("a new commit on the branch is found, and its files are its own") {
  Setup setup;
  const std::string first = setup.remote.Commit("main", {{"plans/a.plan", "1"}}, "");
  GitRepository repository = setup.Open("main");
  const auto before = repository.Fetch("");
  const std::string second = setup.remote.Commit("main", {{"plans/a.plan", "2"}}, first);
  const auto after = repository.Fetch(first);
  REQUIRE(after.ok());
  CHECK(after->commit == second);
  CHECK_FALSE(after->rewritten);
  CHECK(*before->files->Read("a.plan", 10) == "1");
  CHECK(*after->files->Read("a.plan", 10) == "2");
}

TEST_CASE("a commit that doesn't touch the path keeps the tree's id") {
  Setup setup;
  const std::string first = setup.remote.Commit("main", {{"plans/a.plan", "1"}, {"other", "1"}}, "");
  GitRepository repository = setup.Open("main");
  const auto before = repository.Fetch("");
  setup.remote.Commit("main", {{"plans/a.plan", "1"}, {"other", "2"}}, first);
  const auto after = repository.Fetch(first);
  CHECK(before->commit != after->commit);
  CHECK(before->tree == after->tree);
}

TEST_CASE("a ref may be a tag, a full name or a commit") {
  Setup setup;
  const std::string first = setup.remote.Commit("main", {{"plans/a.plan", "1"}}, "");
  const std::string second = setup.remote.Commit("main", {{"plans/a.plan", "2"}}, first);
  setup.remote.Tag("v1", first, false);
  setup.remote.Tag("v2", second, true);
  CHECK(setup.Open("v1").Fetch("")->commit == first);
  CHECK(setup.Open("v2").Fetch("")->commit == second);
  CHECK(setup.Open("refs/tags/v2").Fetch("")->commit == second);
  CHECK(setup.Open("refs/heads/main").Fetch("")->commit == second);
  CHECK(setup.Open(first).Fetch("")->commit == first);
  CHECK(setup.Open(std::string(40, 'a')).Fetch("").error().code == ErrorCode::kNotFound);
}

TEST_CASE("a commit that is here already needs no remote") {
  Setup setup;
  const std::string first = setup.remote.Commit("main", {{"plans/a.plan", "1"}}, "");
  REQUIRE(setup.Open("main").Fetch("").ok());
  std::filesystem::remove_all(setup.remote_path);
  CHECK(setup.Open(first).Fetch("")->commit == first);
}

TEST_CASE("rewritten history is said") {
  Setup setup;
  const std::string first = setup.remote.Commit("main", {{"plans/a.plan", "1"}}, "");
  GitRepository repository = setup.Open("main");
  REQUIRE(repository.Fetch("").ok());
  setup.remote.Commit("main", {{"plans/a.plan", "2"}}, "");
  const auto rewritten = repository.Fetch(first);
  REQUIRE(rewritten.ok());
  CHECK(rewritten->rewritten);
  // A commit that was never here: nobody can tell, so it counts as rewritten.
  CHECK(repository.Fetch(std::string(40, 'b'))->rewritten);
}

TEST_CASE("what cannot be fetched is an error that says what") {
  Setup setup;
  CHECK(setup.Open("main").Fetch("").error().message.find("the repository is empty") != std::string::npos);

  const std::string first = setup.remote.Commit("main", {{"plans/a.plan", "1"}}, "");
  auto error = setup.Open("mian").Fetch("").error();
  CHECK(error.code == ErrorCode::kNotFound);
  CHECK(error.message.find("no branch or tag `mian`; there is `main`") != std::string::npos);

  error = setup.Open("main", "plan").Fetch("").error();
  CHECK(error.code == ErrorCode::kNotFound);
  CHECK(error.message.find("has no directory `plan`") != std::string::npos);
  CHECK(setup.Open("main", "../x").Fetch("").error().code == ErrorCode::kInvalid);

  setup.remote.Commit("other", {{"plans/a.plan", "1"}}, "");
  setup.remote.DeleteBranch("main");
  CHECK(setup.Open("main").Fetch(first).error().code == ErrorCode::kNotFound);

  error = setup.Open("main", "", setup.scratch.path() + "/nowhere").Fetch("").error();
  CHECK(error.message.find("nowhere") != std::string::npos);
}

TEST_CASE("an error never shows the password of an address") {
  Setup setup;
  const auto error =
      setup.Open("main", "", "file://ann:hunter2secret@" + setup.scratch.path() + "/nowhere").Fetch("").error();
  CHECK(error.message.find("hunter2secret") == std::string::npos);
  CHECK(error.message.find("ann:") == std::string::npos);
}

TEST_CASE("symlinks and submodules are named, never followed") {
  Setup setup;
  setup.remote.AddSymlink("plans/link.plan", "/etc/passwd");
  setup.remote.AddSubmodule("plans/module", std::string(40, '1'));
  setup.remote.Commit("main", {{"plans/a.plan", "1"}}, "");
  const auto snapshot = setup.Open("main").Fetch("");
  REQUIRE(snapshot.ok());
  const auto entries = *snapshot->files->List();
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].kind == EntryKind::kFile);
  CHECK(entries[1].kind == EntryKind::kSymlink);
  CHECK(entries[2].kind == EntryKind::kSubmodule);
  CHECK(snapshot->files->Read("link.plan", 100).error().code == ErrorCode::kNotFound);
}

TEST_CASE("a damaged copy is made anew") {
  Setup setup;
  const std::string first = setup.remote.Commit("main", {{"plans/a.plan", "1"}}, "");
  REQUIRE(setup.Open("main").Fetch("").ok());
  std::filesystem::remove_all(setup.scratch.path() + "/copy/objects");
  std::filesystem::create_directories(setup.scratch.path() + "/copy/objects");
  const auto again = setup.Open("main").Fetch(first);
  REQUIRE(again.ok());
  CHECK(again->commit == first);
  CHECK(*again->files->Read("a.plan", 10) == "1");
}

}  // namespace
}  // namespace sluice::git
