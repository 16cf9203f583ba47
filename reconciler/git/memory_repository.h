// A repository of commits in memory, for simulations and tests.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/check.h"
#include "compiler/base/hash.h"
#include "reconciler/git/repository.h"

namespace sluice::git {

class MemoryRepository : public Repository {
 public:
  using Files = std::map<std::string, std::string>;

  // A commit on top of the one that the ref names; its id.
  std::string Commit(Files files) { return Add(head_, std::move(files)); }
  // A commit that has nothing behind it.
  std::string Rewrite(Files files) { return Add(std::nullopt, std::move(files)); }
  // The ref names a commit of before, as after `git push --force`.
  void Reset(const std::string& id) {
    const auto found = std::find_if(commits_.begin(), commits_.end(), [&](const auto& each) { return each.id == id; });
    SLUICE_CHECK(found != commits_.end());
    head_ = static_cast<std::size_t>(found - commits_.begin());
  }
  void Fail(std::optional<Error> error) { error_ = std::move(error); }
  int fetches() const { return fetches_; }
  // The commit that the ref names. Requires one.
  const std::string& head() const { return commits_[*head_].id; }
  const Files& files() const { return commits_[*head_].files; }

  Result<Snapshot> Fetch(const std::string& last_good) override {
    ++fetches_;
    if (error_) return *error_;
    Snapshot snapshot;
    snapshot.commit = head();
    std::string all;
    for (const auto& [path, text] : files()) all.append(path).append("\n").append(text).append("\n");
    snapshot.tree = Sha256(all).substr(0, 40);
    snapshot.rewritten = !last_good.empty() && !Follows(last_good);
    snapshot.files = std::make_shared<source::MemoryTree>(files());
    return snapshot;
  }

 private:
  struct Entry {
    std::string id;
    std::optional<std::size_t> parent;
    Files files;
  };

  std::string Add(std::optional<std::size_t> parent, Files files) {
    std::string id = Sha256(std::to_string(commits_.size())).substr(0, 40);
    commits_.push_back({std::move(id), parent, std::move(files)});
    head_ = commits_.size() - 1;
    return head();
  }
  bool Follows(const std::string& id) const {
    for (std::optional<std::size_t> at = head_; at; at = commits_[*at].parent) {
      if (commits_[*at].id == id) return true;
    }
    return false;
  }

  std::vector<Entry> commits_;
  std::optional<std::size_t> head_;
  std::optional<Error> error_;
  int fetches_ = 0;
};

}  // namespace sluice::git
