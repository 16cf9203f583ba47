#include "tests/git/fixture.h"

#include <cstdlib>
#include <filesystem>

#include <unistd.h>

#include "compiler/base/check.h"

namespace sluice::git {

ScratchDirectory::ScratchDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "sluice-test-XXXXXX").string();
  SLUICE_CHECK(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

TestRepository::TestRepository(const std::string& directory) {
  git_libgit2_init();
  SLUICE_CHECK(git_repository_init(&repository_, directory.c_str(), 1) == 0);
}

TestRepository::~TestRepository() {
  git_repository_free(repository_);
  git_libgit2_shutdown();
}

std::string TestRepository::Commit(const std::string& branch, const std::map<std::string, std::string>& files,
                                   const std::string& parent) {
  git_index* index = nullptr;
  SLUICE_CHECK(git_index_new(&index) == 0);
  const auto add = [&](const std::string& path, const git_oid& id, git_filemode_t mode) {
    git_index_entry entry{};
    entry.path = path.c_str();
    entry.id = id;
    entry.mode = mode;
    SLUICE_CHECK(git_index_add(index, &entry) == 0);
  };
  const auto add_blob = [&](const std::string& path, const std::string& text, git_filemode_t mode) {
    git_oid id;
    SLUICE_CHECK(git_blob_create_from_buffer(&id, repository_, text.data(), text.size()) == 0);
    add(path, id, mode);
  };
  for (const auto& [path, text] : files) add_blob(path, text, GIT_FILEMODE_BLOB);
  for (const auto& [path, target] : symlinks_) add_blob(path, target, GIT_FILEMODE_LINK);
  for (const auto& [path, commit] : submodules_) {
    git_oid id;
    SLUICE_CHECK(git_oid_fromstr(&id, commit.c_str()) == 0);
    add(path, id, GIT_FILEMODE_COMMIT);
  }
  git_oid tree_id;
  SLUICE_CHECK(git_index_write_tree_to(&tree_id, index, repository_) == 0);
  git_index_free(index);
  git_tree* tree = nullptr;
  SLUICE_CHECK(git_tree_lookup(&tree, repository_, &tree_id) == 0);
  git_signature* author = nullptr;
  SLUICE_CHECK(git_signature_new(&author, "Test", "test@example.org", 1'700'000'000 + 60 * commits_++, 0) == 0);
  git_commit* before = nullptr;
  git_oid id;
  if (!parent.empty()) {
    SLUICE_CHECK(git_oid_fromstr(&id, parent.c_str()) == 0);
    SLUICE_CHECK(git_commit_lookup(&before, repository_, &id) == 0);
  }
  const git_commit* parents[] = {before};
  SLUICE_CHECK(git_commit_create(&id, repository_, nullptr, author, author, nullptr, "change", tree,
                                 before != nullptr ? 1 : 0, parents) == 0);
  git_reference* reference = nullptr;
  SLUICE_CHECK(git_reference_create(&reference, repository_, ("refs/heads/" + branch).c_str(), &id, 1, nullptr) == 0);
  git_reference_free(reference);
  git_commit_free(before);
  git_signature_free(author);
  git_tree_free(tree);
  char text[GIT_OID_HEXSZ + 1];
  return git_oid_tostr(text, sizeof text, &id);
}

void TestRepository::Tag(const std::string& name, const std::string& commit, bool annotated) {
  git_oid id;
  git_object* target = nullptr;
  SLUICE_CHECK(git_oid_fromstr(&id, commit.c_str()) == 0);
  SLUICE_CHECK(git_object_lookup(&target, repository_, &id, GIT_OBJECT_COMMIT) == 0);
  if (annotated) {
    git_signature* author = nullptr;
    SLUICE_CHECK(git_signature_new(&author, "Test", "test@example.org", 1'700'000'000, 0) == 0);
    SLUICE_CHECK(git_tag_create(&id, repository_, name.c_str(), target, author, "release", 1) == 0);
    git_signature_free(author);
  } else {
    SLUICE_CHECK(git_tag_create_lightweight(&id, repository_, name.c_str(), target, 1) == 0);
  }
  git_object_free(target);
}

void TestRepository::DeleteBranch(const std::string& branch) {
  SLUICE_CHECK(git_reference_remove(repository_, ("refs/heads/" + branch).c_str()) == 0);
}

}  // namespace sluice::git
