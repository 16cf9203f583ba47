// A repository of commits in memory, for simulations and tests.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/hash.h"
#include "reconciler/git/repository.h"

namespace sluice::git {

class MemoryRepository : public Repository {
 public:
  using Files = std::map<std::string, std::string>;

  // A commit on top of the last one; its id.
  std::string Commit(Files files) {
    history_.push_back(Id(history_.size()));
    files_ = std::move(files);
    return history_.back();
  }
  // A commit that has nothing behind it.
  std::string Rewrite(Files files) {
    for (std::string& id : history_) id[0] = 'f';
    return Commit(std::move(files));
  }
  void Fail(std::optional<Error> error) { error_ = std::move(error); }
  int fetches() const { return fetches_; }

  Result<Snapshot> Fetch(const std::string& last_good) override {
    ++fetches_;
    if (error_) return *error_;
    Snapshot snapshot;
    snapshot.commit = history_.back();
    std::string all;
    for (const auto& [path, text] : files_) all.append(path).append("\n").append(text).append("\n");
    snapshot.tree = Sha256(all).substr(0, 40);
    snapshot.rewritten = !last_good.empty() && std::find(history_.begin(), history_.end(), last_good) == history_.end();
    snapshot.files = std::make_shared<source::MemoryTree>(files_);
    return snapshot;
  }

 private:
  static std::string Id(std::size_t number) { return Sha256(std::to_string(number)).replace(0, 1, "0").substr(0, 40); }

  std::vector<std::string> history_;
  Files files_;
  std::optional<Error> error_;
  int fetches_ = 0;
};

}  // namespace sluice::git
